"""Drift day by day: written once, compared with the same weekday before, explained by a threshold."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import text

from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.reconciliation import Definition, SourceKind, drift_view, reconcile
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    return an_entity(uow)


def days_of_rows(count: int, missing: dict[int, int]) -> tuple[list[Row], list[Row]]:
    """Ten entries a day for `count` days up to DAY; so many of a day (0 is DAY) lack in the books."""
    left, right = [], []
    for back in range(count):
        rows = [Row(f"ch_{back}_{n}:charge", 1_000, day=DAY - dt.timedelta(days=back)) for n in range(10)]
        right += rows
        left += rows[missing.get(back, 0) :]
    return left, right


def test_a_day_stands_out_against_its_own_weekday(uow: UnitOfWork, entity: uuid.UUID):
    left, right = days_of_rows(70, {7: 1, 14: 1, 21: 2, 28: 1, 35: 1, 0: 6, 1: 2})
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    morning = at_morning(uow)
    run = reconcile(morning, definition=Definition.SETTLEMENT, entity_id=entity)
    view = drift_view(morning, entity_id=entity, definition=Definition.SETTLEMENT)
    assert (view.currency, view.currencies, len({day.day for day in view.days})) == ("EUR", ("EUR",), 60)
    assert {(day.day, day.break_class) for day in view.outliers} == {(DAY, "missing_left"), (DAY, "all")}
    told = view.outliers[0]
    assert (told.break_class, told.breaks, told.usual, told.low, told.high, told.weeks) == (
        "missing_left",
        6,
        1,
        0,
        2,
        8,
    )
    assert told.bound == 4
    sunday = next(day for day in view.days if day.day == DAY - dt.timedelta(days=1) and day.break_class == "all")
    assert (sunday.breaks, sunday.usual, sunday.outlier) == (2, 0, False)
    assert [(one.day, one.run_id, one.deviation_ppm) for one in view.runs] == [(DAY, run.id, run.deviation_ppm)]
    assert view.over_limit == view.runs


def test_a_day_is_written_once_by_the_first_run_that_covers_it(uow: UnitOfWork, entity: uuid.UUID):
    left, right = days_of_rows(3, {0: 4})
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    load(uow, entity, SourceKind.BOOKS, [row for row in right if row not in left])
    clock = FrozenClock(dt.datetime(2026, 3, 18, 5, tzinfo=dt.UTC))
    next_day = UnitOfWork(uow.session, uow.actor, clock, uow.request_id)
    reconcile(next_day, definition=Definition.SETTLEMENT, entity_id=entity)
    days = {
        (day.day, day.break_class): day.breaks
        for day in drift_view(next_day, entity_id=entity, definition=Definition.SETTLEMENT).days
    }
    assert (days[(DAY, "all")], days[(DAY, "missing_left")]) == (4, 4)
    assert uow.session.scalar(text("SELECT count(DISTINCT day) FROM recon_day_drift")) == 3


def test_too_few_weeks_call_nothing_unusual(uow: UnitOfWork, entity: uuid.UUID):
    left, right = days_of_rows(10, {0: 9})
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    view = drift_view(at_morning(uow), entity_id=entity, definition=Definition.SETTLEMENT)
    assert view.outliers == ()
    assert max(day.share_ppm for day in view.days) == 9_000 * 1_000_000 // 1_000


def test_nothing_reconciled_is_an_empty_view(uow: UnitOfWork, entity: uuid.UUID):
    view = drift_view(uow, entity_id=entity, definition=Definition.PAYOUTS)
    assert (view.runs, view.days, view.currencies) == ((), (), ())
