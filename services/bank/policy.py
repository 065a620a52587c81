"""When statements prove something: pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.bank.views import GapView
from services.bank.vocabulary import DayState, GapKind, StatementProblem

_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_CLOSED = {(1, 1), (5, 1), (12, 25), (12, 26)}


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


def is_bank_day(day: dt.date) -> bool:
    """Whether euro payments are settled on the day: no weekend, none of TARGET's six closing days (ECB, since 2002:
    New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December)."""
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _CLOSED:
        return False
    easter = _easter(day.year)
    return day not in (easter - 2 * _DAY, easter + _DAY)


def gaps_of(links: Sequence[ChainLink], through: dt.date, *, awaited_from: dt.date | None = None) -> list[GapView]:
    """The holes up to `through`, oldest first: a statement that does not balance, a jump in the sequence number, a
    number given twice, a missing page, an opening that is not the previous closing, and bank days after the last
    statement (or from `awaited_from` on, where there is none at all)."""
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
    if start and (awaited := [day for day in _days(start, through) if is_bank_day(day)]):
        gaps.append(GapView(GapKind.AWAITED, awaited[0], awaited[-1], None, None))
    return sorted(gaps, key=lambda gap: (gap.first_day, gap.last_day))


def day_states(
    links: Sequence[ChainLink], gaps: Sequence[GapView], first: dt.date, last: dt.date, through: dt.date
) -> list[tuple[dt.date, DayState]]:
    """What is known of each day from `first` to `last`; days after `through` are still ahead."""
    begun = min((link.first_day for link in links), default=None)
    found = []
    for day in _days(first, last):
        hole = next((gap for gap in gaps if gap.first_day <= day <= gap.last_day), None)
        stated = any(link.first_day <= day <= link.last_day for link in links)
        if day > through:
            state = DayState.AHEAD
        elif hole is not None:
            state = DayState.AWAITED if hole.kind is GapKind.AWAITED else DayState.GAP
            state = DayState.REST if not stated and not is_bank_day(day) else state
        elif begun is None or day < begun:
            state = DayState.BEFORE
        else:
            state = DayState.PROVEN if stated else DayState.REST
        found.append((day, state))
    return found


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


def _easter(year: int) -> dt.date:
    """Easter Sunday (the Gregorian computus of Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap, part = divmod(century, 4)
    moon = (19 * golden + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * part + 2 * (rest // 4) - moon - rest % 4) % 7
    month, day = divmod(moon + week - 7 * ((golden + 11 * moon + 22 * week) // 451) + 114, 31)
    return dt.date(year, month, day + 1)
