"""What a reader looks for among breaks, as an address writes it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.core.errors import Invalid
from services.reconciliation.vocabulary import (
    UNRESOLVED,
    AgeBandName,
    BreakClass,
    BreakState,
    Definition,
    SeverityLevel,
)

_T = TypeVar("_T")


def _maybe(value: str | None, kind: Callable[[str], _T]) -> _T | None:
    return kind(value) if value else None


def _listed(value: str | None, kind: Callable[[str], _T]) -> tuple[_T, ...]:
    return tuple(kind(name) for name in (value or "").split(",") if name)


def _states(value: str) -> tuple[BreakState, ...]:
    return UNRESOLVED if value == "unresolved" else _listed(value, BreakState)


@dataclass(frozen=True, slots=True)
class Cause:
    """What breaks have in common: a pattern of `causes`, and the difference, the pair of states or the day."""

    pattern: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Cause:
        """`rounding:`, `same_difference:-7`, `states:pending / succeeded`, `same_day:2026-03-16`."""
        pattern, _, value = text.partition(":")
        if pattern == "same_difference":
            int(value)
        elif pattern == "same_day":
            dt.date.fromisoformat(value)
        elif pattern not in ("rounding", "states"):
            raise ValueError(f"{pattern[:40]} is no cause")
        return cls(pattern, value)

    def __str__(self) -> str:
        return f"{self.pattern}:{self.value}"


@dataclass(frozen=True, slots=True)
class BreakFilter:
    """What a reader looks for; None and empty mean anything. `seq` keeps to the breaks one run had found.

    `text` is looked for in both keys, and as a number. `first_day` and `last_day` bound the business day, both
    inclusive; `nobody` keeps to breaks that nobody has, `cause` to those of one recurring cause.
    """

    entity_id: uuid.UUID | None = None
    definition: Definition | None = None
    classes: tuple[BreakClass, ...] = ()
    states: tuple[BreakState, ...] = ()
    assigned_to: uuid.UUID | None = None
    seq: int | None = None
    text: str | None = None
    ages: tuple[AgeBandName, ...] = ()
    severities: tuple[SeverityLevel, ...] = ()
    currency: str | None = None
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    nobody: bool = False
    cause: Cause | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> BreakFilter:
        """What a list's address asks for: q, class, definition, state (`unresolved` for all but resolved), entity,
        assigned (`nobody`), seq, age, severity, currency, from, to, cause (its pattern and value).
        Raises Invalid for a value that does not exist."""
        assigned = query.get("assigned", "")
        try:
            return cls(
                entity_id=_maybe(query.get("entity"), uuid.UUID),
                definition=_maybe(query.get("definition"), Definition),
                classes=_listed(query.get("class"), BreakClass),
                states=_states(query.get("state", "")),
                assigned_to=_maybe("" if assigned == "nobody" else assigned, uuid.UUID),
                seq=_maybe(query.get("seq"), int),
                text=query.get("q") or None,
                ages=_listed(query.get("age"), AgeBandName),
                severities=_listed(query.get("severity"), SeverityLevel),
                currency=query.get("currency") or None,
                first_day=_maybe(query.get("from"), dt.date.fromisoformat),
                last_day=_maybe(query.get("to"), dt.date.fromisoformat),
                nobody=assigned == "nobody",
                cause=_maybe(query.get("cause"), Cause.parse),
            )
        except ValueError as error:
            raise Invalid(f"A filter of this address cannot be used: {error}.") from error
