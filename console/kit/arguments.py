"""What is told of an argument that cannot be what it has to be: on pages and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NO_DAY = "“{text}” is not a day of the calendar; write it like 2026-03-16."
_NO_NUMBER = "“{text}” is not a number; write it in digits."
_NO_CHOICE = "“{text}” is none of the choices; choose one of them."
# By how pydantic's kinds of error begin.
_INSTEAD = {
    "date": _NO_DAY,
    "int": "“{text}” is not a whole number; write it in digits.",
    "float": _NO_NUMBER,
    "decimal": _NO_NUMBER,
    "uuid": "“{text}” names no record; choose one from the list.",
    "enum": _NO_CHOICE,
    "literal": _NO_CHOICE,
}


def what_instead(error: Mapping[str, Any], field: str) -> str:
    """What to write instead of something that was typed; what no person types is told as pydantic has it.

    `error` is one of pydantic's; its English sentence has a German one among the refusals.
    """
    given = error.get("input")
    if error["type"] == "missing" or given in ("", None):
        return f"“{field}” is missing; fill it in."
    for start, sentence in _INSTEAD.items():
        if error["type"].startswith(start) and isinstance(given, str):
            return sentence.replace("{text}", given[:60])
    return f"“{field}” cannot be used: {error['msg'].lower()}."
