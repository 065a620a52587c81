"""How severe a break is by its amount: from which difference on, currency by currency, somebody tuned it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid
from services.core.money import exponent
from services.core.permissions import Permission
from services.reconciliation.models_desk import Severity
from services.reconciliation.vocabulary import SeverityLevel

_OTHERS = (10_000, 100_000)  # minor units, for currencies nobody set
_RANKS = {SeverityLevel.MINOR: 0, SeverityLevel.NOTABLE: 1, SeverityLevel.SEVERE: 2}


@dataclass(frozen=True, slots=True)
class SeverityView:
    """From which difference on a break of this currency is notable, and from which severe; minor units, inclusive."""

    currency: str
    notable_minor: int
    severe_minor: int
    changed_by: str
    changed_at: dt.datetime
    version: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The amounts that hold, by currency; others take 10,000 and 100,000 minor units."""

    known: dict[str, tuple[int, int]]

    @classmethod
    def now(cls, uow: UnitOfWork) -> Thresholds:
        """Reads them once; ask it for every row then."""
        rows = uow.session.execute(select(Severity.currency, Severity.notable_minor, Severity.severe_minor))
        return cls({currency: (notable, severe) for currency, notable, severe in rows})

    def of(self, delta_minor: int, currency: str) -> SeverityLevel:
        notable, severe = self.known.get(currency, _OTHERS)
        size = abs(delta_minor)
        if size >= severe:
            return SeverityLevel.SEVERE
        return SeverityLevel.NOTABLE if size >= notable else SeverityLevel.MINOR

    def rank(self, delta_minor: Any, currency: Any) -> ColumnElement[int]:
        """0 for minor, 1 for notable, 2 for severe, as SQL."""
        notable, severe = self.reached(delta_minor, currency)
        return case((severe, 2), (notable, 1), else_=0)

    def reached(self, delta_minor: Any, currency: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The conditions that a break is at least notable, and that it is severe."""
        size = func.abs(delta_minor)
        return self._reaches(size, currency, 0), self._reaches(size, currency, 1)

    def is_level(self, delta_minor: Any, currency: Any, levels: tuple[SeverityLevel, ...]) -> ColumnElement[bool]:
        """The condition that a break is of one of these levels."""
        return self.rank(delta_minor, currency).in_([_RANKS[level] for level in levels])

    def _reaches(self, size: Any, currency: Any, at: int) -> ColumnElement[bool]:
        special = {name: both[at] for name, both in self.known.items() if both[at] != _OTHERS[at]}
        return size >= (case(special, value=currency, else_=_OTHERS[at]) if special else _OTHERS[at])


def severities(uow: UnitOfWork) -> list[SeverityView]:
    """The thresholds that were set, by currency."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    rows = uow.session.scalars(select(Severity).order_by(Severity.currency).execution_options(populate_existing=True))
    return [
        SeverityView(r.currency, r.notable_minor, r.severe_minor, r.changed_by, r.changed_at, r.version) for r in rows
    ]


def set_severity(uow: UnitOfWork, *, currency: str, notable_minor: int, severe_minor: int, version: int = 0) -> None:
    """Sets both amounts of a currency; `version` is the row's that was seen, 0 for a new currency.

    Raises Invalid unless 0 < notable < severe, and Conflict when somebody else changed them meanwhile.
    """
    uow.actor.require(Permission.RULES_EDIT)
    exponent(currency)
    if not 0 < notable_minor < severe_minor:
        raise Invalid("A notable difference is above zero and below a severe one.", currency=currency)
    row = uow.session.get(Severity, currency, with_for_update=True, populate_existing=True)
    if (row.version if row else 0) != version:
        raise Conflict(f"Somebody else changed the amounts of {currency} meanwhile. Look at them again.")
    before = {"notable_minor": row.notable_minor, "severe_minor": row.severe_minor} if row else None
    if row is None:
        row = Severity(currency=currency, version=0)
        uow.session.add(row)
    row.notable_minor, row.severe_minor, row.version = notable_minor, severe_minor, version + 1
    row.changed_by, row.changed_at = uow.actor.name, uow.clock.now()
    uow.session.flush()
    audit.record(
        uow,
        action="reconciliation.severity.changed",
        subject_type="reconciliation_severity",
        subject_id=currency,
        before=before,
        after={"notable_minor": notable_minor, "severe_minor": severe_minor},
    )
