"""When statements prove something: pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import holidays

from services.bank.views import GapView
from services.bank.vocabulary import DayState, GapKind, StatementProblem

_DAY = dt.timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What the chain of an account's statements is made of."""

    sequence: int | None
    page: int
    first_day: dt.date
    last_day: dt.date
    opening_minor: int | None
    closing_minor: int | None
    lines_minor: int
    last_page: bool = True

    @property
    def problem(self) -> StatementProblem | None:
        return problem_of(self.opening_minor, self.lines_minor, self.closing_minor)

    @property
    def difference_minor(self) -> int | None:
        return difference_of(self.opening_minor, self.lines_minor, self.closing_minor)


def difference_of(opening: int | None, lines: int, closing: int | None) -> int | None:
    """opening + lines - closing in minor units; None where a balance is missing."""
    return None if opening is None or closing is None else opening + lines - closing


def problem_of(opening: int | None, lines: int, closing: int | None) -> StatementProblem | None:
    """A statement is complete when opening + sum of its lines = closing."""
    if opening is None:
        return StatementProblem.NO_OPENING
    if closing is None:
        return StatementProblem.NO_CLOSING
    return StatementProblem.DIFFERENCE if difference_of(opening, lines, closing) else None


def is_bank_day(day: dt.date, country: str | None = None) -> bool:
    """Whether a bank books on the day: no weekend, none of TARGET's closing days, and no holiday of `country`, which is
    given for accounts in another currency than euro (ISO 3166)."""
    return day.weekday() < _SATURDAY and day not in _closed(day.year, country)


@lru_cache(maxsize=256)
def _closed(year: int, country: str | None) -> frozenset[dt.date]:
    known = country is not None and country in holidays.list_supported_countries(include_aliases=False)
    return frozenset(holidays.financial_holidays("ECB", years=year)) | (
        frozenset(holidays.country_holidays(country, years=year)) if country and known else frozenset()
    )


def gaps_of(
    links: Sequence[ChainLink], through: dt.date, *, awaited_from: dt.date | None = None, country: str | None = None
) -> list[GapView]:
    """The holes up to `through`, oldest first: a statement that does not balance, a jump in the sequence number, a
    number given twice, a missing page, an opening that is not the previous closing, and bank days after the last
    statement (or from `awaited_from` on, where there is none at all); `country` as in `is_bank_day`."""
    ordered = sorted(links, key=lambda link: (link.last_day, link.sequence or 0, link.page))
    seen = [link for link in ordered if link.first_day <= through]
    gaps = [
        GapView(GapKind.UNBALANCED, link.first_day, link.last_day, None, link.difference_minor)
        for link in seen
        if link.problem
    ]
    gaps += [gap for before, after in pairwise(seen) if (gap := _between(before, after))]
    if seen and not seen[-1].last_page:
        gaps.append(GapView(GapKind.PAGE, seen[-1].last_day, seen[-1].last_day, None, None))
    start = seen[-1].last_day + _DAY if seen else awaited_from
    if start and (awaited := [day for day in _days(start, through) if is_bank_day(day, country)]):
        gaps.append(GapView(GapKind.AWAITED, awaited[0], awaited[-1], None, None))
    return sorted(gaps, key=lambda gap: (gap.first_day, gap.last_day))


def day_states(
    links: Sequence[ChainLink],
    gaps: Sequence[GapView],
    days: tuple[dt.date, dt.date],
    through: dt.date,
    country: str | None = None,
) -> list[tuple[dt.date, DayState]]:
    """What is known of each day from the first to the last of `days`; those after `through` are still ahead.

    Of a hole without statement only the days on which the bank books are marked; all of them where it books on none.
    """
    begun = min((link.first_day for link in links), default=None)
    found = []
    for day in _days(*days):
        stated = any(link.first_day <= day <= link.last_day for link in links)
        hole = next((gap for gap in gaps if gap.first_day <= day <= gap.last_day), None)
        if day > through:
            state = DayState.AHEAD
        elif hole and (stated or day in _marked(hole, country)):
            state = DayState.AWAITED if hole.kind is GapKind.AWAITED else DayState.GAP
        elif stated:
            state = DayState.PROVEN
        else:
            state = DayState.BEFORE if begun is None or day < begun else DayState.REST
        found.append((day, state))
    return found


def _marked(gap: GapView, country: str | None) -> list[dt.date]:
    days = list(_days(gap.first_day, gap.last_day))
    return [day for day in days if is_bank_day(day, country)] or days


def covered_through(links: Sequence[ChainLink], gaps: Sequence[GapView], through: dt.date) -> dt.date | None:
    """The last day that is proven: the day before the first hole, at most `through`."""
    if not links:
        return None
    first_day = min(link.first_day for link in links)
    proven = gaps[0].first_day - _DAY if gaps else through
    return proven if proven >= first_day else None


def _between(before: ChainLink, after: ChainLink) -> GapView | None:
    same = before.sequence is not None and before.sequence == after.sequence
    if same and before.page == after.page and before.last_day.year == after.last_day.year:
        return GapView(GapKind.DUPLICATE, after.first_day, after.last_day, None, None)
    if not same and not before.last_page:
        return GapView(GapKind.PAGE, before.last_day, before.last_day, None, None)
    missing = _missing(before, after)
    known = before.closing_minor is not None and after.opening_minor is not None
    difference = (after.opening_minor or 0) - (before.closing_minor or 0) if known else 0
    if not missing and not difference:
        return None
    first = min(before.last_day + _DAY, after.first_day)
    return GapView(
        GapKind.SEQUENCE if missing else GapKind.BALANCE,
        first,
        max(first, after.first_day - _DAY),
        missing or None,
        difference or None,
    )


def _missing(before: ChainLink, after: ChainLink) -> int:
    """How many statements the sequence numbers miss in between; numbers may start again with a new year."""
    if before.sequence is None or after.sequence is None:
        return 0
    if after.sequence == before.sequence:
        return max(0, after.page - before.page - 1)
    if after.sequence < before.sequence and after.last_day.year > before.last_day.year:
        return after.sequence - 1
    return max(0, after.sequence - before.sequence - 1)


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY
