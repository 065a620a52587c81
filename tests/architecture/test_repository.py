"""What may stand in the repository: no registry host, no path of a machine, no file that nobody can read in one go."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400

_HOSTS = re.compile(rb"(pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.org)/?|registry\.yarnpkg", re.IGNORECASE)
_MACHINE_PATHS = re.compile(rb"/(work|home|Users)/[a-z]+/|/root/")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True)
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def _containing(pattern: re.Pattern[bytes]) -> list[str]:
    here = Path(__file__).resolve()
    return [str(path.relative_to(ROOT)) for path in _tracked() if path != here and pattern.search(path.read_bytes())]


def test_no_registry_host_stands_in_the_repository():
    assert _containing(_HOSTS) == []


def test_no_path_of_a_machine_stands_in_the_repository():
    assert _containing(_MACHINE_PATHS) == []


def test_the_top_level_is_as_it_was_laid_out():
    """What belongs to deploying or to benchmarks alone stands there, its list of components too."""
    folders = ".ci assets benchmarks console deploy docs jobs migrations reflex.lock services tests"
    files = "CHANGELOG.md CONTRIBUTING.md Makefile README.md pyproject.toml requirements.lock rxconfig.py"
    found = {path.relative_to(ROOT).parts[0] for path in _tracked()}
    assert {name for name in found if name in (".ci", "reflex.lock") or not name.startswith(".")} == {
        *folders.split(),
        *files.split(),
    }


@pytest.mark.parametrize("name", ["requirements.lock", "deploy/requirements.lock", "benchmarks/requirements.lock"])
def test_the_lock_carries_a_hash_for_everything(name: str):
    pinned = _pinned(name)
    assert len(pinned) > 50
    assert [line for line in pinned if not line.endswith("\\")] == []


def test_what_benchmarks_compare_with_changes_nothing_that_is_installed():
    """The peers come from a list of their own, in the same versions where both need a component."""
    installed = dict(line.split("==") for line in _pinned("requirements.lock") if ";" not in line)
    peers = dict(line.split("==") for line in _pinned("benchmarks/requirements.lock") if ";" not in line)
    assert {"datacompy", "polars", "pyarrow", "reladiff", "psycopg2-binary"} <= peers.keys()
    both = installed.keys() & peers.keys()
    assert {name: peers[name] for name in both} == {name: installed[name] for name in both}


def _pinned(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if re.match(r"^[a-z0-9]", line)]


def test_no_source_file_is_too_long_to_read():
    long = {
        str(path.relative_to(ROOT)): count
        for path in _tracked("*.py", "*.css")
        if (count := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_no_page_takes_a_link_of_reflex_by_its_plain_name():
    """`rx.el.a` is the router's link: it finds no page at a file's or a route's address. `plain_link` is the other."""
    taken = re.compile(rb"\brx\.(el\.a|link)\(")
    assert [str(path.relative_to(ROOT)) for path in _tracked("console/*.py") if taken.search(path.read_bytes())] == []
