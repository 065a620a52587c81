"""Business days of the banks and local days as seconds since the epoch."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from services.core.clock import day_bounds

_CLOSED = {(1, 1), (5, 1), (12, 25), (12, 26)}
DAY = 86_400


def is_business_day(day: dt.date) -> bool:
    """Monday to Friday, without the fixed TARGET closing days. Easter is left out: the sandbox's bank works then."""
    return day.weekday() < 5 and (day.month, day.day) not in _CLOSED


def add_business_days(day: dt.date, count: int) -> dt.date:
    """The `count`-th business day after `day`."""
    while count:
        day += dt.timedelta(days=1)
        count -= is_business_day(day)
    return day


@lru_cache(maxsize=2048)
def local_bounds(day: dt.date, zone: str) -> tuple[int, int]:
    """Start of the local day and of the next one, in seconds since the epoch."""
    start, end = day_bounds(day, zone)
    return int(start.timestamp()), int(end.timestamp())


def local_day(instant: int, zone: str) -> dt.date:
    """The local calendar day of an instant in seconds since the epoch."""
    day = dt.datetime.fromtimestamp(instant, dt.UTC).date()
    for candidate in (day, day + dt.timedelta(days=1), day - dt.timedelta(days=1)):
        start, end = local_bounds(candidate, zone)
        if start <= instant < end:
            return candidate
    raise ValueError(f"{instant} lies in no day around {day}")  # pragma: no cover - zones differ by less than a day


def utc_midnight(day: dt.date) -> int:
    """00:00 UTC of a calendar day, in seconds since the epoch: how Stripe writes dates."""
    return int(dt.datetime.combine(day, dt.time.min, dt.UTC).timestamp())


def utc_day(instant: int) -> dt.date:
    return dt.datetime.fromtimestamp(instant, dt.UTC).date()
