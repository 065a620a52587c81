"""Canonical JSON (RFC 8785) for digests.

ASCII keys and no floats, which is what the console itself writes, go through orjson: its sorted output is
byte-identical there (measured) and fast. Everything else of the RFC (UTF-16 key order, ECMAScript numbers) goes
through `rfc8785`. What is made of nothing but the commonest types is looked through once and not copied, since an
entry of the audit log comes with every change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

import orjson
import rfc8785

_LARGEST = 2**53 - 1
_COMMON = frozenset({str, int, bool, type(None), uuid.UUID})
_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def canonical_bytes(value: Any) -> bytes:
    """The canonical bytes of `value`; UUIDs, aware times and dates become strings.

    Raises ValueError for what has no canonical form: NaN and infinities, integers beyond 2^53 - 1, naive times,
    keys that are not text, lone surrogates, other types.
    """
    if _is_common(value):
        try:
            return orjson.dumps(value, option=_SORTED)
        except TypeError:  # too large an integer, half a surrogate pair: the long way names it
            pass
    plain = _plain(value)
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS) if _is_simple(plain) else rfc8785.dumps(plain)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def _is_common(value: Any) -> bool:
    """Whether the value is made of exact types that orjson writes as the RFC and `_scalar` would."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii() or not (type(item) in _COMMON or _is_common(item)):
                return False
        return True
    if kind is list or kind is tuple:
        return all(type(item) in _COMMON or _is_common(item) for item in value)
    return kind in _COMMON


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return _scalar(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueError(f"canonical JSON needs keys that are text, not {key!r}")
    return _text(key)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text with half of a surrogate pair has no canonical form") from error
    return str(value)


def _scalar(value: Any) -> str | int | float:
    match value:
        case int() if abs(value) > _LARGEST:
            raise ValueError(f"{value} is beyond 2^53 - 1; store it as a string")
        case int() | float():
            return value
        case str():
            return _text(value)
        case uuid.UUID():
            return str(value)
        case dt.datetime() if value.tzinfo is None:
            raise ValueError("a naive datetime has no canonical form")
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date():
            return value.isoformat()
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")


def _is_simple(plain: Any) -> bool:
    """Whether orjson writes what the RFC asks for."""
    if isinstance(plain, dict):
        return all(key.isascii() and _is_simple(item) for key, item in plain.items())
    if isinstance(plain, list):
        return all(_is_simple(item) for item in plain)
    return not isinstance(plain, float)
