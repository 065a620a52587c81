"""When a schedule fires: pure calendar rules, safe across changes of the clocks.

A rule with fixed hours (daily, or cron that names hours) follows the wall clock: each local time fires once.
In the hour that is repeated in autumn only its first pass counts; a time inside the hour that is skipped in
spring fires as much later as the clocks jumped. A rule without fixed hours (interval, cron for every hour)
follows the instants, so nothing is doubled or left out in elapsed time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.core.clock import UTC, day_bounds, require_aware
from services.runs.cron import CronLine, parse_cron
from services.runs.errors import InvalidRule
from services.runs.vocabulary import CatchUp, RuleKind

_HORIZON_DAYS = 366 * 9  # 29 February is at most eight years away
ON_TIME = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Firing:
    """`local_day` is set for rules that fire once a day: at most one firing counts for each local day."""

    at: dt.datetime
    local_day: dt.date | None = None


@dataclass(frozen=True)
class Rule:
    """Exactly one of the three. Raises InvalidRule at birth for anything that cannot be read or never fires."""

    time_zone: str
    cron: str | None = None
    every_seconds: int | None = None
    daily_at: dt.time | None = None

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.cron, self.every_seconds, self.daily_at)) != 1:
            raise InvalidRule(
                "one_rule", "A schedule takes one rule: a cron line, an interval, or a local time of day."
            )
        if self.every_seconds is not None and not 1 <= self.every_seconds <= 366 * 86_400:
            raise InvalidRule("interval", "An interval takes 1 second to 366 days.")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            sentence = f"“{self.time_zone}” is not a time zone; write it like Europe/Berlin."
            raise InvalidRule("time_zone", sentence, zone=self.time_zone) from None
        if self.cron is not None and next(self.after(dt.datetime(2026, 1, 1, tzinfo=UTC)), None) is None:
            raise InvalidRule("never", f"“{self.cron}” never fires; check the day and the month.", line=self.cron)

    @property
    def kind(self) -> RuleKind:
        if self.cron is not None:
            return RuleKind.CRON
        return RuleKind.INTERVAL if self.every_seconds is not None else RuleKind.DAILY

    def after(self, instant: dt.datetime) -> Iterator[Firing]:
        """The firings later than `instant`, in order, without end (or without any, for an impossible date)."""
        instant = require_aware(instant)
        if self.every_seconds is not None:
            yield from _intervals(instant, self.every_seconds)
        elif self.daily_at is not None:
            yield from self._increasing(self._daily(instant, self.daily_at), instant)
        else:
            yield from self._increasing(self._cron(instant, parse_cron(self.cron or "")), instant)

    def due(self, watermark: dt.datetime, now: dt.datetime) -> Iterator[Firing]:
        """The firings later than `watermark`, up to and including `now`."""
        for firing in self.after(watermark):
            if firing.at > now:
                return
            yield firing

    @staticmethod
    def _increasing(firings: Iterable[Firing], instant: dt.datetime) -> Iterator[Firing]:
        latest = instant
        for firing in firings:
            if firing.at > latest:
                latest = firing.at
                yield firing

    def _days(self, instant: dt.datetime) -> Iterator[dt.date]:
        first = instant.astimezone(ZoneInfo(self.time_zone)).date() - dt.timedelta(days=1)
        return (first + dt.timedelta(days=n) for n in range(_HORIZON_DAYS))

    def _daily(self, instant: dt.datetime, at: dt.time) -> Iterator[Firing]:
        return (Firing(self._instant(day, at), day) for day in self._days(instant))

    def _cron(self, instant: dt.datetime, line: CronLine) -> Iterator[Firing]:
        for day in self._days(instant):
            if not line.matches_day(day):
                continue
            if line.fixed_hours:
                once = day if line.once_a_day else None
                yield from (Firing(at, once) for at in sorted(self._instant(day, at) for at in line.times()))
            else:
                yield from (Firing(at) for at, local in self._minutes(day) if line.matches_time(local))

    def _minutes(self, day: dt.date) -> Iterator[tuple[dt.datetime, dt.time]]:
        zone = ZoneInfo(self.time_zone)
        at, end = day_bounds(day, self.time_zone)
        while at < end:
            yield at, at.astimezone(zone).time()
            at += dt.timedelta(minutes=1)

    def _instant(self, day: dt.date, at: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, at, ZoneInfo(self.time_zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of due firings: those that start a run, and those that are skipped and recorded as such."""

    start: tuple[Firing, ...]
    skip: tuple[Firing, ...]


def decide(due: Iterable[Firing], catch_up: CatchUp, now: dt.datetime) -> Decision:
    """Applies the catch-up policy. A firing at most 60 s old counts as on time for every policy."""
    firings = tuple(due)
    match catch_up:
        case CatchUp.ALL:
            return Decision(firings, ())
        case CatchUp.LAST:
            return Decision(firings[-1:], firings[:-1])
        case CatchUp.SKIP:
            on_time = tuple(f for f in firings if now - f.at <= ON_TIME)[-1:]
            return Decision(on_time, tuple(f for f in firings if f not in on_time))


def _intervals(instant: dt.datetime, seconds: int) -> Iterator[Firing]:
    step = dt.timedelta(seconds=seconds)
    epoch = dt.datetime(1970, 1, 1, tzinfo=UTC)
    at = epoch + ((instant - epoch) // step + 1) * step
    while True:
        yield Firing(at)
        at += step
