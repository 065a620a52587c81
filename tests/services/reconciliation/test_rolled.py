"""The figures that pages read are those that a look at every entry gives, whatever happened before."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.reconciliation import (
    BreakFilter,
    Definition,
    Resolution,
    RunView,
    SourceKind,
    list_breaks,
    month_items,
    month_view,
    note_months,
    reconcile,
    reopen_break,
    resolve_break,
    run_report,
    stale_months,
)
from services.reconciliation.month_parts import ITEMS, month_values
from services.reconciliation.reports import difference_again
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, MORNING_AFTER, Row, a_settlement, add_up_months, load, some_payouts

_SIDES = (SourceKind.BOOKS, SourceKind.STRIPE)
_MONTHS = tuple(dt.date(2026, month, 1) for month in (1, 2, 3, 4))
_KEPT = """
SELECT part, currency, items, minor FROM recon_month_part
WHERE entity_id = :entity AND definition = :definition AND first_day = :first
"""
_SCANNED = f"{ITEMS} SELECT part, currency, count(*) AS items, sum(minor) AS minor FROM items GROUP BY 1, 2"


def later(uow: UnitOfWork, days: int) -> UnitOfWork:
    return UnitOfWork(uow.session, uow.actor, FrozenClock(MORNING_AFTER + dt.timedelta(days=days)), uow.request_id)


def night(uow: UnitOfWork, entity: uuid.UUID, definition: Definition = Definition.SETTLEMENT) -> RunView:
    run = reconcile(uow, definition=definition, entity_id=entity)
    note_months(uow, run_id=run.id)
    add_up_months(uow, entity, definition)
    return run


def figures(uow: UnitOfWork, statement: str, values: dict[str, Any]) -> set[tuple[Any, ...]]:
    rows = uow.session.execute(text(statement), values)
    return {(row.part, row.currency, row.items, int(row.minor)) for row in rows if row.items}


def assert_kept_is_scanned(uow: UnitOfWork, entity: uuid.UUID, definition: Definition = Definition.SETTLEMENT) -> None:
    for first in _MONTHS:
        values = month_values(uow, entity, definition, first)
        kept = figures(uow, _KEPT, values)
        assert kept == figures(uow, _SCANNED, values), first
        month = f"{first:%Y-%m}"
        for part, currency, count, minor in kept:
            items = month_items(
                uow, entity_id=entity, month=month, source=definition.value, part=part, currency=currency
            )
            assert (len(items), sum(item.minor for item in items)) == (count, minor)


def assert_parts_are_scanned(uow: UnitOfWork, run: RunView) -> None:
    shown = run_report(uow, run_id=run.id, filter=BreakFilter()).difference
    assert set(shown) == set(difference_again(uow, run))


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[list[Row], list[Row], int]]:
    days = [dt.date(2026, 2, 27), dt.date(2026, 2, 28), dt.date(2026, 3, 1), DAY, DAY + dt.timedelta(days=2)]
    entry = st.builds(
        Row,
        key=st.sampled_from(["a", "b", "c", "d"]),
        minor=st.integers(-2, 3),
        currency=st.sampled_from(["EUR", "EUR", "CHF"]),
        fee=st.one_of(st.none(), st.integers(0, 1)),
        status=st.sampled_from(["succeeded", "failed"]),
        day=st.sampled_from(days),
        origin=st.sampled_from(["o1", "o2"]),
    )
    rows = st.lists(entry, max_size=6, unique_by=lambda row: (row.key, row.origin))
    return [(draw(rows), draw(rows), draw(st.integers(0, 5))) for _ in range(3)]


@settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=histories())
def test_after_any_nights_and_any_work_the_kept_figures_are_the_scanned_ones(
    uow: UnitOfWork, history: list[tuple[list[Row], list[Row], int]]
):
    nested = uow.session.begin_nested()
    try:
        entity = an_entity(uow, "months")
        many = [Row(f"same{n:03d}", 100, fee=1) for n in range(300)]  # so that the few others are below 4 %
        for kind in _SIDES:
            load(uow, entity, kind, many)
        night(later(uow, 0), entity)
        for day, (left, right, pick) in enumerate(history, start=1):
            for kind, rows in zip(_SIDES, (left, right), strict=True):
                load(uow, entity, kind, rows)
            run = night(later(uow, day), entity)
            assert run.looked_at is not None
            assert_parts_are_scanned(uow, run)
            assert_kept_is_scanned(uow, entity)
            work(uow, pick)
            assert_kept_is_scanned(uow, entity)
    finally:
        nested.rollback()


def work(uow: UnitOfWork, pick: int) -> None:
    """Somebody resolves one of the open breaks, or opens one again."""
    rows = [row for row in list_breaks(uow, filter=BreakFilter()).rows if row.closed_seq is None]
    if not rows:
        return
    row = rows[pick % len(rows)]
    if row.resolution is None:
        reason = "known to the shop"
        resolve_break(uow, number=row.number, version=row.version, resolution=Resolution.BOOKS_CORRECTED, reason=reason)
    else:
        reopen_break(uow, number=row.number, version=row.version, reason="it is not known")


@pytest.mark.parametrize("seed", [4, 5])
def test_a_first_run_adds_every_month_up(uow: UnitOfWork, seed: int):
    entity = an_entity(uow)
    world, paid = a_settlement(seed), some_payouts(seed)
    for kind, rows in (
        (SourceKind.BOOKS, world.left),
        (SourceKind.STRIPE, world.right),
        (SourceKind.STRIPE_PAYOUTS, paid.left),
        (SourceKind.BANK, paid.right),
    ):
        load(uow, entity, kind, rows)
    for definition in Definition:
        run = night(later(uow, 0), entity, definition)
        assert_parts_are_scanned(uow, run)
        assert_kept_is_scanned(uow, entity, definition)
        assert stale_months(uow, entity_id=entity, definition=definition) == []


def test_what_no_run_has_added_up_is_said(uow: UnitOfWork):
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [Row("ch_1:charge", 700)])
    before = month_view(later(uow, 0), entity_id=entity, month="2026-03")
    (pair,) = (one for one in before.currencies[0].pairs if (one.left, one.right) == ("books", "stripe"))
    assert (before.rolled_at, pair.unexplained_minor) == (None, 700)
    night(later(uow, 0), entity)
    after = month_view(later(uow, 0), entity_id=entity, month="2026-03")
    (pair,) = (one for one in after.currencies[0].pairs if (one.left, one.right) == ("books", "stripe"))
    assert (after.rolled_at, pair.unexplained_minor) == (MORNING_AFTER, 0)
