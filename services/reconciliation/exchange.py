"""The merchant's own exchange rates: loaded as rows or as a table, one rate for two currencies and a day."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import exponent
from services.core.permissions import Permission
from services.reconciliation.models_rules import FxRate
from services.reconciliation.rulebook import require_for_all

_MOST = 20_000
_DECIMALS = 10
_HIGHEST = Decimal(10) ** 10


@dataclass(frozen=True, slots=True)
class Rate:
    """How many whole `quote` one whole `base` was worth on a day: Rate("EUR", "JPY", day, Decimal("163.4"))."""

    base: str
    quote: str
    day: dt.date
    rate: Decimal


def load_rates(uow: UnitOfWork, *, rates: Iterable[Rate]) -> int:
    """Keeps the rates; one that stands already for its currencies and day is replaced. Returns how many were given.

    A pair is kept as it is given and used both ways round. Raises Invalid for an unknown form of currency, a rate
    that is not above zero or has more than ten decimals, and the same pair twice.
    """
    require_for_all(uow)
    rows = [_checked(rate) for rate in rates]
    if len({(row["base"], row["quote"], row["day"]) for row in rows}) != len(rows):
        raise Invalid("Two of these rates are for the same currencies and day.")
    if len(rows) > _MOST:
        raise Invalid(f"Load at most {_MOST} rates at once.")
    if rows:
        statement = insert(FxRate)
        taken = statement.on_conflict_do_update(
            index_elements=[FxRate.base, FxRate.quote, FxRate.day], set_={"rate": statement.excluded.rate}
        )
        uow.session.execute(taken, rows)
        _audit(uow, rows)
    return len(rows)


def rates_of_table(content: str) -> list[Rate]:
    """The rates of a table in CSV with the columns day, base, quote, rate (comma or semicolon; decimal point).

    Raises Invalid, which names the line, for a table of another form.
    """
    lines = csv.reader(StringIO(content.lstrip("\ufeff")), delimiter=";" if ";" in content.partition("\n")[0] else ",")
    head = [name.strip().lower() for name in next(lines, [])]
    if head != ["day", "base", "quote", "rate"]:
        raise Invalid("The first line of the table names its columns: day, base, quote, rate.")
    return [_of_line(number, line) for number, line in enumerate(lines, start=2) if line]


def list_rates(uow: UnitOfWork, *, base: str | None = None, quote: str | None = None, limit: int = 200) -> list[Rate]:
    """The rates that are known, the newest first."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    statement = select(FxRate).order_by(FxRate.day.desc(), FxRate.base, FxRate.quote).limit(limit)
    if base is not None:
        statement = statement.where(FxRate.base == base)
    if quote is not None:
        statement = statement.where(FxRate.quote == quote)
    return [Rate(row.base, row.quote, row.day, row.rate) for row in uow.session.scalars(statement)]


def rate_of_day(uow: UnitOfWork, left: str, right: str, day: dt.date) -> Rate | None:
    """The rate between two currencies, either way round, that a run goes by: of the day, or the last within a week."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    row = uow.session.scalar(
        select(FxRate)
        .where(
            tuple_(FxRate.base, FxRate.quote).in_([(left, right), (right, left)]),
            FxRate.day.between(day - dt.timedelta(days=7), day),
        )
        .order_by(FxRate.day.desc(), (FxRate.base == left).desc())
        .limit(1)
    )
    return Rate(row.base, row.quote, row.day, row.rate) if row else None


def _of_line(number: int, line: Sequence[str]) -> Rate:
    try:
        day, base, quote, rate = (cell.strip() for cell in line)
        return Rate(base, quote, dt.date.fromisoformat(day), Decimal(rate))
    except (ValueError, InvalidOperation) as error:
        raise Invalid(f"Line {number} is no rate: a day as 2026-03-16, two currencies and a number.") from error


def _checked(rate: Rate) -> dict[str, object]:
    for currency in (rate.base, rate.quote):
        exponent(currency)
    if rate.base == rate.quote:
        raise Invalid(f"A rate needs two currencies, not {rate.base} twice.")
    decimals = rate.rate.as_tuple().exponent
    fits = isinstance(decimals, int) and -decimals <= _DECIMALS
    if not fits or not 0 < rate.rate < _HIGHEST:
        raise Invalid(f"{rate.base}/{rate.quote} of {rate.day}: a rate lies above zero and has at most ten decimals.")
    return {"base": rate.base, "quote": rate.quote, "day": rate.day, "rate": rate.rate}


def _audit(uow: UnitOfWork, rows: Sequence[dict[str, object]]) -> None:
    days = [str(row["day"]) for row in rows]
    audit.record(
        uow,
        action="reconciliation.rates.loaded",
        subject_type="reconciliation_rates",
        subject_id="rates",
        after={"rates": len(rows), "from": min(days), "to": max(days)},
    )
