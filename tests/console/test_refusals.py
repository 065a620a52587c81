"""Whatever reconciliation, bank and books refuse is refused in the reader's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.design.texts import refusal
from console.kit.notices import explanation

ROOT = Path(__file__).parents[2]
_PLACES = (
    "services/reconciliation",
    "services/bank",
    "services/books",
    "console/pages/reconciliation",
    "console/pages/imports",
)
_NOT_SHOWN = {"ValueError", "TypeError", "RejectedRow", "UnreadableFile"}  # the latter two carry codes of `reasons`
_TOLD_BY_CODE = {
    "InvalidAccount",
    "AccountExists",
    "StaleAccount",
    "StaleSource",
    "InvalidCsvMapping",
    "InvalidMapping",
    "StepNotAllowed",
}


def _sentences() -> Iterator[tuple[str, str]]:
    """Where something is refused, and the sentence with 7 for whatever is put in."""
    for place in _PLACES:
        for file in sorted((ROOT / place).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[first, *_])) if name not in _NOT_SHOWN:
                        if (said := _said(first)) and name not in _TOLD_BY_CODE:
                            yield f"{file.relative_to(ROOT)}:{node.lineno}", said


def _said(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "7" for piece in pieces)
    return ""


def test_every_refusal_has_a_german_sentence():
    found = list(_sentences())
    assert len(found) > 70
    untold = [f"{place}: {said}" for place, said in found if not _german(said)]
    assert untold == []


def _german(said: str) -> bool:
    german = refusal("de", said)
    return german is not None and german != said and "{" not in german


@pytest.mark.parametrize(
    ("sentence", "german"),
    [
        ("There is no break B-10001 in the entities you may see.", "gibt es keinen Klärfall B-10001."),
        ("EUR/CHF of 2026-03-16: a rate lies above zero and has at most ten decimals.", "EUR/CHF vom 2026-03-16: Ein"),
        ("Choose between one and 500 breaks.", "höchstens 500 Klärfälle"),
    ],
)
def test_what_is_put_in_is_taken_over(sentence, german):
    assert german in (refusal("de", sentence) or "")
    assert explanation("en", "invalid", "invalid", sentence, {})[1] == sentence


def test_what_nobody_translated_is_told_by_its_code_or_as_it_is():
    assert explanation("de", "invalid", "invalid", "Something else entirely.", {})[1] == "Something else entirely."
    assert "IBAN" in explanation("de", "invalid", "bank.account.invalid", "This IBAN does not add up.", {})[1]
