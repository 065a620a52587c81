"""Payouts and bank lines are paired, awaited and left to people exactly as a slow oracle does, under any rules.

`make oracle` tries more worlds (EXAMPLES=…).
"""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation import Definition, SourceKind, business_calendar, reconcile
from services.reconciliation.rules import complete
from tests.factories.identity import an_entity
from tests.factories.payout_oracle import PayoutOracle, PayoutVerdict
from tests.factories.reconciliation import DAY, Row, at_morning, load
from tests.factories.rules import publish

_EXAMPLES = int(os.environ.get("KONTOR_HYPOTHESIS_EXAMPLES", "20"))
_DAYS = [DAY + dt.timedelta(days=n) for n in (-12, -7, -6, -5, -4, -3, -1, 0, 1, 2, 9)]
_TRACES = ["STRIPE-1111111111", "STRIPE-2222222222", "STRIPE-3333333333", "STRIPE-3333333344"]
_WORDS = [*_TRACES, *_TRACES, "po_000001", "po_000002", "STRIPE-111111111", "STRIPE", "GUTSCHRIFT", "po_elsewhere"]
_RULES = st.fixed_dictionaries(
    {
        "arrival_days": st.sampled_from([0, 2]),
        "window_days": st.sampled_from([1, 3, 7]),
        "batch_size": st.sampled_from([2, 3]),
        "margin_percent": st.sampled_from([1, 10]),
        "order": st.permutations(["P-10", "P-50", "P-30", "P-40"]).flatmap(
            lambda order: st.integers(1, 4).map(lambda most: order[:most])
        ),
    }
)
_MONEY = {
    "minor": st.sampled_from([1_000, 1_000, 2_000, 3_000, -1_000]),
    "currency": st.sampled_from(["EUR", "EUR", "EUR", "CHF"]),
    "day": st.sampled_from(_DAYS),
}
_PAYOUTS = st.lists(
    st.builds(
        Row,
        key=st.sampled_from([f"po_{n:06}" for n in range(1, 7)]),
        status=st.sampled_from(["paid", "paid", "paid", "failed"]),
        reference=st.sampled_from([*_TRACES, None]),
        **_MONEY,
    ),
    max_size=5,
    unique_by=lambda row: row.key,
)
_LINE = st.builds(
    Row,
    key=st.just(""),
    status=st.just("booked"),
    reference=st.lists(st.sampled_from(_WORDS), max_size=2).map(" ".join),
    batch=st.sampled_from([None, None, None, "B1", "B2"]),
    **_MONEY,
)


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Payouts, and lines of which most bring, or take back, one or several of them, well or badly named."""
    payouts, lines = draw(_PAYOUTS), list[Row]()
    for number in range(draw(st.integers(0, 6))):
        line = replace(draw(_LINE), key=f"BK{number}")
        parts = draw(st.lists(st.sampled_from(payouts), max_size=3, unique=True)) if payouts else []
        if parts:
            words = [
                word for part in parts for word in draw(st.sets(st.sampled_from([part.key, part.reference or ""])))
            ]
            line = replace(
                line,
                minor=sum(part.minor for part in parts) * draw(st.sampled_from([1, 1, -1])),
                currency=parts[0].currency,
                day=parts[0].day + dt.timedelta(days=draw(st.sampled_from([0, 1, 3]))),
                reference=draw(st.sampled_from([" ".join(words), " ".join(words), line.reference])),
            )
        lines.append(line)
    return payouts, lines


_BREAKS = "SELECT subject_key, break_class FROM recon_break WHERE closed_seq IS NULL"
_MEMBERS = "SELECT match_id, rule, side, ext_key FROM recon_match_member JOIN recon_match m ON m.id = match_id"


@settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=_worlds(), rules=_RULES)
def test_payouts_are_paired_as_the_oracle_does(
    uow: UnitOfWork, world: tuple[list[Row], list[Row]], rules: dict[str, Any]
):
    payouts, lines = world
    nested = uow.session.begin_nested()
    try:
        publish(uow, Definition.PAYOUTS, **rules)
        entity = an_entity(uow)
        calendar = business_calendar(uow, entity_id=entity)
        load(uow, entity, SourceKind.STRIPE_PAYOUTS, payouts)
        load(uow, entity, SourceKind.BANK, lines)
        reconcile(at_morning(uow), definition=Definition.PAYOUTS, entity_id=entity)
        found = _found(uow)
    finally:
        nested.rollback()
    wanted = PayoutOracle(complete(Definition.PAYOUTS, rules), calendar, DAY).judge(payouts, lines)
    assert found == wanted


def _found(uow: UnitOfWork) -> PayoutVerdict:
    groups: dict[tuple[int, str], tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for match, rule, side, key in uow.session.execute(text(_MEMBERS)):
        groups[match, rule][side == "right"].add(key)
    return PayoutVerdict(
        {(key, kind) for key, kind in uow.session.execute(text(_BREAKS))},
        {(rule, frozenset(left), frozenset(right)) for (_, rule), (left, right) in groups.items()},
        {
            (side, key, why)
            for side, key, why in uow.session.execute(text("SELECT side, ext_key, why FROM recon_expected"))
        },
    )
