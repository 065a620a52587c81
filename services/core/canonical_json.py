"""Canonical JSON (RFC 8785) for digests, on the profile where orjson is byte-identical to it.

Profile: ASCII keys, no floats, integers below 2^53 in size. Measured byte-identical within it; anything
outside is refused, so a digest can never depend on a serialiser's taste.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

import orjson

_LARGEST = 2**53 - 1


def canonical_bytes(value: Any) -> bytes:
    """The canonical bytes of `value`; UUIDs and aware times become strings. Raises ValueError outside the profile."""
    return orjson.dumps(_checked(value), option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _checked(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _checked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return _scalar(value)


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise ValueError(f"canonical JSON needs ASCII keys, not {key!r}")
    return key


def _scalar(value: Any) -> str | int:
    match value:
        case int() if abs(value) > _LARGEST:
            raise ValueError(f"{value} is beyond 2^53 - 1; store it as a string")
        case int():
            return value
        case str() | uuid.UUID():
            return str(value)
        case dt.datetime() if value.tzinfo is None:
            raise ValueError("a naive datetime has no canonical form")
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date():
            return value.isoformat()
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")
