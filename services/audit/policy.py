"""What of an entry is personal, and its canonical bytes. Pure rules."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.core.canonical_json import canonical_bytes

FORMAT = 2
# Keys of before and after whose values say who a person is or what they wrote; wherever they stand in a mapping.
PERSONAL_KEYS = frozenset(
    {"address", "body", "comment", "device", "display_name", "email", "iban", "note", "phone", "text", "user_agent"}
)
ERASED = "(erased)"
_MARK = {"personal": True}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
Side = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sealable:
    """An entry ready to be stored: the bytes of the leaf, and the personal part beside it with its salt."""

    canonical: bytes
    commitment: bytes
    salt: bytes
    personal: bytes


def compose(public: Mapping[str, Any], personal: Mapping[str, Any], before: Side, after: Side) -> Sealable:
    """Divides an entry. Raises ValueError for values without a canonical form."""
    apart = {name: value for name, value in personal.items() if value is not None}
    sides: dict[str, Any] = {}
    for name, side in (("before", before), ("after", after)):
        sides[name], hidden = divide(side)
        if hidden:
            apart[name] = hidden
    salt, data = os.urandom(32), canonical_bytes(apart)
    commitment = hashlib.sha256(salt + data).digest()
    canonical = canonical_bytes({**public, **sides, "format": FORMAT, "personal": commitment.hex()})
    return Sealable(canonical, commitment, salt, data)


def read(canonical: bytes, personal: bytes | None) -> dict[str, Any]:
    """An entry's fields put together again; what was erased says so."""
    fields = orjson.loads(canonical)
    apart = orjson.loads(personal) if personal is not None else {"actor_name": ERASED}
    for side in ("before", "after"):
        fields[side] = unite(fields[side], apart.pop(side, None))
    return fields | {"on_behalf_of": None, "address": None, "reason": None} | apart


def divide(side: Any) -> tuple[Any, dict[str, Any]]:
    """A value with a mark in place of what is personal, and what is."""
    if not (type(side) is dict or isinstance(side, Mapping)):
        return side, {}
    public, hidden = {}, {}
    for key, value in side.items():
        if (key in PERSONAL_KEYS and value is not None) or value == _MARK:
            public[key], hidden[key] = _MARK, value
            continue
        public[key], below = divide(value)
        if below:
            hidden[key] = below
    return public, hidden


def unite(public: Any, hidden: Any) -> Any:
    """The reverse of `divide`; without the hidden part its places read as erased."""
    if public == _MARK:
        return ERASED if hidden is None else hidden
    if not isinstance(public, dict):
        return public
    below = hidden or {}
    return {key: unite(value, below.get(key)) for key, value in public.items()}


def microseconds(instant: dt.datetime) -> int:
    """Since 1970, exactly: an integer has one canonical form, a time has many."""
    return (instant - _EPOCH) // dt.timedelta(microseconds=1)
