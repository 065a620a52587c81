"""Whatever the services and pages refuse is refused in the reader's language."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.design.texts import catalogue, refusal
from console.kit.notices import explanation
from services.core.errors import DomainError

ROOT = Path(__file__).parents[2]
_TO_MACHINES = {"core", "integrations", "sandbox"}
_FILES = sorted(
    file
    for place in ("services", "console/pages")
    for file in (ROOT / place).rglob("*.py")
    if _TO_MACHINES.isdisjoint(file.parts)
)


def _sentences() -> Iterator[tuple[str, type[DomainError], str]]:
    """Where something is refused, the class, and the sentence with 7 for what is put in; a single word is a code."""
    for file in _FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[first, *_])) if " " in (said := _said(first)):
                    if (kind := _domain_error(file, name)) is not None:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", kind, said


def _domain_error(file: Path, name: str) -> type[DomainError] | None:
    module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))
    found = getattr(module, name, None)
    return found if isinstance(found, type) and issubclass(found, DomainError) else None


def _said(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=pieces):
            return "".join(str(piece.value) if isinstance(piece, ast.Constant) else "7" for piece in pieces)
    return ""


def test_every_refusal_has_a_german_sentence():
    found = list(_sentences())
    assert len(found) > 200
    assert [f"{place}: {said}" for place, kind, said in found if not (_by_code(kind) or _german(said))] == []


def _by_code(kind: type[DomainError]) -> bool:
    return not {f"errors.code_{kind.code}", kind.code}.isdisjoint(catalogue())


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
