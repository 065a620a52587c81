"""Adjustments: entries that correct what a break is about, kept as records for the bookkeeping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import Select, select

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.reconciliation.breaks import break_by_number
from services.reconciliation.breakwork import audited, locked
from services.reconciliation.models_period import Adjustment
from services.reconciliation.views_period import AdjustmentView


def book_adjustment(
    uow: UnitOfWork, *, number: int, amount_minor: int, debit: str, credit: str, booked_on: dt.date, memo: str
) -> AdjustmentView:
    """Records the entry that corrects what the break is about, in the break's currency; amounts are positive."""
    row = locked(uow, number)
    if amount_minor <= 0 or not debit.strip() or not credit.strip() or debit.strip() == credit.strip():
        raise Invalid("An adjustment has an amount above zero and two different accounts.")
    if not 8 <= len(memo.strip()) <= 500:
        raise Invalid("Say in 8 to 500 characters what the adjustment is for.")
    entry = Adjustment(
        number=number,
        entity_id=row.entity_id,
        booked_on=booked_on,
        amount_minor=amount_minor,
        currency=row.currency,
        debit=debit.strip(),
        credit=credit.strip(),
        memo=memo.strip(),
        made_by=uow.actor.id,
        made_by_name=uow.actor.name,
        made_at=uow.clock.now(),
    )
    uow.session.add(entry)
    uow.session.flush()
    facts = {"amount_minor": amount_minor, "currency": row.currency, "debit": entry.debit, "credit": entry.credit}
    audited(uow, row, "adjusted", after=facts, reason=entry.memo)
    return _adjustment(entry)


def adjustments(uow: UnitOfWork, *, number: int) -> list[AdjustmentView]:
    """The correcting entries of a break, the oldest first. Raises BreakNotFound."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    found = break_by_number(uow, number=number)
    rows = uow.session.scalars(select(Adjustment).where(Adjustment.number == found.number).order_by(Adjustment.made_at))
    return [_adjustment(row) for row in rows]


def list_adjustments(
    uow: UnitOfWork,
    *,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[AdjustmentView]:
    """The newest adjustments of the actor's entities, booked from `first_day` through `last_day`."""
    newest = _visible(uow, first_day, last_day).order_by(Adjustment.made_at.desc(), Adjustment.id.desc())
    return [_adjustment(row) for row in uow.session.scalars(newest.limit(limit).offset(offset))]


def stream_adjustments(
    uow: UnitOfWork, *, first_day: dt.date | None = None, last_day: dt.date | None = None
) -> Iterator[AdjustmentView]:
    """Every adjustment booked in these days, by day, for exports."""
    rows = _visible(uow, first_day, last_day).order_by(Adjustment.booked_on, Adjustment.made_at)
    for row in uow.session.scalars(rows.execution_options(yield_per=500)):
        yield _adjustment(row)


def _visible(uow: UnitOfWork, first_day: dt.date | None, last_day: dt.date | None) -> Select[Adjustment]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    found = select(Adjustment).where(scope.allows(Adjustment.entity_id))
    if first_day is not None:
        found = found.where(Adjustment.booked_on >= first_day)
    if last_day is not None:
        found = found.where(Adjustment.booked_on <= last_day)
    return found


def _adjustment(row: Adjustment) -> AdjustmentView:
    return AdjustmentView(
        row.id,
        row.number,
        row.entity_id,
        row.booked_on,
        row.amount_minor,
        row.currency,
        row.debit,
        row.credit,
        row.memo,
        row.made_by_name,
        row.made_at,
    )
