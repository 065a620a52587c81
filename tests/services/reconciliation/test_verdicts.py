"""A break's page says by which figures each rule went: tolerances, rates with what is left, and who came second."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from console.design.format import Reader
from console.pages.reconciliation.break_sheet import verdict_rows
from services.core.db import UnitOfWork
from services.core.money import Money
from services.reconciliation import (
    Definition,
    Rate,
    RuleVerdict,
    SourceKind,
    add_holiday,
    evidence_of,
    load_rates,
    match_by_hand,
    reconcile,
)
from services.reconciliation.verdicts import worth
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load
from tests.factories.rules import publish

_A_DAY = dt.timedelta(days=1)
_PAID = DAY - dt.timedelta(days=20)  # long enough ago that its line is due


def _verdicts(uow: UnitOfWork, left: list[Row], right: list[Row], **rules: Any) -> dict[str, RuleVerdict]:
    """Of the break of the first left row."""
    publish(uow, Definition.SETTLEMENT, **rules)
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    of_first = text("SELECT number FROM recon_break WHERE subject_key = :key")
    number = uow.session.scalar(of_first, {"key": left[0].key})
    return {verdict.rule: verdict for verdict in evidence_of(at_morning(uow), number=number or 0).verdicts}


def _words(verdict: RuleVerdict, locale: str = "en") -> str:
    return verdict_rows((verdict,), Reader(locale, "Europe/Berlin"))[0]["said"].replace("\u00a0", " ")


def test_two_currencies_say_rate_worth_and_what_is_left(uow: UnitOfWork):
    load_rates(uow, rates=[Rate("EUR", "CHF", DAY, Decimal("0.95"))])
    found = _verdicts(uow, [Row("a:charge", 10_000)], [Row("a:charge", 9_900, "CHF")], fx_tolerance_ppm=10_000)
    exchanged = found["S-25"]
    assert (exchanged.outcome, found["S-30"].outcome) == ("failed", "skipped")
    assert exchanged.figures["worth"] == Money(9_500, "CHF")
    assert (exchanged.figures["apart"], exchanged.figures["allowed"]) == (Money(-400, "CHF"), Money(99, "CHF"))
    said = _words(exchanged)
    assert "worth CHF 95.00 at EUR/CHF 0.95" in said
    assert "−CHF 4.00 left, CHF 0.99 allowed" in said
    assert "Rest" in _words(exchanged, "de")


def test_without_a_rate_that_is_said(uow: UnitOfWork):
    found = _verdicts(uow, [Row("a:charge", 10_000)], [Row("a:charge", 9_900, "CHF")], fx_tolerance_ppm=10_000)
    assert _words(found["S-25"]) == "does not hold: no rate between EUR and CHF in the week before"


@pytest.mark.parametrize(
    ("minor", "left", "right", "rate"), [(10_000, "EUR", "JPY", "163.4"), (2_990, "EUR", "KWD", "0.3")]
)
def test_what_is_told_is_what_the_engine_reckons(uow: UnitOfWork, minor: int, left: str, right: str, rate: str):
    given = Rate(left, right, DAY, Decimal(rate))
    load_rates(uow, rates=[given])
    found = _verdicts(uow, [Row("a:charge", minor)], [Row("a:charge", 1, right)], fx_tolerance_ppm=1)
    kept = uow.session.scalar(text("SELECT left_value FROM recon_break WHERE break_class = 'fx'"))
    assert found["S-25"].figures["worth"].minor == int(kept or 0) == worth(minor, left, right, given)


def test_a_tolerance_says_how_far_apart_and_how_far_is_allowed(uow: UnitOfWork):
    left, right = [Row("a:charge", 10_000)], [Row("a:charge", 10_150)]
    found = _verdicts(uow, left, right, amount_tolerance_minor=5, amount_tolerance_ppm=10_000)
    assert _words(found["S-35"]) == "does not hold: −€1.50 apart, €1.00 allowed"


def test_a_pair_within_the_tolerance_says_so_beside_what_broke_it(uow: UnitOfWork):
    left, right = [Row("a:charge", 10_000)], [Row("a:charge", 10_003, status="failed")]
    found = _verdicts(uow, left, right, amount_tolerance_minor=5)
    assert (found["S-35"].outcome, found["S-50"].outcome) == ("passed", "failed")


def test_no_tolerance_no_word_of_it(uow: UnitOfWork):
    assert "S-35" not in _verdicts(uow, [Row("a:charge", 10_000)], [Row("a:charge", 10_150)])


def test_lateness_counts_as_the_rules_count_it(uow: UnitOfWork):
    entity = an_entity(uow)
    add_holiday(uow, entity_id=entity, day=DAY - dt.timedelta(days=4), name="Founding day")
    publish(uow, Definition.SETTLEMENT, timing_days=2, timing_business_days=1)
    late = dt.datetime.combine(DAY - dt.timedelta(days=7), dt.time(12), dt.UTC)
    load(uow, entity, SourceKind.BOOKS, [Row("a:charge", 100, at=late)])
    load(uow, entity, SourceKind.STRIPE, [Row("a:charge", 100)])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    number = uow.session.scalar(text("SELECT number FROM recon_break WHERE break_class = 'timing'"))
    timing = next(v for v in evidence_of(at_morning(uow), number=number or 0).verdicts if v.rule == "S-60")
    assert (timing.outcome, timing.said, timing.figures["most"]) == ("failed", "business_days", 2)
    assert 2 < timing.figures["count"] < 7


def test_lateness_counts_the_days_of_the_legal_entity(uow: UnitOfWork):
    """Half past eleven at night in London is the next day in Berlin."""
    entity = an_entity(uow)
    publish(uow, Definition.SETTLEMENT, timing_days=1, timing_business_days=1)
    night, noon = dt.datetime(2026, 3, 9, 23, 30, tzinfo=dt.UTC), dt.datetime(2026, 3, 11, 12, tzinfo=dt.UTC)
    load(uow, entity, SourceKind.BOOKS, [Row("a:charge", 100, at=night), Row("b:charge", 100, at=night)])
    load(uow, entity, SourceKind.STRIPE, [Row("a:charge", 100, at=noon), Row("b:charge", 100, at=noon + _A_DAY)])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    late = uow.session.execute(text("SELECT subject_key, number FROM recon_break WHERE break_class = 'timing'")).all()
    assert [row.subject_key for row in late] == ["b:charge"]
    timing = next(v for v in evidence_of(at_morning(uow), number=late[0].number).verdicts if v.rule == "S-60")
    assert timing.figures["count"] == 2


def test_an_ambiguous_one_says_who_came_second(uow: UnitOfWork):
    left = [Row("ch_abcdefgh:charge", 500)]
    right = [Row("ch_abcdefgx:charge", 500), Row("ch_abcdefgy:charge", 500)]
    found = _verdicts(uow, left, right, order=["S-80", "S-95"], similarity_percent=80, margin_percent=10)
    likest = found["S-80"]
    assert (likest.outcome, likest.said, likest.figures["lead"]) == ("failed", "second", 10)
    assert {likest.figures["first"], likest.figures["second"]} == {row.key for row in right}
    assert found["S-95"].figures["count"] == 2
    assert "came second" in _words(likest)


def test_a_deposit_gets_the_sets_of_payments_that_are_worth_it(uow: UnitOfWork):
    """Nothing is matched by itself; a person takes a set as it stands, and the next run has it."""
    entity = an_entity(uow)
    payments = {"p1": 400, "p2": 500, "p3": 77, "p4": 300, "p5": 600}
    load(uow, entity, SourceKind.BOOKS, [Row("deposit", 900)])
    load(uow, entity, SourceKind.STRIPE, [Row(key, minor) for key, minor in payments.items()])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    number = uow.session.scalar(text("SELECT number FROM recon_break WHERE subject_key = 'deposit'")) or 0
    sets = evidence_of(at_morning(uow), number=number).sets
    assert {tuple(sorted(key for _, key, _ in one.members)) for one in sets} == {("p1", "p2"), ("p4", "p5")}
    assert {sum(minor for *_, minor in one.members) for one in sets} == {900}
    chosen = next(one for one in sets if one.members[0][1] in ("p1", "p2"))
    numbers = [number, *(number_ for number_, _, _ in chosen.members)]
    match_by_hand(at_morning(uow), numbers=numbers, reason="One deposit of two payments")
    again = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (again.rule_counts["M-10"], again.breaks) == (1, 3)


@pytest.mark.parametrize("others", [[400, 499], [1_400, -500], [900], [400]])
def test_what_does_not_add_up_is_no_set(uow: UnitOfWork, others: list[int]):
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [Row("deposit", 900)])
    load(uow, entity, SourceKind.STRIPE, [Row(f"p{at}", minor) for at, minor in enumerate(others)])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    number = uow.session.scalar(text("SELECT number FROM recon_break WHERE subject_key = 'deposit'")) or 0
    assert evidence_of(at_morning(uow), number=number).sets == ()


def _of_payout(uow: UnitOfWork, lines: list[Row]) -> RuleVerdict:
    """What P-20 says of the one payout, of 100 euros, that no line of the bank names."""
    entity = an_entity(uow)
    load(
        uow, entity, SourceKind.STRIPE_PAYOUTS, [Row("po_1", 10_000, status="paid", day=_PAID, reference="KONTOR 4711")]
    )
    load(uow, entity, SourceKind.BANK, lines)
    reconcile(at_morning(uow), definition=Definition.PAYOUTS, entity_id=entity)
    number = uow.session.scalar(text("SELECT number FROM recon_break WHERE subject_key = 'po_1'")) or 0
    return next(one for one in evidence_of(at_morning(uow), number=number).verdicts if one.rule == "P-20")


def test_a_lone_payout_says_which_line_came_nearest_and_by_how_much_it_missed(uow: UnitOfWork):
    said = _of_payout(uow, [Row("line", 9_750, day=_PAID, reference="KONTR 4711")])
    assert said.figures["between"] == Money(250, "EUR")
    assert re.fullmatch(
        r"does not hold: nearest is line, reference \d\d % alike, €2\.50 between the amounts", _words(said)
    )
    assert "zwischen den Beträgen" in _words(said, "de")


def test_a_lone_payout_without_a_line_says_so(uow: UnitOfWork):
    assert _words(_of_payout(uow, [])) == "does not hold: no open entry of this currency comes near"


def test_lines_that_contest_a_payout_get_no_figure(uow: UnitOfWork):
    lines = [Row(name, 9_750, day=_PAID, reference="KONTR 4711") for name in ("one", "two")]
    assert _words(_of_payout(uow, lines)) == "does not hold"
