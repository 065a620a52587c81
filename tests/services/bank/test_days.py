"""Which days a bank's calendar marks: weekends and holidays rest, unless the hole lies on nothing else."""

from __future__ import annotations

import datetime as dt

import pytest

from services.bank.policy import ChainLink, day_states, gaps_of, is_bank_day
from services.bank.vocabulary import DayState, GapKind

FRIDAY, SATURDAY, SUNDAY, MONDAY = (dt.date(2026, 3, day) for day in (13, 14, 15, 16))
ASCENSION, GOOD_FRIDAY = dt.date(2026, 5, 14), dt.date(2026, 4, 3)


def stated(day: dt.date, sequence: int, opening: int, closing: int) -> ChainLink:
    return ChainLink(sequence, 1, day, day, opening, closing, closing - opening)


def states(links: list[ChainLink], first: dt.date, last: dt.date, country: str | None = None) -> list[DayState]:
    gaps = gaps_of(links, last, country=country)
    return [state for _, state in day_states(links, gaps, (first, last), last, country)]


def test_a_weekend_between_two_statements_rests():
    links = [stated(FRIDAY, 7, 0, 100), stated(MONDAY, 8, 100, 150)]
    assert states(links, FRIDAY, MONDAY) == [DayState.PROVEN, DayState.REST, DayState.REST, DayState.PROVEN]


def test_a_hole_that_lies_on_a_weekend_alone_is_marked_there():
    links = [stated(FRIDAY, 7, 0, 100), stated(MONDAY, 9, 120, 150)]
    assert [gap.kind for gap in gaps_of(links, MONDAY)] == [GapKind.SEQUENCE]
    assert states(links, FRIDAY, MONDAY) == [DayState.PROVEN, DayState.GAP, DayState.GAP, DayState.PROVEN]


def test_a_hole_over_a_weekend_marks_its_bank_days_alone():
    tuesday = MONDAY + dt.timedelta(days=1)
    links = [stated(FRIDAY - dt.timedelta(days=1), 6, 0, 100), stated(tuesday, 9, 120, 150)]
    found = states(links, FRIDAY, tuesday)
    assert found == [DayState.GAP, DayState.REST, DayState.REST, DayState.GAP, DayState.PROVEN]


def test_a_statement_of_a_week_that_does_not_balance_proves_none_of_its_days():
    week = ChainLink(1, 1, FRIDAY, MONDAY, 0, 100, 90)
    assert states([week], FRIDAY, MONDAY) == [DayState.GAP] * 4


@pytest.mark.parametrize(
    ("day", "country", "booked"),
    [
        (GOOD_FRIDAY, None, False),
        (GOOD_FRIDAY, "CH", False),
        (ASCENSION, None, True),
        (ASCENSION, "CH", False),
        (ASCENSION, "XX", True),
        (SUNDAY, None, False),
        (MONDAY, "CH", True),
    ],
)
def test_besides_targets_days_a_franc_account_keeps_the_holidays_of_its_country(day, country, booked):
    assert is_bank_day(day, country) is booked


def test_no_statement_is_awaited_for_a_holiday_of_the_accounts_country():
    links = [stated(ASCENSION - dt.timedelta(days=1), 1, 0, 100)]
    assert gaps_of(links, ASCENSION, country="CH") == []
    assert [gap.kind for gap in gaps_of(links, ASCENSION)] == [GapKind.AWAITED]
