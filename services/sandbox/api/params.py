"""Query strings and form bodies as Stripe writes them: `created[gte]=1`, `expand[0]=data.customer`."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from services.sandbox.api.errors import invalid

_KEY = re.compile(r"[^\[\]]+|\[\]")
RANGES = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
Params = dict[str, Any]


def parse(encoded: str) -> Params:
    """Nested dictionaries; numeric or empty keys make lists."""
    parsed: Params = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        names = _KEY.findall(key)
        place = parsed
        for name in names[:-1]:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise invalid(f"Invalid parameter: {key}", key)
        name = names[-1] if names else key
        place[str(len(place)) if name == "[]" else name] = value
    return {key: _lists(value) for key, value in parsed.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(item) for key, item in value.items()}


def integer(params: Params, name: str, default: int | None = None) -> int | None:
    """The parameter as an integer. Raises StripeError 400 when it is something else."""
    value = params.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value):
        raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    return int(value)


def limit(params: Params) -> int:
    """Page size: 1 to 100, 10 by default."""
    size = integer(params, "limit", 10) or 0
    if size < 1:
        raise invalid("This value must be greater than or equal to 1.", "limit", "parameter_invalid_integer")
    if size > 100:
        raise invalid(f"This value must be less than or equal to 100 (it currently is '{size}').", "limit")
    return size


def ranged(params: Params, name: str, column: str) -> list[tuple[str, int]]:
    """Conditions of a time filter: an exact second or any of gte, gt, lte, lt."""
    value = params.get(name)
    if value is None:
        return []
    if isinstance(value, str):
        return [(f"{column} = ?", integer(params, name) or 0)]
    if not isinstance(value, dict) or not value.keys() <= RANGES.keys():
        raise invalid(f"Invalid {name} filter: use gte, gt, lte or lt.", name)
    return [(f"{column} {RANGES[key]} ?", integer(value, key) or 0) for key in value]


def refuse_unknown(params: Params, known: frozenset[str]) -> None:
    """Raises StripeError 400 for the first parameter this endpoint does not take."""
    for name in params:
        if name not in known:
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")
