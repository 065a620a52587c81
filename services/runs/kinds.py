"""The registry of run kinds, filled by `bootstrap`."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import BaseModel, ValidationError

from services.core.permissions import Permission
from services.runs.errors import InvalidParams, UnknownKind
from services.runs.vocabulary import RunKind

_kinds: dict[str, RunKind] = {}


def declare(kind: RunKind) -> None:
    """Makes a kind known by name. Declaring the same one twice is once; another one of its name is a bug."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of run are called {kind.name}")


def kind_named(name: str) -> RunKind:
    """Raises UnknownKind when nobody declared it."""
    if name not in _kinds:
        raise UnknownKind(name)
    return _kinds[name]


def needed_to_go_on(name: str) -> list[Permission]:
    """What lets a run of this kind go on: to control runs, and for agreed work the kind's own permission."""
    kind = _kinds.get(name)
    return [Permission.RUN_CONTROL, *([kind.permission] if kind and kind.agreed else [])]


def declared_kinds() -> list[RunKind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)


def validated(kind: RunKind, params: dict[str, Any]) -> BaseModel:
    """The parameters as the kind's own type. Raises InvalidParams with each wrong field and what it takes."""
    try:
        return kind.params.model_validate(params)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'params'}: {item['msg']}" for item in error.errors())
        raise InvalidParams(f"The parameters of {kind.name} cannot be used. {wrong}.") from error


def entity_of(kind: RunKind, params: BaseModel) -> uuid.UUID | None:
    """The legal entity the parameters speak of, if any."""
    value = getattr(params, kind.entity_field, None)
    return value if isinstance(value, uuid.UUID) else None
