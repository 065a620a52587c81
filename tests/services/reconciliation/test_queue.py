"""The queue: severity by amount, ageing, filters, saved views, and the same step for many breaks."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.identity import Role
from services.reconciliation import (
    AgeBandName,
    BreakFilter,
    Definition,
    Ended,
    Resolution,
    SeverityLevel,
    SourceKind,
    assign_breaks,
    break_views,
    comment_on_breaks,
    list_adjustments,
    list_breaks,
    reconcile,
    remove_break_view,
    reopen_breaks,
    resolve_breaks,
    save_break_view,
    set_severity,
    severities,
    sum_breaks,
)
from services.reconciliation import book_adjustment as book
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load

AMOUNTS = (500, 10_000, 99_999, 100_000, 2_000_000)


@pytest.fixture
def finance(uow: UnitOfWork) -> UnitOfWork:
    a_user(uow, Role.FINANCE, email="ada@example.com")
    entity: uuid.UUID = an_entity(uow)
    rows = [Row(f"ch_{minor}:charge", minor, day=DAY - dt.timedelta(days=n * 3)) for n, minor in enumerate(AMOUNTS)]
    load(uow, entity, SourceKind.STRIPE, [*rows, Row("ch_yen:charge", 20_000, currency="JPY")])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    return acting_as(at_morning(uow), "ada@example.com")


def found(uow: UnitOfWork, **address: str) -> list[str]:
    return sorted(row.subject_key for row in list_breaks(uow, filter=BreakFilter.from_address(address)).rows)


def test_a_page_counts_all_that_match_also_with_no_filter_at_all(finance: UnitOfWork):
    page = list_breaks(finance, filter=BreakFilter(), limit=2)
    assert (len(page.rows), page.total) == (2, len(AMOUNTS) + 1)
    assert list_breaks(finance, filter=BreakFilter(currency="JPY"), limit=2).total == 1


def test_severity_follows_the_thresholds_of_the_currency(finance: UnitOfWork):
    by_key = {row.subject_key: row.severity for row in list_breaks(finance, filter=BreakFilter()).rows}
    assert by_key["ch_500:charge"] is SeverityLevel.MINOR
    assert by_key["ch_10000:charge"] is by_key["ch_99999:charge"] is by_key["ch_yen:charge"] is SeverityLevel.NOTABLE
    assert by_key["ch_100000:charge"] is SeverityLevel.SEVERE
    assert found(finance, severity="severe") == ["ch_100000:charge", "ch_2000000:charge"]
    assert found(finance, severity="minor") == ["ch_500:charge"]
    assert sum_breaks(finance, filter=BreakFilter()).severities == {
        SeverityLevel.MINOR: 1,
        SeverityLevel.NOTABLE: 3,
        SeverityLevel.SEVERE: 2,
    }
    first = list_breaks(finance, filter=BreakFilter(), sort="severity", limit=2).rows
    assert [row.subject_key for row in first] == ["ch_2000000:charge", "ch_100000:charge"]


def test_thresholds_are_changed_by_who_saw_them_last(finance: UnitOfWork):
    euro = next(row for row in severities(finance) if row.currency == "EUR")
    set_severity(finance, currency="EUR", notable_minor=400, severe_minor=500, version=euro.version)
    assert "ch_500:charge" in found(finance, severity="severe")
    with pytest.raises(Conflict):
        set_severity(finance, currency="EUR", notable_minor=1, severe_minor=2, version=euro.version)
    with pytest.raises(Invalid):
        set_severity(finance, currency="EUR", notable_minor=500, severe_minor=500, version=euro.version + 1)
    set_severity(finance, currency="SEK", notable_minor=1, severe_minor=2)
    assert [row.currency for row in severities(finance)] == ["CHF", "EUR", "GBP", "JPY", "SEK", "USD"]


def test_filters_narrow_by_age_currency_day_and_who_has_it(finance: UnitOfWork):
    ages = {row.subject_key: row.age for row in list_breaks(finance, filter=BreakFilter()).rows}
    for name, low, high in (("fresh", 0, 3), ("week", 4, 7), ("old", 8, 999)):
        assert found(finance, age=name) == sorted(key for key, age in ages.items() if low <= age <= high)
    assert sorted(key for band in AgeBandName for key in found(finance, age=band.value)) == sorted(ages)
    assert found(finance, currency="JPY") == ["ch_yen:charge"]
    assert found(finance, **{"from": "2026-03-14", "to": "2026-03-16"}) == ["ch_500:charge", "ch_yen:charge"]
    number = list_breaks(finance, filter=BreakFilter(currency="JPY")).rows[0].number
    assign_breaks(finance, numbers=[number], person_id=finance.actor.id)
    assert "ch_yen:charge" not in found(finance, assigned="nobody")
    assert found(finance, assigned=str(finance.actor.id)) == ["ch_yen:charge"]
    for wrong in ({"age": "ancient"}, {"severity": "9"}, {"from": "monday"}):
        with pytest.raises(Invalid):
            BreakFilter.from_address(wrong)


def test_a_filter_is_kept_under_a_name(finance: UnitOfWork):
    save_break_view(finance, name=" Mine ", query={"severity": "severe", "after": "50"})
    (view,) = break_views(finance)
    assert (view.name, view.query) == ("Mine", {"severity": "severe"})
    with pytest.raises(Invalid):
        save_break_view(finance, name="Broken", query={"age": "ancient"})
    remove_break_view(finance, view_id=view.id)
    with pytest.raises(NotFound):
        remove_break_view(finance, view_id=view.id)


def test_many_breaks_take_the_same_step_or_none_does(finance: UnitOfWork):
    numbers = [row.number for row in list_breaks(finance, filter=BreakFilter()).rows]
    assert comment_on_breaks(finance, numbers=numbers, body="Asked the shop") == 6
    said = "The shop booked them this morning"
    corrected = Resolution.BOOKS_CORRECTED
    assert resolve_breaks(finance, numbers=numbers[:4], resolution=corrected, reason=said) == Ended(4, 0, 0)
    assert resolve_breaks(finance, numbers=numbers, resolution=corrected, reason=said) == Ended(2, 0, 4)
    assert reopen_breaks(finance, numbers=numbers[:3], reason="The shop took them out again") == 3
    assert len(found(finance, state="unresolved")) == 3
    for wrong in ([], list(range(300))):
        with pytest.raises(Invalid):
            reopen_breaks(finance, numbers=wrong, reason="The shop took them out again")


def test_adjustments_of_all_breaks_stand_in_one_list(finance: UnitOfWork):
    numbers = [row.number for row in list_breaks(finance, filter=BreakFilter()).rows[:2]]
    for day, number in zip((DAY, DAY - dt.timedelta(days=40)), numbers, strict=True):
        book(finance, number=number, amount_minor=100, debit="6855", credit="1360", booked_on=day, memo="Fee too low")
    assert {item.number for item in list_adjustments(finance)} == set(numbers)
    assert [item.number for item in list_adjustments(finance, first_day=DAY)] == numbers[:1]
