"""Time: aware UTC inside, business days in the merchant's time zone, local time only on the page."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from zoneinfo import ZoneInfo

UTC = dt.UTC


class Clock:
    """The instant the business lives in.

    In production that is the wall clock. On the sandbox it may run ahead, because `kontor sandbox advance`
    moves the merchant's world on; the offset stands in a small file that every process reads.
    Leases, sessions and audit rows use the database's own clock and are never shifted.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file
        self._stamp: float = -1.0
        self._offset = dt.timedelta(0)

    def now(self) -> dt.datetime:
        """Aware UTC, microseconds."""
        return dt.datetime.now(UTC) + self._read_offset()

    def today(self, time_zone: str) -> dt.date:
        """The business day that is running now in the merchant's zone, e.g. `Europe/Berlin`."""
        return business_day(self.now(), time_zone)

    def _read_offset(self) -> dt.timedelta:
        if self._offset_file is None:
            return self._offset
        try:
            stamp = self._offset_file.stat().st_mtime
        except FileNotFoundError:
            return dt.timedelta(0)
        if stamp != self._stamp:
            self._offset = dt.timedelta(seconds=json.loads(self._offset_file.read_text())["offset_seconds"])
            self._stamp = stamp
        return self._offset


class FrozenClock(Clock):
    """A clock that stands still until told otherwise; for tests and back-tests."""

    def __init__(self, instant: dt.datetime) -> None:
        super().__init__()
        self.instant = require_aware(instant)

    def now(self) -> dt.datetime:
        return self.instant


def require_aware(instant: dt.datetime) -> dt.datetime:
    """The same instant in UTC. Raises ValueError for a naive one: a naive time has no place in the books."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone; pass an aware datetime")
    return instant.astimezone(UTC)


def business_day(instant: dt.datetime, time_zone: str) -> dt.date:
    """The calendar day of `instant` in the merchant's zone: 23:30 UTC on 1 May is 2 May in Berlin."""
    return require_aware(instant).astimezone(ZoneInfo(time_zone)).date()


def day_bounds(day: dt.date, time_zone: str) -> tuple[dt.datetime, dt.datetime]:
    """First instant of the business day and of the next one, in UTC: 23 or 25 hours apart when clocks change."""
    zone = ZoneInfo(time_zone)
    start = dt.datetime.combine(day, dt.time.min, zone)
    end = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)
