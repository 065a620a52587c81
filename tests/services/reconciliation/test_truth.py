"""Runs against planted truth, seed by seed, and against a slow oracle."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core.db import UnitOfWork
from services.reconciliation import BreakFilter, Definition, SourceKind, reconcile, run_report, totals_of
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, World, a_settlement, at_morning, load, some_payouts


def _run(uow: UnitOfWork, world: World, definition: Definition):
    entity = an_entity(uow)
    kinds = {
        Definition.SETTLEMENT: (SourceKind.BOOKS, SourceKind.STRIPE),
        Definition.PAYOUTS: (SourceKind.STRIPE_PAYOUTS, SourceKind.BANK),
    }[definition]
    for kind, rows in zip(kinds, (world.left, world.right), strict=True):
        load(uow, entity, kind, rows)
    return reconcile(at_morning(uow), definition=definition, entity_id=entity)


def _found(uow: UnitOfWork) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, key in uow.session.execute(
        text("SELECT break_class, subject_key FROM recon_break WHERE closed_seq IS NULL")
    ):
        found[name].add(key)
    return dict(found)


@pytest.mark.parametrize("seed", [1, 2, 3, 20261121])
def test_settlement_finds_exactly_what_was_planted(uow: UnitOfWork, seed: int):
    world = a_settlement(seed)
    run = _run(uow, world, Definition.SETTLEMENT)
    assert _found(uow) == world.planted
    assert run.class_counts == world.counts()
    one_sided = {"missing_left", "missing_right"}
    disagreeing = sum(len(keys) for name, keys in world.planted.items() if name not in {*one_sided, "duplicate"})
    common = {row.key for row in world.left} & {row.key for row in world.right}
    assert run.matched == len(common) - disagreeing


@pytest.mark.parametrize("seed", range(10))
def test_payouts_find_exactly_what_was_planted(uow: UnitOfWork, seed: int):
    world = some_payouts(seed)
    run = _run(uow, world, Definition.PAYOUTS)
    assert _found(uow) == {name: keys for name, keys in world.planted.items() if keys}
    groups = uow.session.execute(
        text(
            "SELECT m.id, array_agg(ext_key) FILTER (WHERE side = 'left'), array_agg(ext_key) FILTER "
            "(WHERE side = 'right'), sum(amount_minor) FILTER (WHERE side = 'left') = sum(amount_minor) FILTER "
            "(WHERE side = 'right') FROM recon_match m JOIN recon_match_member ON match_id = m.id GROUP BY m.id"
        )
    ).all()
    assert all(equal for *_, equal in groups)
    assert sum(run.rule_counts.values()) == len(groups)
    assert {"P-20", "P-30", "P-40", "P-50"} <= set(run.rule_counts)


def test_the_difference_is_the_sum_of_what_is_listed(uow: UnitOfWork):
    world = a_settlement(5)
    run = _run(uow, world, Definition.SETTLEMENT)
    whole = {row.currency: row for row in totals_of(uow, run_id=run.id) if row.span == "all"}
    for currency, row in whole.items():
        left = sum(entry.minor for entry in world.left if entry.currency == currency)
        right = sum(entry.minor for entry in world.right if entry.currency == currency)
        assert (row.left_minor, row.right_minor, row.difference_minor) == (left, right, left - right)
    lines = run_report(uow, run_id=run.id, filter=BreakFilter()).difference
    for currency, row in whole.items():
        assert sum(line.minor for line in lines if line.currency == currency) == row.difference_minor


def test_data_after_the_day_is_not_looked_at_but_explains_a_late_booking(uow: UnitOfWork):
    tomorrow = DAY + dt.timedelta(days=1)
    world = World(
        left=[Row("a:charge", 100), Row("late:charge", 700, day=tomorrow), Row("new:charge", 5, day=tomorrow)],
        right=[Row("a:charge", 100), Row("late:charge", 700)],
    )
    run = _run(uow, world, Definition.SETTLEMENT)
    assert (run.matched, run.breaks, run.expected) == (1, 0, 1)


@st.composite
def _sides(draw: st.DrawFn) -> World:
    entry = st.builds(
        Row,
        key=st.sampled_from(["a", "b", "c", "d"]),
        minor=st.integers(-3, 3),
        currency=st.sampled_from(["EUR", "CHF"]),
        fee=st.one_of(st.none(), st.integers(0, 2)),
        status=st.sampled_from(["succeeded", "failed"]),
        day=st.sampled_from([DAY, DAY - dt.timedelta(days=2), DAY - dt.timedelta(days=9)]),
    )
    return World(draw(st.lists(entry, max_size=7)), draw(st.lists(entry, max_size=7)))


def _oracle(world: World) -> set[tuple[str, int, str]]:
    """What the rules say, one record after the other."""
    numbered = []
    for rows in (world.left, world.right):
        seen: dict[str, int] = defaultdict(int)
        side = {}
        for row in rows:
            side[row.key, seen[row.key]] = row
            seen[row.key] += 1
        numbered.append(side)
    left, right = numbered
    found = set()
    for name in left.keys() | right.keys():
        kind = _kind(left.get(name), right.get(name), name[1])
        if kind:
            found.add((*name, kind))
    return found


def _kind(left: Row | None, right: Row | None, occurrence: int) -> str | None:
    if left is None or right is None:
        return "duplicate" if occurrence else "missing_left" if left is None else "missing_right"
    if left.currency != right.currency:
        return "currency"
    if left.minor != right.minor:
        return "amount"
    if left.fee is not None and right.fee is not None and left.fee != right.fee:
        return "fee"
    if left.status != right.status:
        return "status"
    return "timing" if abs(left.occurred_at - right.occurred_at) > dt.timedelta(days=3) else None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=_sides())
def test_the_join_agrees_with_a_slow_oracle(uow: UnitOfWork, world: World):
    nested = uow.session.begin_nested()
    _run(uow, world, Definition.SETTLEMENT)
    rows = uow.session.execute(text("SELECT subject_key, occurrence, break_class FROM recon_break"))
    found = {(key, occurrence, kind) for key, occurrence, kind in rows}
    nested.rollback()
    assert isinstance(uow.session, Session)
    assert found == _oracle(world)
