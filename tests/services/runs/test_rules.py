"""When schedules fire, over changes of the clocks in many zones."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.runs import CatchUp, InvalidRule, Rule
from services.runs.rules import decide

UTC = dt.UTC
ZONES = [
    "Europe/Berlin",
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "America/Santiago",  # changes at midnight
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
]
instants = st.integers(0, 6 * 365 * 1440).map(lambda n: dt.datetime(2024, 1, 1, tzinfo=UTC) + dt.timedelta(minutes=n))
times = st.builds(dt.time, st.integers(0, 23), st.integers(0, 59))


@given(instants, st.sampled_from(ZONES), times)
@example(dt.datetime(2027, 10, 30, tzinfo=UTC), "Europe/Berlin", dt.time(2, 30))
@example(dt.datetime(2027, 3, 26, tzinfo=UTC), "Europe/Berlin", dt.time(2, 30))
@example(dt.datetime(2027, 11, 5, tzinfo=UTC), "America/New_York", dt.time(1, 30))
@example(dt.datetime(2027, 9, 3, tzinfo=UTC), "America/Santiago", dt.time(0, 0))
@settings(deadline=None)
def test_a_daily_rule_fires_once_on_every_local_day(start: dt.datetime, zone: str, at: dt.time):
    firings = list(islice(Rule(zone, daily_at=at).after(start), 10))
    days = [firing.local_day for firing in firings]
    assert all(later - earlier == dt.timedelta(days=1) for earlier, later in pairwise(d for d in days if d))
    assert all(firing.at > start for firing in firings)
    for firing in firings:
        local = firing.at.astimezone(ZoneInfo(zone))
        assert local.date() == firing.local_day
        assert local.time() == at or _is_skipped(firing.local_day, at, zone)


@given(instants, st.sampled_from(ZONES), times)
@settings(max_examples=30, deadline=None)
def test_a_cron_line_with_one_time_is_the_daily_rule(start: dt.datetime, zone: str, at: dt.time):
    daily = islice(Rule(zone, daily_at=at).after(start), 4)
    cron = islice(Rule(zone, cron=f"{at.minute} {at.hour} * * *").after(start), 4)
    assert list(daily) == list(cron)


@given(instants, st.sampled_from(ZONES), st.integers(1, 5).map(lambda n: n * 15 if n < 4 else 1))
@settings(max_examples=30, deadline=None)
def test_a_rule_for_every_hour_follows_elapsed_time_through_every_change(start: dt.datetime, zone: str, minutes: int):
    rule = Rule(zone, cron="*/15 * * * *") if minutes > 1 else Rule(zone, cron="* * * * *")
    step = dt.timedelta(minutes=15 if minutes > 1 else 1)
    firings = list(islice(rule.after(start), 120))
    assert all(later.at - earlier.at == step for earlier, later in pairwise(firings))


@given(instants, st.integers(1, 100_000))
@settings(deadline=None)
def test_an_interval_is_a_fixed_grid_whenever_it_is_asked(start: dt.datetime, seconds: int):
    rule = Rule("Europe/Berlin", every_seconds=seconds)
    first, second, third = islice(rule.after(start), 3)
    assert start < first.at <= start + dt.timedelta(seconds=seconds)
    assert third.at - second.at == second.at - first.at == dt.timedelta(seconds=seconds)
    assert next(rule.after(first.at)) == second


@given(instants, st.sampled_from(ZONES), times, st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_moving_the_watermark_in_steps_loses_and_doubles_nothing(
    start: dt.datetime, zone: str, at: dt.time, hours: int
):
    rule = Rule(zone, daily_at=at)
    end = start + dt.timedelta(days=5)
    seen, watermark = [], start
    while watermark < end:
        now = min(watermark + dt.timedelta(hours=hours), end)
        seen += rule.due(watermark, now)
        watermark = now
    assert seen == list(rule.due(start, end))


def test_the_repeated_hour_counts_once_and_the_skipped_hour_is_made_up_for():
    rule = Rule("Europe/Berlin", cron="30 2 * * *")
    autumn = next(rule.after(dt.datetime(2027, 10, 30, 12, tzinfo=UTC)))
    assert autumn.at == dt.datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    spring = next(rule.after(dt.datetime(2027, 3, 27, 12, tzinfo=UTC)))
    assert spring.at.astimezone(ZoneInfo("Europe/Berlin")).time() == dt.time(3, 30)


def test_weekdays_by_name_mean_what_they_say():
    rule = Rule("UTC", cron="0 9 * * mon-fri")
    days = [firing.at.strftime("%a") for firing in islice(rule.after(dt.datetime(2026, 11, 21, tzinfo=UTC)), 6)]
    assert days == ["Mon", "Tue", "Wed", "Thu", "Fri", "Mon"]


def test_day_of_month_and_weekday_must_both_hold():
    friday = next(Rule("UTC", cron="0 0 13 * fri").after(dt.datetime(2026, 11, 14, tzinfo=UTC)))
    assert friday.at.date() == dt.date(2027, 8, 13)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 9 * * 1-5", "weekday"),
        ("0 9 * * 7", "weekday"),
        ("0 24 * * *", "hour"),
        ("61 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("0 9 * *", "five fields"),
        ("0 0 31 feb *", "never fires"),
        ("5-1 * * * *", "minute"),
    ],
)
def test_a_line_that_would_mean_something_else_is_refused(line: str, says: str):
    with pytest.raises(InvalidRule, match=says):
        Rule("UTC", cron=line)


def test_a_rule_needs_one_way_and_a_zone():
    with pytest.raises(InvalidRule, match="one rule"):
        Rule("UTC", cron="0 9 * * *", every_seconds=5)
    with pytest.raises(InvalidRule, match="time zone"):
        Rule("Europe/Bern", every_seconds=5)


def test_catching_up_starts_all_the_last_or_what_is_on_time():
    rule = Rule("UTC", every_seconds=3600)
    start = dt.datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
    now = start + dt.timedelta(hours=5)
    due = list(rule.due(start, now))
    assert decide(due, CatchUp.ALL, now).start == tuple(due)
    assert decide(due, CatchUp.LAST, now).start == tuple(due[-1:])
    assert decide(due, CatchUp.LAST, now).skip == tuple(due[:-1])
    assert decide(due, CatchUp.SKIP, now).start == ()
    assert decide(due, CatchUp.SKIP, due[-1].at + dt.timedelta(seconds=1)).start == tuple(due[-1:])


def _is_skipped(day: dt.date | None, at: dt.time, zone: str) -> bool:
    """Whether the local time does not exist on that day."""
    assert day is not None
    local = dt.datetime.combine(day, at, ZoneInfo(zone))
    return local.astimezone(UTC).astimezone(ZoneInfo(zone)).time() != at
