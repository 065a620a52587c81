"""Every text a person reads, in English and German. `t` goes into pages, `tr` is for the server side."""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from typing import Any

import reflex as rx

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


class Locale(rx.State):
    """The reader's language. One flag: a choice between two texts is what it decides."""

    german: bool = False


@cache
def catalogue() -> dict[str, tuple[str, str]]:
    """`domain.key` → (English, German), from every module of this package."""
    texts: dict[str, tuple[str, str]] = {}
    for module in pkgutil.iter_modules(__path__):
        for key, pair in importlib.import_module(f"{__name__}.{module.name}").TEXTS.items():
            texts[f"{module.name}.{key}"] = pair
    return texts


def t(key: str, **values: Any) -> Any:
    """The text as a variable that follows the reader's language.

    `values` fill `{placeholders}` and may be variables of a state; `[row|rows]` is the first for a `count` of 1.
    Raises KeyError for a text nobody wrote, which stops the build.
    """
    english, german = catalogue()[key]
    return rx.cond(Locale.german, _numbered(german, values), _numbered(english, values)).to(str)


def tr(locale: str, key: str, *, default: str | None = None, **values: Any) -> str:
    """The text in `locale` (`en` or `de`), for messages, exports and whatever else the server writes."""
    pair = catalogue().get(key)
    if pair is None:
        if default is None:
            raise KeyError(key)
        return default
    text = _for_number(pair[1] if locale == "de" else pair[0], one=str(values.get("count")) == "1")
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text)


def refusal(locale: str, sentence: str) -> str | None:
    """A service's English sentence in the reader's language; None for one that `refusals` does not know."""
    if locale == "en":
        return sentence
    for pattern, german in _refusals():
        if found := pattern.fullmatch(sentence):
            return _PLACEHOLDER.sub(lambda match: found[match[1]] or "", german)
    return None


@cache
def _refusals() -> list[tuple[re.Pattern[str], str]]:
    """Sentences without placeholders first, so that none is taken for the filling of another."""
    pairs = [pair for key, pair in catalogue().items() if key.startswith("refusals")]
    return [
        (
            re.compile(_PLACEHOLDER.sub(r"(?P<\1>.+?)", re.escape(english).replace(r"\{", "{").replace(r"\}", "}"))),
            german,
        )
        for english, german in sorted(pairs, key=lambda pair: "{" in pair[0])
    ]


def _for_number(text: str, *, one: bool) -> str:
    return _NUMBER.sub(r"\1" if one else r"\2", text)


def _numbered(text: str, values: dict[str, Any]) -> rx.Var[str] | str:
    count = values.get("count")
    one, several = (_joined(_for_number(text, one=flag), values) for flag in (True, False))
    if not isinstance(count, rx.Var):
        return one if str(count) == "1" else several
    return several if not _NUMBER.search(text) else rx.cond(count.to(str) == "1", one, several).to(str)


def _joined(text: str, values: dict[str, Any]) -> rx.Var[str] | str:
    """Plain text, or a variable that strings the pieces and the values together."""
    if not any(isinstance(value, rx.Var) for value in values.values()):
        return _PLACEHOLDER.sub(lambda match: str(values[match[1]]), text)
    joined: Any = rx.Var.create("")
    for index, piece in enumerate(_PLACEHOLDER.split(text)):
        if index % 2:
            value = values[piece]
            joined = joined + (value.to(str) if isinstance(value, rx.Var) else str(value))
        elif piece:
            joined = joined + piece
    return joined
