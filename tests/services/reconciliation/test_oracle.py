"""The engine finds, groups and leaves to people exactly what a slow oracle does, under any rules.

`make oracle` tries more worlds (EXAMPLES=…).
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation import Definition, Rate, SourceKind, business_calendar, load_rates, reconcile
from services.reconciliation.rules import complete
from tests.factories.identity import an_entity
from tests.factories.oracle import Group, Name, Oracle, Verdict
from tests.factories.reconciliation import DAY, Row, World, at_morning, load
from tests.factories.rules import publish

_EXAMPLES = int(os.environ.get("KONTOR_HYPOTHESIS_EXAMPLES", "20"))
_DAYS = [DAY - dt.timedelta(days=n) for n in (0, 2, 3, 5, 6, 11)]
_RATES = {("EUR", "CHF", DAY): "0.95", ("CHF", "EUR", DAY): "1.04", ("JPY", "EUR", DAY - dt.timedelta(days=5)): "0.006"}
_RATES |= {("EUR", "JPY", DAY - dt.timedelta(days=11)): "160"}
_BREAKS = "SELECT subject_key, occurrence, break_class FROM recon_break WHERE closed_seq IS NULL"
_MEMBERS = (
    "SELECT match_id, rule, side, ext_key, occurrence FROM recon_match_member JOIN recon_match m ON m.id = match_id"
)
_PAIR_RULES = st.fixed_dictionaries(
    {
        "timing_days": st.sampled_from([2, 3]),
        "timing_business_days": st.integers(0, 1),
        "check_references": st.integers(0, 1),
        "amount_tolerance_minor": st.sampled_from([0, 2]),
        "amount_tolerance_ppm": st.sampled_from([0, 50_000]),
        "net_of_fee": st.integers(0, 1),
        "fx_tolerance_ppm": st.sampled_from([0, 20_000, 50_000]),
    }
)
_ORDERS = st.lists(st.sampled_from(["S-70", "S-80", "S-90", "S-91", "S-95"]), min_size=1, max_size=3, unique=True)
_LEFTOVER_RULES = st.fixed_dictionaries(
    {"window_days": st.sampled_from([2, 7]), "batch_size": st.sampled_from([2, 3]), "order": _ORDERS}
)


@st.composite
def _pairs(draw: st.DrawFn) -> World:
    """Pairs by key whose sides differ in a thing or two, and a few keys that stand more than once."""
    sides = st.builds(
        Row,
        key=st.just("same:charge"),
        minor=st.sampled_from([10_000, 9_500, 9_998, 9_970, 10_400, 16_000, 61, -10_000]),
        currency=st.sampled_from(["EUR", "EUR", "EUR", "CHF", "JPY"]),
        fee=st.sampled_from([None, 30, 30, 31]),
        status=st.sampled_from(["succeeded", "succeeded", "succeeded", "failed"]),
        day=st.sampled_from(_DAYS),
        reference=st.sampled_from([None, "Order 1", "order-1", "Order 2"]),
    )
    changes = st.sets(st.sampled_from(["minor", "currency", "fee", "status", "day", "reference"]), max_size=3)
    world = World()
    for number in range(draw(st.integers(1, 6))):
        left, other = draw(sides), draw(sides)
        right = replace(left, **{name: getattr(other, name) for name in draw(changes)})
        key = f"{draw(st.sampled_from(['a', f'k{number}', f'k{number}']))}:charge"
        world.left.append(replace(left, key=key))
        world.right.append(replace(right, key=key))
    return world


def _alone(*keys: str) -> st.SearchStrategy[list[Row]]:
    entry = st.builds(
        Row,
        key=st.sampled_from(keys),
        minor=st.sampled_from([1, 2, 3, 3, -1]),
        currency=st.sampled_from(["EUR", "EUR", "EUR", "CHF"]),
        day=st.sampled_from(_DAYS[:4]),
        batch=st.sampled_from([None, None, "b1", "b2"]),
    )
    return st.lists(entry, min_size=1, max_size=5, unique_by=lambda row: row.key)


_LEFTOVERS = st.builds(
    World,
    _alone("l1", "l2", "l3", "CH-9:charge", "ch_equal12345:charge", "ch_equal12355:charge"),
    _alone("r1", "r2", "r3", "ch_9:charge", "ch_equal12346:charge", "ch_equal99346:charge"),
)
_tried = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_tried
@given(world=_pairs(), rules=_PAIR_RULES)
def test_tolerances_rates_and_windows_judge_pairs_as_the_oracle_does(
    uow: UnitOfWork, world: World, rules: dict[str, Any]
):
    _agree(uow, world, rules)


@_tried
@given(world=_LEFTOVERS, rules=_LEFTOVER_RULES)
def test_what_the_key_left_over_is_grouped_as_the_oracle_does(uow: UnitOfWork, world: World, rules: dict[str, Any]):
    _agree(uow, world, rules)


def _agree(uow: UnitOfWork, world: World, rules: dict[str, Any]) -> None:
    nested = uow.session.begin_nested()
    try:
        load_rates(uow, rates=[Rate(base, quote, day, Decimal(r)) for (base, quote, day), r in _RATES.items()])
        publish(uow, Definition.SETTLEMENT, **rules)
        entity = an_entity(uow)
        calendar = business_calendar(uow, entity_id=entity)
        found = _run(uow, entity, world)
    finally:
        nested.rollback()
    rates = {place: Fraction(rate) for place, rate in _RATES.items()}
    wanted = Oracle(complete(Definition.SETTLEMENT, {"timing_days": 3} | rules), calendar, rates).judge(world)
    assert found.breaks == wanted.breaks
    assert found.groups == wanted.groups


def _run(uow: UnitOfWork, entity: uuid.UUID, world: World) -> Verdict:
    load(uow, entity, SourceKind.BOOKS, world.left)
    load(uow, entity, SourceKind.STRIPE, world.right)
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    groups: dict[tuple[int, str], tuple[set[Name], set[Name]]] = defaultdict(lambda: (set(), set()))
    for match, rule, side, key, occurrence in uow.session.execute(text(_MEMBERS)):
        groups[match, rule][side == "right"].add((key, occurrence))
    named: set[Group] = {(rule, frozenset(left), frozenset(right)) for (_, rule), (left, right) in groups.items()}
    return Verdict({(key, occurrence, kind) for key, occurrence, kind in uow.session.execute(text(_BREAKS))}, named)
