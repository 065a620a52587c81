"""When a backfill may work: weekly windows in a wall clock's time, and freezes. Pure rules.

A window follows the wall clock. Where the clocks jump over its opening or its closing, it opens or closes at the jump;
a window that lies within the jump does not happen that day. An hour that comes twice counts the first time it is
shown, so a window is never longer than it was agreed to be.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.core.clock import UTC

HORIZON = dt.timedelta(days=60)  # how far ahead the next opening is looked for
NIGHT_OPENS, NIGHT_CLOSES = dt.time(22), dt.time(6)
EVERY_DAY = frozenset(range(7))
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of time, the end excluded; both in UTC."""

    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """Opens on `days` (0 is Monday) at `opens` and closes at `closes`, on the next day where that is not later.

    `group` is the legal entity whose window it is, None for one of the whole installation.
    """

    zone: str
    days: frozenset[int]
    opens: dt.time
    closes: dt.time
    group: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Inside at least one window of every group that has windows, and outside every freeze."""

    windows: tuple[WeeklyWindow, ...] = ()
    freezes: tuple[Span, ...] = ()

    def at_night_only(self, zone: str) -> Calendar:
        """The same, narrowed to the nights of `zone`."""
        night = WeeklyWindow(zone, EVERY_DAY, NIGHT_OPENS, NIGHT_CLOSES, group=uuid.UUID(int=0))
        return Calendar((*self.windows, night), self.freezes)


class Gate(StrEnum):
    """Why work may or may not begin: `unlimited` means that nobody has set up a window."""

    OPEN = "open"
    UNLIMITED = "unlimited"
    CLOSED = "closed"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Standing:
    """`until` is when that changes, None when not within the horizon; for a closed gate it is the next opening."""

    gate: Gate
    until: dt.datetime | None

    @property
    def is_open(self) -> bool:
        return self.gate in (Gate.OPEN, Gate.UNLIMITED)


def standing(calendar: Calendar, at: dt.datetime) -> Standing:
    """How the calendar stands at an instant."""
    spans = open_spans(calendar, at, at + HORIZON)
    here = next((span for span in spans if span.start <= at < span.end), None)
    if here is not None:
        ends = here.end if here.end < at + HORIZON else None
        return Standing(Gate.OPEN if calendar.windows else Gate.UNLIMITED, ends)
    opens = spans[0].start if spans else None
    frozen = any(freeze.start <= at < freeze.end for freeze in calendar.freezes)
    return Standing(Gate.FROZEN if frozen else Gate.CLOSED, opens)


def open_spans(calendar: Calendar, start: dt.datetime, end: dt.datetime) -> list[Span]:
    """All time between two instants in which work may be done, in order, without overlaps."""
    allowed = [Span(start, end)]
    for group in {window.group for window in calendar.windows}:
        mine = [span for one in calendar.windows if one.group == group for span in occurrences(one, start, end)]
        allowed = _both(allowed, _united(mine))
    return _without(allowed, _united(calendar.freezes))


def occurrences(window: WeeklyWindow, start: dt.datetime, end: dt.datetime) -> Iterator[Span]:
    """Each time the window is open between two instants, cut at them."""
    zone = ZoneInfo(window.zone)
    day, last = start.astimezone(zone).date() - _DAY, end.astimezone(zone).date()
    overnight = window.closes <= window.opens
    while day <= last:
        if day.weekday() in window.days:
            opens = instant_of(dt.datetime.combine(day, window.opens), zone)
            closes = instant_of(dt.datetime.combine(day + _DAY if overnight else day, window.closes), zone)
            cut = Span(max(opens, start), min(closes, end))
            if cut.start < cut.end:
                yield cut
        day += _DAY


def instant_of(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """When a wall clock first shows `wall` or, where it jumps over it, when it jumps."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = before.astimezone(zone).utcoffset()
    while after - before > dt.timedelta(seconds=1):
        middle = before + (after - before) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _united(spans: Iterable[Span]) -> list[Span]:
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.start <= whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(whole[-1].end, span.end))
        else:
            whole.append(span)
    return whole


def _both(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    cut = [Span(max(a.start, b.start), min(a.end, b.end)) for a in left for b in right]
    return sorted(span for span in cut if span.start < span.end)


def _without(spans: Sequence[Span], closed: Sequence[Span]) -> list[Span]:
    left = list(spans)
    for hole in closed:
        parts = [(Span(one.start, min(one.end, hole.start)), Span(max(one.start, hole.end), one.end)) for one in left]
        left = [part for pair in parts for part in pair if part.start < part.end]
    return left
