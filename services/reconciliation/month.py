"""A month from four sides: books, Stripe, bank and bookkeeping, and why each pair of them differs."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import select

from services import books, identity, payments
from services.core.clock import business_day
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.permissions import Permission
from services.reconciliation.models_period import Period
from services.reconciliation.month_parts import SideTotals, items_in, rolled_at, steps_in, totals_in
from services.reconciliation.views_month import (
    SIDES_OF_MONTH,
    MonthCurrency,
    MonthItem,
    MonthPair,
    MonthSide,
    MonthStep,
    MonthView,
)
from services.reconciliation.vocabulary import Definition, PeriodSpan, PeriodState

_VOUCHERS = "vouchers"
_CLEARING = "clearing"
_OPEN_VOUCHERS = frozenset({"voucher_amount", "no_voucher", "not_booked"})
_Steps = dict[tuple[str, str], list[MonthStep]]


def month_view(uow: UnitOfWork, *, entity_id: uuid.UUID, month: str | None = None) -> MonthView:
    """The four sides of a month (`2026-03`; the present one unless given), explained as of the last run.

    Books and Stripe are compared by settlement, Stripe's payouts and the bank by payouts, books and vouchers by the
    invoice's number. A pair that nothing compares directly is told along the chain of those that are. Raises Invalid
    for another month's form and NotFound outside the actor's entities.
    """
    entity = _entity(uow, entity_id)
    first, last = month_days(month or f"{business_day(uow.clock.now(), entity.time_zone):%Y-%m}")
    days: dict[str, Any] = {"entity_id": entity_id, "first": first, "last": last}
    settled = totals_in(uow, definition=Definition.SETTLEMENT, **days)
    paid = totals_in(uow, definition=Definition.PAYOUTS, **days)
    vouchers = books.compare_vouchers(uow, entity_id=entity_id, first_day=first)
    sides: dict[str, dict[str, tuple[int, int]]] = {"books": settled.left, "stripe": settled.right, "bank": paid.right}
    if vouchers.connected:
        sides[_VOUCHERS] = vouchers.vouchers
    steps = {
        ("books", "stripe"): steps_in(uow, entity_id=entity_id, definition=Definition.SETTLEMENT, first=first),
        ("stripe", "bank"): _to_the_bank(uow, settled=settled, paid=paid, **days),
        ("books", _VOUCHERS): _to_the_vouchers(vouchers, settled.left),
    }
    currencies = sorted({currency for totals in sides.values() for currency in totals})
    return MonthView(
        entity_id,
        entity.name,
        first,
        last,
        tuple(_currency(one, sides, {pair: found.get(one, []) for pair, found in steps.items()}) for one in currencies),
        vouchers.connected,
        _states(uow, entity_id, first),
        _as_of(rolled_at(uow, entity_id=entity_id, first=first), vouchers),
    )


def _as_of(rolled: dt.datetime | None, vouchers: books.VoucherMonth) -> dt.datetime | None:
    """Since when all of the month's figures hold; None while one of them waits for its first time."""
    if not vouchers.connected or rolled is None:
        return rolled
    return min(rolled, vouchers.rolled_at) if vouchers.rolled_at else None


def month_items(
    uow: UnitOfWork, *, entity_id: uuid.UUID, month: str, source: str, part: str, currency: str, limit: int = 100
) -> list[MonthItem]:
    """What stands behind one step of `month_view`, the largest first. Raises Invalid for a step that lists nothing."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    first, _ = month_days(month)
    if source == _VOUCHERS:
        gaps = books.voucher_gaps(uow, entity_id=entity_id, first_day=first, part=part, currency=currency, limit=limit)
        return [
            MonthItem(gap.number, gap.currency, gap.booked_minor, gap.issued_minor, gap.minor, None, None, gap.part)
            for gap in gaps
        ]
    if source not in set(Definition):
        raise Invalid("This part of the difference has a page of its own.", source=source)
    return items_in(
        uow,
        entity_id=entity_id,
        definition=Definition(source),
        first=first,
        part=part,
        currency=currency,
        limit=limit,
    )


def month_lines(uow: UnitOfWork, *, entity_id: uuid.UUID, month: str) -> Iterator[tuple[str, MonthPair, MonthStep]]:
    """Every step of every pair with its currency, for exports."""
    for block in month_view(uow, entity_id=entity_id, month=month).currencies:
        for pair in block.pairs:
            for step in pair.steps:
                yield block.currency, pair, step


def month_days(month: str) -> tuple[dt.date, dt.date]:
    """The first and last day of `2026-03`. Raises Invalid for another form."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Invalid("A month is written as 2026-03.", month=month[:20]) from error
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def _entity(uow: UnitOfWork, entity_id: uuid.UUID) -> identity.LegalEntityView:
    for entity in identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ):
        if entity.id == entity_id:
            return entity
    raise NotFound("There is no such legal entity among those you may see.", entity_id=str(entity_id))


def _to_the_bank(
    uow: UnitOfWork, *, entity_id: uuid.UUID, first: dt.date, last: dt.date, settled: SideTotals, paid: SideTotals
) -> dict[str, list[MonthStep]]:
    """From Stripe's gross movements to the bank: fees, what stayed in the balance, what is on its way, differences."""
    found: dict[str, list[MonthStep]] = {}
    for account in payments.clearing_account(uow, entity_id=entity_id, first_day=first, last_day=last):
        moved = [move for move in account.moves if not move.category.startswith("payout")]
        sent = -sum(move.net_minor for move in account.moves if move.category.startswith("payout"))
        gross, fees = sum(move.gross_minor for move in moved), sum(move.fee_minor for move in moved)
        seen = settled.right.get(account.currency, (0, 0))[1]
        arrived = paid.left.get(account.currency, (0, 0))[1]
        chain = (
            ("not_taken_in", seen - gross),
            ("fees", fees),
            ("stayed", gross - fees - sent),
            ("on_its_way", sent - arrived),
        )
        found[account.currency] = [MonthStep(_CLEARING, part, 0, minor, False) for part, minor in chain if minor]
    to_bank = steps_in(uow, entity_id=entity_id, definition=Definition.PAYOUTS, first=first)
    for currency, steps in to_bank.items():
        found.setdefault(currency, []).extend(steps)
    return found


def _to_the_vouchers(vouchers: books.VoucherMonth, booked: dict[str, tuple[int, int]]) -> dict[str, list[MonthStep]]:
    found: dict[str, list[MonthStep]] = {}
    for part in sorted(vouchers.parts, key=lambda one: (one.part not in _OPEN_VOUCHERS, -abs(one.minor))):
        step = MonthStep(_VOUCHERS, part.part, part.items, part.minor, part.part in _OPEN_VOUCHERS)
        found.setdefault(part.currency, []).append(step)
    for currency, minor in vouchers.booked.items():
        waiting = booked.get(currency, (0, 0))[1] - minor
        if waiting:
            found.setdefault(currency, []).append(MonthStep(_CLEARING, "not_taken_in", 0, waiting, False))
    return found


def _currency(currency: str, sides: dict[str, dict[str, tuple[int, int]]], direct: _Steps) -> MonthCurrency:
    present = [name for name in SIDES_OF_MONTH if name in sides]
    shown = tuple(MonthSide(name, *sides[name].get(currency, (0, 0))) for name in present)
    minor = {side.name: side.minor for side in shown}
    pairs = []
    for left, right in combinations(present, 2):
        steps, through = _chain(left, right, direct)
        pairs.append(MonthPair(left, right, minor[left], minor[right], tuple(steps), through))
    return MonthCurrency(currency, shown, tuple(pairs))


def _chain(left: str, right: str, direct: _Steps) -> tuple[Sequence[MonthStep], tuple[str, ...]]:
    """The steps from one side to another: directly, or over books and Stripe."""
    if (left, right) in direct:
        return direct[(left, right)], ()
    if (left, right) == ("books", "bank"):
        return [*direct[("books", "stripe")], *direct[("stripe", "bank")]], ("stripe",)
    back = _turned(direct[("books", "stripe")])
    if (left, right) == ("stripe", _VOUCHERS):
        return [*back, *direct[("books", _VOUCHERS)]], ("books",)
    return [*_turned(direct[("stripe", "bank")]), *back, *direct[("books", _VOUCHERS)]], ("stripe", "books")


def _turned(steps: Sequence[MonthStep]) -> list[MonthStep]:
    return [dataclasses.replace(step, minor=-step.minor) for step in steps]


def _states(uow: UnitOfWork, entity_id: uuid.UUID, first: dt.date) -> dict[Definition, PeriodState]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.execute(
        select(Period.definition, Period.state).where(
            scope.allows(Period.entity_id),
            Period.entity_id == entity_id,
            Period.span == PeriodSpan.MONTH.value,
            Period.first_day == first,
        )
    )
    return {Definition(definition): PeriodState(state) for definition, state in rows}
