"""The import contracts hold, and each of them catches a violation planted for it."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# contract -> (file of a copied tree, line that breaks it)
PLANTED = {
    "faces": ("services/core/money.py", "import console.planted_routes"),
    "no-web-in-services": ("services/identity/service.py", "import fastapi"),
    "domains": ("services/audit/service.py", "import services.identity"),
    "stripe": ("services/core/money.py", "import stripe"),
    "no-sql-in-faces": ("console/planted_sql.py", "import sqlalchemy"),
    "pages": ("console/pages/planted_a.py", "import console.pages.planted_b"),
}
FACES = (
    "approvals",
    "audit",
    "backfills",
    "bank",
    "books",
    "dunning",
    "identity",
    "notifications",
    "payments",
    "reconciliation",
    "runs",
)
PLANTED |= {f"face-of-{name}": ("console/planted_faces.py", f"import services.{name}.queries") for name in FACES}


def _contracts() -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    names = [section for section in parser.sections() if section.startswith("importlinter:contract:")]
    return {section.split(":")[2]: parser[section]["name"] for section in names}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--config", ".importlinter", "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": ""})


@pytest.fixture(scope="module")
def broken_tree(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the tree in which every contract was violated once."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / ".importlinter", tree)
    for package in ("console", "jobs", "services"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    for empty in ("console/planted_routes.py", "console/pages/__init__.py", "console/pages/planted_b.py"):
        (tree / empty).parent.mkdir(parents=True, exist_ok=True)
        (tree / empty).touch()
    for file, line in PLANTED.values():
        path = tree / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.read_text() if path.exists() else ''}\n{line}\n")
    return _lint(tree).stdout


def test_every_contract_holds():
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_planted_violation():
    assert set(_contracts()) == set(PLANTED)


@pytest.mark.parametrize("contract", sorted(PLANTED))
def test_a_planted_violation_is_caught(broken_tree: str, contract: str):
    assert re.search(re.escape(_contracts()[contract]) + r"\s+BROKEN", broken_tree), broken_tree
