"""Windows in a wall clock's time, over ten years and five zones: whatever the clocks do."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.backfills.windows import (
    Calendar,
    Gate,
    Span,
    WeeklyWindow,
    instant_of,
    occurrences,
    open_spans,
    standing,
)

# New York has other dates, Lord Howe jumps by half an hour, Casablanca pauses, Santiago jumps at midnight.
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago")
_FIRST, _LAST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2034, 1, 1, tzinfo=dt.UTC)
_TIMES = st.builds(dt.time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
_WINDOWS = st.builds(
    WeeklyWindow,
    zone=st.sampled_from(ZONES),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=_TIMES,
    closes=_TIMES,
)
_INSTANTS = st.integers(0, 10 * 365 * 24 * 60).map(lambda minute: _FIRST + dt.timedelta(minutes=minute))


def _wall(window: WeeklyWindow, at: dt.datetime) -> dt.datetime:
    return at.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)


def _shown(window: WeeklyWindow, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
    later = dt.timedelta(days=1 if window.closes <= window.opens else 0)
    return dt.datetime.combine(day, window.opens), dt.datetime.combine(day + later, window.closes)


@settings(deadline=None, max_examples=25)
@given(_WINDOWS)
def test_over_ten_years_every_opening_shows_the_times_that_were_agreed(window: WeeklyWindow):
    spans = list(occurrences(window, _FIRST, _LAST))
    for former, following in itertools.pairwise(spans):
        assert former.end <= following.start
    for span in spans[1:-1]:
        opens, closes = _wall(window, span.start), _wall(window, span.end)
        day = opens.date()
        agreed = _shown(window, day)
        # Where the clocks jump over the time, it is the first one they show afterwards.
        assert dt.timedelta(0) <= opens - agreed[0] <= dt.timedelta(hours=1)
        assert dt.timedelta(0) <= closes - agreed[1] <= dt.timedelta(hours=1)
        assert day.weekday() in window.days
    assert len({_wall(window, span.start).date() for span in spans[1:]}) == len(spans) - 1


@settings(deadline=None, max_examples=25)
@given(_WINDOWS)
def test_over_ten_years_no_agreed_day_is_left_out_unless_the_clocks_jumped_over_it(window: WeeklyWindow):
    found = {_wall(window, span.start).date() for span in occurrences(window, _FIRST, _LAST)}
    zone, day = ZoneInfo(window.zone), dt.date(2024, 1, 3)
    while day < dt.date(2033, 12, 29):
        opens, closes = _shown(window, day)
        swallowed = instant_of(opens, zone) == instant_of(closes, zone)
        if day.weekday() in window.days and not swallowed:
            assert day in found or _wall(window, instant_of(opens, zone)).date() in found, day
        day += dt.timedelta(days=1)


@settings(deadline=None, max_examples=60)
@given(_WINDOWS, _INSTANTS)
def test_the_gate_is_open_exactly_within_the_spans(window: WeeklyWindow, at: dt.datetime):
    calendar = Calendar((window,))
    found = standing(calendar, at)
    week = dt.timedelta(days=8)
    within = any(span.start <= at < span.end for span in open_spans(calendar, at - week, at + week))
    assert found.is_open is within
    assert found.until is not None or window.opens == window.closes
    if found.until is not None:
        assert found.until > at
        assert standing(calendar, found.until).is_open is not within


@settings(deadline=None, max_examples=60)
@given(_WINDOWS, _INSTANTS, st.integers(1, 60 * 24 * 5))
def test_a_freeze_closes_whatever_is_open(window: WeeklyWindow, at: dt.datetime, minutes: int):
    freeze = Span(at, at + dt.timedelta(minutes=minutes))
    found = standing(Calendar((window,), (freeze,)), at)
    assert not found.is_open
    assert found.gate is Gate.FROZEN
    assert found.until is None or found.until >= freeze.end
    for span in open_spans(Calendar((window,), (freeze,)), at - dt.timedelta(days=9), at + dt.timedelta(days=9)):
        assert span.end <= freeze.start or span.start >= freeze.end


@settings(deadline=None, max_examples=60)
@given(_WINDOWS, _WINDOWS, _INSTANTS)
def test_every_entity_with_windows_has_to_be_in_one(one: WeeklyWindow, other: WeeklyWindow, at: dt.datetime):
    mine = WeeklyWindow(other.zone, other.days, other.opens, other.closes, uuid.UUID(int=7))
    both = standing(Calendar((one, mine)), at).is_open
    assert both is (standing(Calendar((one,)), at).is_open and standing(Calendar((mine,)), at).is_open)
    either = standing(Calendar((one, other)), at).is_open
    assert either is (standing(Calendar((one,)), at).is_open or standing(Calendar((other,)), at).is_open)


@settings(deadline=None, max_examples=60)
@given(_WINDOWS, _INSTANTS, st.sampled_from(ZONES))
def test_night_only_is_between_ten_and_six_of_the_window_s_time(window: WeeklyWindow, at: dt.datetime, zone: str):
    hour = at.astimezone(ZoneInfo(zone)).hour
    found = standing(Calendar((window,)).at_night_only(zone), at).is_open
    assert not found or (standing(Calendar((window,)), at).is_open and (hour >= 22 or hour < 6))


@pytest.mark.parametrize(
    ("opens", "closes", "hours"),
    [
        (dt.time(1), dt.time(4), 2),  # 29 March 2026 in Berlin: 02:00 to 03:00 is not shown
        (dt.time(2, 30), dt.time(4), 1),
        (dt.time(2), dt.time(3), 0),
        (dt.time(2, 15), dt.time(2, 45), 0),
    ],
)
def test_the_night_the_clocks_jump(opens: dt.time, closes: dt.time, hours: float):
    window = WeeklyWindow("Europe/Berlin", frozenset({6}), opens, closes)
    day = Span(dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC), dt.datetime(2026, 3, 29, 12, tzinfo=dt.UTC))
    open_for = sum(((span.end - span.start).total_seconds() for span in occurrences(window, day.start, day.end)), 0.0)
    assert open_for == hours * 3600


def test_the_night_an_hour_comes_twice_the_window_is_not_longer_than_agreed():
    window = WeeklyWindow("Europe/Berlin", frozenset({6}), dt.time(2, 15), dt.time(2, 45))
    (span,) = occurrences(
        window, dt.datetime(2026, 10, 24, 12, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 12, tzinfo=dt.UTC)
    )
    assert (span.start, span.end) == (
        dt.datetime(2026, 10, 25, 0, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 10, 25, 0, 45, tzinfo=dt.UTC),
    )


def test_without_windows_every_time_outside_a_freeze_is_open():
    at = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    assert standing(Calendar(), at).gate is Gate.UNLIMITED
    found = standing(Calendar((), (Span(at, at + dt.timedelta(hours=2)),)), at)
    assert (found.gate, found.until) == (Gate.FROZEN, at + dt.timedelta(hours=2))
