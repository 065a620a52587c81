"""Each listed requirement of ASVS names a test that exists, or says why there is none."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Sections of chapters V6 and V7 (5.0.0), and the requirements of levels 1 and 2 in each.
REQUIRED = {
    "6.1": (1, 2, 3),
    "6.2": tuple(range(1, 13)),
    "6.3": (1, 2, 3, 4),
    "6.4": (1, 2, 3, 4),
    "6.5": (1, 2, 3, 4, 5),
    "6.6": (1, 2, 3),
    "6.8": (1, 2, 3, 4),
    "7.1": (1, 2, 3),
    "7.2": (1, 2, 3, 4),
    "7.3": (1, 2),
    "7.4": (1, 2, 3, 4, 5),
    "7.5": (1, 2),
    "7.6": (1, 2),
}
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (.+?) \| (.+) \|$", re.MULTILINE)


def listed(text: str) -> dict[str, str]:
    """Requirement → what shows it."""
    return {match[1]: match[4] for match in _ROW.finditer(text)}


def wrong(shown: str) -> str:
    """What is wrong with a last column: an unknown test, or a reason that is none."""
    if not shown.startswith("`"):
        return "" if len(shown) >= 10 else "no reason"
    path, _, name = shown.strip("`").partition("::")
    if not (ROOT / path).exists():
        return f"no file {path}"
    tree = ast.parse((ROOT / path).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return "" if name in names else f"no test {name}"


def _document() -> dict[str, str]:
    return listed((ROOT / "docs/security/asvs.md").read_text())


def test_every_requirement_of_the_chapters_is_listed():
    wanted = {f"{section}.{number}" for section, numbers in REQUIRED.items() for number in numbers}
    assert set(_document()) == wanted


def test_every_line_names_a_test_or_a_reason():
    assert {number: fault for number, shown in _document().items() if (fault := wrong(shown))} == {}


def test_a_missing_line_and_a_test_that_does_not_exist_are_found():
    assert listed("| 6.1.1 | 1 | x | `tests/nowhere.py::test_x` |") == {"6.1.1": "`tests/nowhere.py::test_x`"}
    assert wrong("`tests/nowhere.py::test_x`")
    assert wrong("`tests/architecture/test_asvs.py::test_x`")
    assert wrong("")
