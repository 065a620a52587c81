"""A run that looks at the changed keys alone finds what a run over everything finds."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services import bank
from services.bootstrap import SUBSCRIPTIONS
from services.core import events
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin
from services.reconciliation import Definition, SourceKind, reconcile, refresh_entries, totals_of
from tests.factories import bank as bank_file
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, MORNING_AFTER, Row, at_morning, load

_SIDES = (SourceKind.BOOKS, SourceKind.STRIPE)
_NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
_BREAKS = text(
    "SELECT subject_key, occurrence, break_class, left_minor, left_currency, left_value, right_minor, right_currency, "
    "right_value, delta_minor, currency, booked_on FROM recon_break WHERE closed_seq IS NULL AND entity_id = :entity "
    "ORDER BY 1, 2"
)


def _later(uow: UnitOfWork, days: int) -> UnitOfWork:
    return UnitOfWork(uow.session, uow.actor, FrozenClock(MORNING_AFTER + dt.timedelta(days=days)), uow.request_id)


def _rows(draw: st.DrawFn, days: list[dt.date]) -> list[Row]:
    entry = st.builds(
        Row,
        key=st.sampled_from(["a", "b", "c", "d", "e"]),
        minor=st.integers(-2, 2),
        currency=st.sampled_from(["EUR", "CHF"]),
        fee=st.one_of(st.none(), st.integers(0, 1)),
        status=st.sampled_from(["succeeded", "failed"]),
        day=st.sampled_from(days),
        origin=st.sampled_from(["o1", "o2", "o3"]),
    )
    return draw(st.lists(entry, max_size=6, unique_by=lambda row: (row.key, row.origin)))


@st.composite
def _history(draw: st.DrawFn) -> list[tuple[list[Row], list[Row]]]:
    days = [DAY - dt.timedelta(days=5), DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)]
    return [(_rows(draw, days), _rows(draw, days)) for _ in range(3)]


def _night(uow: UnitOfWork, entity: uuid.UUID, batch: tuple[list[Row], list[Row]], day: int, *, fully: bool):
    for kind, rows in zip(_SIDES, batch, strict=True):
        load(uow, entity, kind, rows)
    if fully:
        uow.session.execute(text("UPDATE recon_source SET all_dirty = true WHERE entity_id = :e"), {"e": entity})
        uow.session.expire_all()
    return reconcile(_later(uow, day), definition=Definition.SETTLEMENT, entity_id=entity)


@settings(
    max_examples=20, deadline=None, phases=_NO_SHRINKING, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=_history())
def test_an_incremental_run_equals_a_full_one(uow: UnitOfWork, history: list[tuple[list[Row], list[Row]]]):
    nested = uow.session.begin_nested()
    try:
        assert _end_of(uow, history, fully=True) == _end_of(uow, history, fully=False)
    finally:
        nested.rollback()


def _end_of(uow: UnitOfWork, history: list[tuple[list[Row], list[Row]]], *, fully: bool) -> tuple[Any, ...]:
    """Breaks, counts and totals after the last night."""
    entity = an_entity(uow, "full" if fully else "part")
    many = [Row(f"same{n:03d}", 100, fee=1) for n in range(300)]  # so that the few others are below 4 %
    last = _night(uow, entity, (many, many), 0, fully=True)
    for day, batch in enumerate(history, start=1):
        last = _night(uow, entity, batch, day, fully=fully)
        assert (last.looked_at is None) is fully
    found = [tuple(row) for row in uow.session.execute(_BREAKS, {"entity": entity})]
    return found, last.matched, last.breaks, last.expected, totals_of(uow, run_id=last.id)


def test_few_changes_are_looked_at_alone_and_many_at_once(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row(f"ch_{n:05d}:charge", 1_000) for n in range(100)]
    for kind in _SIDES:
        load(uow, entity, kind, rows)
    assert reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity).looked_at is None
    load(uow, entity, SourceKind.BOOKS, [Row(rows[7].key, 900, origin=f"books/{rows[7].key}/8")])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (run.looked_at, run.breaks, run.matched) == (1, 1, 99)
    load(
        uow,
        entity,
        SourceKind.BOOKS,
        [Row(row.key, 800, origin=f"books/{row.key}/{n}") for n, row in enumerate(rows, 1)],
    )
    assert reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity).looked_at is None


def test_a_thousand_keys_looked_at_alone_leave_the_breaks_of_others_as_they_are(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row(f"ch_{n:05d}:charge", 1_000) for n in range(1_010)]
    changed, kept = rows[7], rows[8]
    for kind, minor in zip(_SIDES, (1_000, 990), strict=True):
        wrong = [Row(row.key, minor) for row in (changed, kept)]
        load(uow, entity, kind, [*rows[:7], *wrong, *rows[9:]])
    assert reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity).breaks == 2
    books = [(changed, 990, 8), (rows[9], 900, 10)]
    load(uow, entity, SourceKind.BOOKS, [Row(row.key, minor, origin=f"books/{row.key}/{n}") for row, minor, n in books])
    every_other = text(
        "INSERT INTO recon_dirty (source_id, ext_key) SELECT source_id, ext_key FROM recon_entry "
        "JOIN recon_source s ON s.id = source_id WHERE s.entity_id = :entity AND ext_key <> :kept "
        "ON CONFLICT DO NOTHING"
    )
    uow.session.execute(every_other, {"entity": entity, "kept": kept.key})
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (run.looked_at, run.breaks, run.new_breaks, run.closed_breaks) == (1_009, 2, 1, 1)
    found = [row.subject_key for row in uow.session.execute(_BREAKS, {"entity": entity})]
    assert found == [kept.key, rows[9].key]


def test_what_both_sides_delivered_is_not_looked_up_again(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row(f"ch_{n:05d}:charge", 1_000) for n in range(100)]
    for kind in _SIDES:
        load(uow, entity, kind, rows)
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    both, twice, alone = rows[7].key, rows[8].key, rows[9].key
    books = [
        Row(both, 900, origin=f"books/{both}/8"),
        Row(twice, 1_000, origin="again"),
        Row(alone, 800, origin=f"books/{alone}/10"),
    ]
    load(uow, entity, SourceKind.BOOKS, books)
    stripe = [Row(key, 990, origin=f"stripe/{key}/{n}") for n, key in ((8, both), (9, twice))]
    load(uow, entity, SourceKind.STRIPE, stripe)
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    looked_up = set(uow.session.scalars(text("SELECT ext_key FROM recon_sides_now")))
    assert (run.looked_at, looked_up) == (3, {twice, alone})
    found = [(*row[:4], row.right_minor) for row in uow.session.execute(_BREAKS, {"entity": entity})]
    assert found == [
        (both, 0, "amount", 900, 990),
        (twice, 0, "amount", 1_000, 990),
        (twice, 1, "duplicate", 1_000, None),
        (alone, 0, "amount", 800, 1_000),
    ]


def test_a_changed_pattern_takes_back_lines_that_no_longer_count(uow: UnitOfWork):
    for name, handler in SUBSCRIPTIONS:
        events.subscribe(name, handler)
    entity = an_entity(uow)
    lines = (bank_file.Row("50.00", "A"), bank_file.Row("7.00", "B", counterparty="PayPal", remittance="PP"))
    statement = bank_file.Statement(1, bank_file.MONDAY, "0.00", "57.00", lines)
    file = bank_file.on_disk(bank_file.camt(statement))
    bank.import_file(uow, entity_id=entity, file=file, origin=FileOrigin.UPLOAD)
    refresh_entries(uow, entity_id=entity, kinds=[SourceKind.BANK])
    assert _taken_in(uow) == [5_000]
    account = bank.accounts(uow)[0]
    facts = "source_id, ext_key, amount_minor, booked_on"
    uow.session.execute(text(f"INSERT INTO recon_dirty ({facts}) SELECT {facts} FROM recon_entry"))
    bank.set_provider_pattern(uow, account_id=account.id, pattern="paypal", version=account.version)
    (brought,) = refresh_entries(uow, entity_id=entity, kinds=[SourceKind.BANK])
    assert (brought.new, brought.retracted) == (1, 1)
    assert _taken_in(uow) == [700]
    assert uow.session.scalar(text("SELECT sum(amount_minor) FROM recon_entry_total")) == 700
    forgotten = "SELECT amount_minor FROM recon_dirty WHERE booked_on IS NULL"
    assert list(uow.session.scalars(text(forgotten))) == [5_000]


def _taken_in(uow: UnitOfWork) -> list[int]:
    return list(uow.session.scalars(text("SELECT amount_minor FROM recon_entry")))
