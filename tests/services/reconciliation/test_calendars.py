"""Business days: the country's holidays, TARGET days for euro money, and what an entity adds itself."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.reconciliation import (
    BusinessCalendar,
    Definition,
    SourceKind,
    add_holiday,
    business_calendar,
    holidays_of,
    reconcile,
    remove_holiday,
)
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load
from tests.factories.rules import publish

_DAYS = st.dates(dt.date(2023, 1, 1), dt.date(2028, 12, 31))
_GERMAN = BusinessCalendar("DE", frozenset({dt.date(2026, 12, 24)}))


@settings(deadline=None)
@given(first=_DAYS, last=_DAYS, count=st.integers(0, 9))
def test_distances_agree_with_counting_day_by_day(first: dt.date, last: dt.date, count: int):
    days = [first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert _GERMAN.between(first, last) == sum(_GERMAN.is_business_day(day) for day in days)
    assert _GERMAN.between(first, _GERMAN.after(first, count)) == count
    assert _GERMAN.between(_GERMAN.before(last, count), last) == count


def test_the_country_decides_and_an_unknown_one_rests_on_weekends():
    labour_day, monday = dt.date(2026, 5, 1), dt.date(2026, 5, 4)
    assert not BusinessCalendar("DE").is_business_day(labour_day)
    assert BusinessCalendar("US").is_business_day(labour_day)
    assert BusinessCalendar("??").between(dt.date(2026, 4, 30), monday) == 2


def test_an_entity_adds_days_and_takes_them_back(uow: UnitOfWork):
    entity, eve = an_entity(uow), dt.date(2026, 12, 24)
    add_holiday(uow, entity_id=entity, day=eve, name="Company holiday")
    with pytest.raises(Conflict):
        add_holiday(uow, entity_id=entity, day=eve, name="Again")
    with pytest.raises(Invalid):
        add_holiday(uow, entity_id=entity, day=DAY, name=" ")
    origins = {row.day: row.origin for row in holidays_of(uow, entity_id=entity, year=2026)}
    assert (origins[eve], origins[dt.date(2026, 10, 3)]) == ("own", "country")
    assert not business_calendar(uow, entity_id=entity).is_business_day(eve)
    remove_holiday(uow, entity_id=entity, day=eve)
    with pytest.raises(NotFound):
        remove_holiday(uow, entity_id=entity, day=eve)
    assert business_calendar(uow, entity_id=entity).is_business_day(eve)


@pytest.mark.parametrize(
    ("locale", "country", "name"),
    [("en", "DE", "German Unity Day"), ("de", "DE", "Tag der Deutschen Einheit"), ("de", "XX", None)],
)
def test_a_holiday_is_named_as_the_reader_calls_it(locale, country, name):
    assert BusinessCalendar(country).holidays(2026, locale=locale).get(dt.date(2026, 10, 3)) == name


def test_a_day_of_rest_moves_what_is_still_expected(uow: UnitOfWork):
    entity = an_entity(uow)
    publish(uow, Definition.SETTLEMENT, expected_days=1)
    load(uow, entity, SourceKind.BOOKS, [Row("a:charge", 100, day=DAY - dt.timedelta(days=3))])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (run.breaks, run.expected) == (1, 0)
    add_holiday(uow, entity_id=entity, day=DAY, name="Carnival")
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (run.breaks, run.expected) == (0, 1)
