"""What has two explanations goes to a person, and what was explained once is not explained again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from services.core.db import UnitOfWork
from services.reconciliation import Definition, SourceKind, groups_of, load_rates, rates_of_table, reconcile
from services.reconciliation.pairing import Item, Limits, pair
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load
from tests.factories.rules import publish

_LIMITS = Limits(similarity=80, margin=10, window_days=7, batch_size=6)
_PAYOUTS = [Item("po_first000001", 400, "EUR", DAY), Item("po_second00002", 500, "EUR", DAY)]


@pytest.mark.parametrize(
    ("order", "left", "right"),
    [
        (["S-91"], [Row("one", 900), Row("two", 900)], [Row("m", 400), Row("n", 500)]),
        (["S-91"], [Row("one", 900)], [Row("m", 400), Row("n", 500), Row("whole", 900)]),
        (["S-91"], [Row("one", 900), Row("two", 500)], [Row("m", 400), Row("n", 500)]),
        (
            ["S-90"],
            [Row("deposit", 900)],
            [
                Row("p1:charge", 400, batch="po_1"),
                Row("p2:charge", 500, batch="po_1"),
                Row("p3:charge", 300, batch="po_2"),
                Row("p4:charge", 600, batch="po_2"),
            ],
        ),
    ],
)
def test_a_sum_with_another_explanation_goes_to_a_person(
    uow: UnitOfWork, order: list[str], left: list[Row], right: list[Row]
):
    publish(uow, Definition.SETTLEMENT, order=order)
    groups, counts = _settled(uow, left, right)
    assert groups == []
    assert counts == {"missing_left": len(right), "missing_right": len(left)}


def test_with_too_many_to_choose_from_no_key_is_called_alike(uow: UnitOfWork):
    publish(uow, Definition.SETTLEMENT, order=["S-80"])
    others = [Row(f"zz{n:010d}", 500) for n in range(40)]
    groups, _ = _settled(uow, [Row("ch_abcdefghij", 500)], [Row("ch_abcdefghix", 500), *others])
    assert groups == []


@pytest.mark.parametrize(
    ("right", "counts"),
    [
        (Row("a", 9_510, "CHF"), {}),
        (Row("a", 9_510, "CHF", status="failed"), {"status": 1}),
        (Row("a", 9_510, "CHF", day=DAY - dt.timedelta(days=5), reference="X"), {"timing": 1}),
        (Row("a", 9_510, "CHF", day=DAY - dt.timedelta(days=4), reference="Y-1"), {"reference": 1}),
        (Row("a", 9_510, "CHF", day=DAY - dt.timedelta(days=4), reference="x"), {}),
        (Row("a", 9_990, day=DAY - dt.timedelta(days=4), reference="x"), {}),
        (Row("a", 9_990, reference="Y-1"), {"reference": 1}),
        (Row("a", 10_000, day=DAY - dt.timedelta(days=4)), {}),
    ],
)
def test_amounts_that_nearly_agree_leave_the_other_rules_their_say(uow: UnitOfWork, right: Row, counts: dict[str, int]):
    """Four days before the Monday lies a Thursday: two business days."""
    load_rates(uow, rates=rates_of_table("day;base;quote;rate\n2026-03-10;EUR;CHF;0.95\n"))
    beyond = {"timing_days": 2, "timing_business_days": 1, "check_references": 1}
    publish(uow, Definition.SETTLEMENT, amount_tolerance_minor=10, fx_tolerance_ppm=2_000, **beyond)
    groups, found = _settled(uow, [Row("a", 10_000, reference="X")], [right])
    assert found == counts
    assert len(groups) == (not counts and right.minor != 10_000)


def test_a_rate_quoted_the_other_way_is_divided_by(uow: UnitOfWork):
    load_rates(uow, rates=rates_of_table("day;base;quote;rate\n2026-03-16;CHF;EUR;3\n2026-03-16;EUR;JPY;100\n"))
    publish(uow, Definition.SETTLEMENT, fx_tolerance_ppm=50_000)
    (group,), _ = _settled(uow, [Row("a", 31_500_001)], [Row("a", 10_500_000, "CHF")])
    assert group.why == "exchanged at CHF/EUR 3 of 2026-03-16, 0 minor units apart"


def test_two_lines_that_name_the_same_payouts_are_one_and_its_repeat():
    both = "SAMMLER po_first000001 po_second00002"
    lines = [Item(name, 900, "EUR", DAY, both) for name in ("L1", "L2")] + [
        Item("L3", 400, "EUR", DAY, "po_first000001")
    ]
    found = pair(_PAYOUTS, lines, _LIMITS)
    assert [(group.rule, group.lines) for group in found.groups] == [("P-10", ("L1",))]
    assert found.repeats == ["L2", "L3"]


def test_payouts_of_another_currency_add_up_to_nothing():
    line = Item("L1", 900, "CHF", DAY, "SAMMLER po_first000001 po_second00002")
    assert pair(_PAYOUTS, [line], _LIMITS).groups == []


@pytest.mark.parametrize(
    ("payouts", "lines"),
    [
        (_PAYOUTS, [Item(name, 900, "EUR", DAY, "", True) for name in ("L1", "L2")]),
        ([*_PAYOUTS, Item("po_whole000003", 900, "EUR", DAY)], [Item("L1", 900, "EUR", DAY, "", True)]),
    ],
)
def test_a_collective_line_with_a_rival_goes_to_a_person(payouts: list[Item], lines: list[Item]):
    assert pair(payouts, lines, _LIMITS).groups == []


def _settled(uow: UnitOfWork, left: list[Row], right: list[Row]) -> tuple[list[Any], dict[str, int]]:
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    return list(groups_of(uow, run_id=run.id)), dict(run.class_counts)


def test_lines_that_name_the_same_payout_in_different_sums_go_to_a_person():
    third = Item("po_third0000003", 600, "EUR", DAY)
    lines = [
        Item("BK1", 900, "EUR", DAY, "po_first000001 po_second00002"),
        Item("BK2", 1_100, "EUR", DAY, "po_second00002 po_third0000003"),
    ]
    found = pair([*_PAYOUTS, third], lines, replace(_LIMITS, order=("P-10",)))
    assert (found.groups, found.repeats) == ([], [])


_FAILED = [Item("po_failed000001", 700, "EUR", DAY), Item("po_failed000002", 700, "EUR", DAY)]
_ONE, _OTHER = Item("BK1", 700, "EUR", DAY, "po_failed000001"), Item("BK2", 700, "EUR", DAY, "po_failed000002")
_BACK = Item("BK8", -700, "EUR", DAY, "po_failed000001")


@pytest.mark.parametrize(
    ("payouts", "lines"),
    [
        ([], [replace(_ONE, reference="po_failed000001 po_failed000002"), _BACK]),
        ([], [_ONE, _OTHER, replace(_BACK, reference="RETURN")]),
        (
            [Item(f"po_live00000{n}", 800, "EUR", DAY, "po_failed000001") for n in (1, 2)],
            [_ONE, _BACK],
        ),
    ],
)
def test_a_line_of_two_failed_payouts_or_of_a_paid_one_is_not_called_sent_back(payouts: list[Item], lines: list[Item]):
    assert pair(payouts, lines, replace(_LIMITS, order=()), _FAILED).groups == []


def test_two_failed_payouts_that_went_back_each_by_name_are_both_explained():
    lines = [_ONE, _OTHER, _BACK, replace(_BACK, key="BK9", reference="po_failed000002")]
    groups = pair([], lines, replace(_LIMITS, order=()), _FAILED).groups
    assert [group.lines for group in groups] == [("BK1", "BK8"), ("BK2", "BK9")]
