"""The merchant's own rates, and amounts in currencies of other decimals."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.reconciliation import (
    Definition,
    Rate,
    SourceKind,
    groups_of,
    list_rates,
    load_rates,
    rates_of_table,
    reconcile,
)
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load
from tests.factories.rules import publish

_TABLE = "day;base;quote;rate\n2026-03-16;EUR;JPY;163.4\n2026-03-16;KWD;EUR;2.99\n2026-03-13;EUR;CHF;0.95\n"


def test_a_table_of_rates_is_kept_and_a_rate_replaced(uow: UnitOfWork):
    assert load_rates(uow, rates=rates_of_table(_TABLE)) == 3
    load_rates(uow, rates=[Rate("EUR", "CHF", dt.date(2026, 3, 13), Decimal("0.96"))])
    assert [row.rate for row in list_rates(uow, base="EUR", quote="CHF")] == [Decimal("0.96")]
    assert [row.base for row in list_rates(uow)] == ["EUR", "KWD", "EUR"]


@pytest.mark.parametrize(
    "table",
    ["a,b\n", "day,base,quote,rate\n2026-03-16,EUR,CHF\n", "day,base,quote,rate\nsoon,EUR,CHF,1\n"],
)
def test_another_form_of_table_is_refused(table: str):
    with pytest.raises(Invalid):
        rates_of_table(table)


@pytest.mark.parametrize(
    "rate",
    [
        Rate("EUR", "EUR", DAY, Decimal(1)),
        Rate("EUR", "chf", DAY, Decimal(1)),
        Rate("EUR", "CHF", DAY, Decimal(0)),
        Rate("EUR", "CHF", DAY, Decimal("NaN")),
        Rate("EUR", "CHF", DAY, Decimal("0.00000000001")),
    ],
)
def test_what_is_no_rate_is_refused(uow: UnitOfWork, rate: Rate):
    with pytest.raises(Invalid):
        load_rates(uow, rates=[rate])


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        (Row("a", 10_000), Row("a", 16_345, "JPY"), "exchanged at EUR/JPY 163.4 of 2026-03-16, -5 minor units apart"),
        (Row("a", 16_340, "JPY"), Row("a", 10_001), "exchanged at EUR/JPY 163.4 of 2026-03-16, -1 minor units apart"),
        (Row("a", 10_000, "KWD"), Row("a", 2_990), "exchanged at KWD/EUR 2.99 of 2026-03-16, 0 minor units apart"),
        (Row("a", 10_000), Row("a", 9_500, "CHF"), "exchanged at EUR/CHF 0.95 of 2026-03-13, 0 minor units apart"),
    ],
)
def test_decimals_of_both_currencies_count_and_the_residual_is_said(uow: UnitOfWork, left: Row, right: Row, why: str):
    load_rates(uow, rates=rates_of_table(_TABLE))
    publish(uow, Definition.SETTLEMENT, fx_tolerance_ppm=1_000)
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [left])
    load(uow, entity, SourceKind.STRIPE, [right])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    (group,) = groups_of(uow, run_id=run.id)
    assert (group.rule, group.why, run.breaks) == ("S-25", why, 0)
