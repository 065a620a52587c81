"""Payouts that take money from the bank, and those that failed after the bank had booked them."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation import Definition, RunView, SourceKind, groups_of, reconcile, totals_of
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load

TRACE = "STRIPE-0123456789"
EARLY = DAY - dt.timedelta(days=6)
FAILED = Row("po_failed000001", 50_000, status="failed", reference=TRACE, day=EARLY)
CAME = Row("BK1", 50_000, status="booked", reference=f"STRIPE PAYMENTS {TRACE}", day=EARLY)


def _run(uow: UnitOfWork, left: list[Row], right: list[Row]) -> RunView:
    entity = an_entity(uow)
    load(uow, entity, SourceKind.STRIPE_PAYOUTS, left)
    load(uow, entity, SourceKind.BANK, right)
    return reconcile(at_morning(uow), definition=Definition.PAYOUTS, entity_id=entity)


def _went(reference: str, minor: int = -50_000, days: int = 4) -> Row:
    return Row(
        f"BK{days}{reference[:3]}", minor, status="booked", reference=reference, day=DAY - dt.timedelta(days=days)
    )


@pytest.mark.parametrize("reference", [f"RETURN {TRACE}", "STRIPE RUECKZAHLUNG"])
def test_a_payout_that_failed_after_it_was_paid_explains_both_lines(uow: UnitOfWork, reference: str):
    run = _run(uow, [FAILED], [CAME, _went(reference)])
    (group,) = groups_of(uow, run_id=run.id)
    assert (group.rule, group.left, len(group.right)) == ("P-70", (), 2)
    assert (run.breaks, run.expected, run.deviation_ppm) == (0, 1, 0)
    whole = next(row for row in totals_of(uow, run_id=run.id) if row.span == "all")
    assert whole.difference_minor == 50_000, "the payout itself was not paid, and stands as that"
    assert uow.session.scalar(text("SELECT why FROM recon_expected")) == "not_paid"


@pytest.mark.parametrize(
    "lines",
    [
        [CAME],
        [CAME, _went("RETURN", minor=-49_000)],
        [CAME, _went("ONE"), _went("TWO", days=3)],
        [CAME, _went("LONG BEFORE", days=8)],
    ],
)
def test_money_that_did_not_surely_go_back_is_a_break(uow: UnitOfWork, lines: list[Row]):
    run = _run(uow, [FAILED], lines)
    assert (run.breaks, groups_of(uow, run_id=run.id)) == (len(lines), [])


def test_the_payout_that_follows_a_failed_one_has_its_own_line(uow: UnitOfWork):
    again = Row("po_again0000001", 50_000, status="paid", reference="STRIPE-9876543210", day=DAY - dt.timedelta(days=3))
    paid = Row("BK9", 50_000, status="booked", reference="STRIPE PAYMENTS STRIPE-9876543210", day=again.day)
    run = _run(uow, [FAILED, again], [CAME, _went(f"RETURN {TRACE}"), paid])
    assert {group.rule for group in groups_of(uow, run_id=run.id)} == {"P-20", "P-70"}
    assert run.breaks == 0


def test_a_line_that_names_another_payout_is_not_what_went_back(uow: UnitOfWork):
    taken = Row("po_negative0003", -50_000, status="paid", reference="STRIPE-7777777777", day=EARLY)
    run = _run(uow, [FAILED, taken], [CAME, _went("STRIPE STRIPE-7777777777")])
    assert ([group.rule for group in groups_of(uow, run_id=run.id)], run.breaks) == (["P-20"], 1)


def test_a_negative_payout_is_the_line_that_took_the_money(uow: UnitOfWork):
    taken = Row("po_negative0001", -12_300, status="paid", reference=TRACE, day=EARLY)
    bare = Row("po_negative0002", -4_500, status="paid", reference="STRIPE-5555555555", day=EARLY)
    lines = [
        Row("BK1", -12_300, status="booked", reference=f"STRIPE {TRACE}", day=EARLY),
        Row("BK2", -4_500, status="booked", reference="LASTSCHRIFT", day=EARLY),
    ]
    run = _run(uow, [taken, bare], lines)
    assert (run.breaks, run.rule_counts["P-20"], run.rule_counts["P-40"]) == (0, 1, 1)
