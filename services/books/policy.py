"""Which days of a ledger are whole: pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from services.books.vocabulary import DayState, Expectation, GapKind

_DAY = dt.timedelta(days=1)
_SATURDAY = 5

Hole = tuple[GapKind, dt.date, dt.date]


def holes_of(
    delivered: Collection[dt.date],
    rejected: Collection[dt.date],
    *,
    expects: Expectation,
    through: dt.date,
    awaited_from: dt.date,
) -> list[Hole]:
    """The days up to `through` that are not whole, joined to stretches, oldest first.

    `delivered` are the days some file speaks for, `rejected` those of which a row was not taken. A ledger that
    never delivered is awaited from `awaited_from` on.
    """
    holes = _stretches([day for day in sorted(rejected) if day <= through], GapKind.REJECTED)
    if expects is Expectation.NOTHING:
        return holes
    last = max((day for day in delivered if day <= through), default=None)
    first = min(delivered, default=awaited_from)
    wanted = [day for day in _days(first, through) if _is_expected(day, expects) and day not in delivered]
    missing = [day for day in wanted if last is not None and day < last]
    awaited = [day for day in wanted if last is None or day > last]
    holes += _stretches(missing, GapKind.MISSING) + _stretches(awaited, GapKind.AWAITED)
    return sorted(holes, key=lambda hole: (hole[1], hole[2]))


def day_state(day: dt.date, *, delivered: Collection[dt.date], holes: Sequence[Hole], through: dt.date) -> DayState:
    """What is known of a day; days after `through` are still ahead."""
    if day > through:
        return DayState.AHEAD
    kind = next((kind for kind, first, last in holes if first <= day <= last), None)
    if kind is GapKind.AWAITED:
        return DayState.AWAITED
    if kind is not None:
        return DayState.GAP
    if day in delivered:
        return DayState.PROVEN
    return DayState.BEFORE if not delivered or day < min(delivered) else DayState.REST


def _is_expected(day: dt.date, expects: Expectation) -> bool:
    return expects is Expectation.EVERY_DAY or day.weekday() < _SATURDAY


def _stretches(days: Sequence[dt.date], kind: GapKind) -> list[Hole]:
    """Days in a row as one hole; a weekend between two of them does not part them."""
    found: list[Hole] = []
    for day in days:
        if found and (day - found[-1][2]).days <= (3 if day.weekday() == 0 else 1):
            found[-1] = (kind, found[-1][1], day)
        else:
            found.append((kind, day, day))
    return found


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY
