"""Every text a person reads stands in the catalogue, in both languages, and pages hold none of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.design.texts import catalogue

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = sorted((ROOT / "console").rglob("*.py"))
_DRAWN = [path for path in _SOURCES if path.parts[-2] != "texts" and "http_api" not in path.parts]
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[^\W\d_]{2,}")

# Calls whose positional arguments are read by people; the rest of `console.components` takes names first.
_SPEAKING = {
    "badge",
    "bullet",
    "button",
    "callout",
    "checkbox",
    "choice_button",
    "Column",
    "empty_state",
    "field",
    "kpi_tile",
    "link",
    "link_button",
    "list_item",
    "mono",
    "muted",
    "page_header",
    "plain_status",
    "text_button",
}
_SPEAKING_KEYWORDS = {
    "title",
    "note",
    "label",
    "placeholder",
    "hint",
    "caption",
    "foot",
    "unit",
    "left",
    "right",
    "nobody",
    "confirm_label",
    "keep_label",
    "reason_label",
    "aria-label",
    "all_label",
}
# Keys of a keyboard and names of file formats are the same in every language.
_SAME_EVERYWHERE = {"kbd"}


def _called(node: ast.Call) -> tuple[str, bool]:
    """The called name, and whether it is an element of `rx.el`."""
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = function.value
        return function.attr, isinstance(owner, ast.Attribute) and owner.attr == "el"
    return (function.id, False) if isinstance(function, ast.Name) else ("", False)


def _literals(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name, is_element = _called(node)
        if name in _SAME_EVERYWHERE or name == "page":
            continue
        spoken = list(node.args) if is_element or name in _SPEAKING else []
        if is_element or name in _SPEAKING or name in {"card", "confirm", "dialog", "data_table", "chart"}:
            spoken += [keyword.value for keyword in node.keywords if keyword.arg in _SPEAKING_KEYWORDS]
        for value in spoken:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and _WORD.search(value.value):
                yield f"{path.relative_to(ROOT)}:{value.lineno} {value.value!r}"


def _keys(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name, _ = _called(node)
        position = {"t": 0, "tr": 1, "text": 0}.get(name)
        if position is None or len(node.args) <= position:
            continue
        value = node.args[position]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield node.lineno, value.value


def test_no_page_holds_a_text_of_its_own():
    assert [found for path in _DRAWN for found in _literals(path)] == []


def test_every_key_that_is_used_exists():
    missing = [
        f"{path.relative_to(ROOT)}:{line} {key}"
        for path in _DRAWN
        for line, key in _keys(path)
        if "." in key and key not in catalogue()
    ]
    assert missing == []


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_both_languages_say_it_with_the_same_values(key):
    english, german = catalogue()[key]
    assert english.strip()
    assert german.strip()
    assert set(_PLACEHOLDER.findall(english)) == set(_PLACEHOLDER.findall(german))


def test_a_planted_literal_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    page = tmp_path / "page.py"
    page.write_text('rx.el.p("Hello there")\nrx.el.p(t("a.b"))\nbutton("Save", kind="primary")\nrx.el.kbd("Ctrl")\n')
    assert list(_literals(page)) == ["page.py:1 'Hello there'", "page.py:3 'Save'"]
