"""Every requirement of ASVS of levels 1 and 2 names a test that exists, says why there is none, or is not met."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "docs/security/asvs.md"
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.+) \|$", re.MULTILINE)
_COUNTS = re.compile(r"^\| (V\d+|all) .*?\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[^`]+?\.py)(?:::(\w+))?`")
_SHORTEST_REASON = 20

Row = tuple[str, str, str]  # requirement, level, what shows it


def wanted() -> dict[str, str]:
    """Requirement → level, of version 5.0.0."""
    lines = (Path(__file__).parent / "asvs_ids.txt").read_text().split("\n")
    return dict(line.split(" ") for line in lines if line and not line.startswith("#"))


def rows(text: str) -> list[Row]:
    return [(match[1], match[2], match[4]) for match in _ROW.finditer(text)]


def kind(shown: str) -> str:
    """What a last column claims: `not met` (wholly or in part), `test`, or `reason`."""
    if shown.startswith(("not met", "partly met")):
        return "not met"
    return "test" if _TEST.search(shown) else "reason"


def faults(found: list[Row]) -> dict[str, str]:
    """Requirement → what is wrong: missing, unknown, listed twice, an unknown test, no reason."""
    asked, times = wanted(), Counter(number for number, _, _ in found)
    wrong = dict.fromkeys(asked.keys() - times.keys(), "missing")
    for number, level, shown in found:
        if asked.get(number) != level:
            wrong[number] = "no such requirement of this level"
        elif times[number] > 1:
            wrong[number] = "listed twice"
        elif fault := _fault(shown):
            wrong[number] = fault
    return wrong


def _fault(shown: str) -> str:
    for path, name in _TEST.findall(shown):
        if name not in _functions(path):
            return f"no test {path}::{name}"
    words = _TEST.sub("", shown)
    bare = shown.startswith(("not met", "partly met")) and len(words) < _SHORTEST_REASON
    return "no reason" if bare or (kind(shown) == "reason" and len(shown) < _SHORTEST_REASON) else ""


@cache
def _functions(path: str) -> frozenset[str]:
    if not (ROOT / path).is_file():
        return frozenset()
    found = ast.walk(ast.parse((ROOT / path).read_text()))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in found if isinstance(node, kinds) and node.name.startswith("test_"))


def _listed() -> list[Row]:
    pages = sorted((ROOT / "docs/security/asvs").glob("*.md"))
    return [row for page in [INDEX, *pages] for row in rows(page.read_text())]


def test_the_ids_are_those_of_the_standard():
    assert Counter(wanted().values()) == {"1": 70, "2": 183}
    assert {number.split(".")[0] for number in wanted()} == {str(chapter) for chapter in range(1, 18)}


def test_every_requirement_names_a_test_that_exists_or_a_reason():
    assert faults(_listed()) == {}


def test_the_index_counts_what_is_listed():
    counted: Counter[tuple[str, str]] = Counter()
    for number, _, shown in _listed():
        for chapter in (f"V{number.split('.')[0]}", "all"):
            counted[chapter, kind(shown)] += 1
            counted[chapter, "sum"] += 1
    told = {match[1]: [int(match[place]) for place in range(2, 6)] for match in _COUNTS.finditer(INDEX.read_text())}
    chapters = [f"V{chapter}" for chapter in range(1, 18)] + ["all"]
    columns = ("sum", "test", "reason", "not met")
    assert told == {chapter: [counted[chapter, column] for column in columns] for chapter in chapters}


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("", "missing"),
        ("| 6.1.1 | 2 | x | written down elsewhere, at length |", "no such requirement of this level"),
        ("| 6.1.1 | 1 | x | `tests/nowhere.py::test_x` |", "no test tests/nowhere.py::test_x"),
        ("| 6.1.1 | 1 | x | as shown by `tests/conftest.py::test_x` |", "no test tests/conftest.py::test_x"),
        ("| 6.1.1 | 1 | x | as shown by `tests/conftest.py` |", "no test tests/conftest.py::"),
        ("| 6.1.1 | 1 | x | not met |", "no reason"),
        ("| 6.1.1 | 1 | x | - |", "no reason"),
        ("| 6.1.1 | 1 | x | said once at length |\n| 6.1.1 | 1 | x | and said a second time |", "listed twice"),
    ],
    ids=["missing", "level", "file", "test", "whole-file", "not-met", "dash", "twice"],
)
def test_a_planted_fault_is_found(planted: str, fault: str):
    others = [row for row in _listed() if row[0] != "6.1.1"]
    assert faults([*others, *rows(planted)]) == {"6.1.1": fault}
