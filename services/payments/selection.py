"""Which payments somebody looks at: read from an address, turned into the same rows for charts, lists and exports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.core.clock import UTC, day_bounds
from services.core.errors import Invalid

_DAYS_SHOWN = 14
_MOST_DAYS = 3 * 366
_MOST_HOURLY_DAYS = 14
_DAILY_DAYS = 62


class Step(StrEnum):
    """The width of a chart's points."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Selection:
    """Business days `first` to `last`, both included, and what narrows them; `at` picks one point of the chart.

    Days are those of the merchant's zone. Without days: the last 14 up to today.
    """

    first: dt.date | None = None
    last: dt.date | None = None
    step: Step | None = None
    at: dt.datetime | None = None
    currency: str | None = None
    method: str | None = None
    country: str | None = None
    status: str | None = None
    failure: str | None = None
    customer: str | None = None
    text: str | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> Selection:
        """Reads `from, to, step, at, currency, method, country, status, failure, customer, q`. Raises Invalid."""
        try:
            return cls(
                first=_day(query.get("from")),
                last=_day(query.get("to")),
                step=Step(query["step"]) if query.get("step") else None,
                at=_instant(query.get("at")),
                **{name: query.get(name) or None for name in ("currency", "method", "country", "status", "failure")},
                customer=query.get("customer") or None,
                text=query.get("q") or None,
            )
        except ValueError:
            raise Invalid("This address holds a day, a time or a step that does not exist.") from None

    def period(self, today: dt.date, zone: str) -> Period:
        """The days made definite. Raises Invalid when they run backwards or over more than three years."""
        last = self.last or max(today, self.first or today)
        first = self.first or last - dt.timedelta(days=_DAYS_SHOWN - 1)
        days = (last - first).days + 1
        if not 0 < days <= _MOST_DAYS:
            raise Invalid("Choose a first day before the last one, at most three years apart.")
        step = self.step or (Step.HOUR if days <= 2 else Step.DAY if days <= _DAILY_DAYS else Step.WEEK)
        if step is Step.HOUR and days > _MOST_HOURLY_DAYS:
            step = Step.DAY
        return Period(first, last, step, zone)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole business days of a zone, cut into steps."""

    first: dt.date
    last: dt.date
    step: Step
    zone: str

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """First instant, and the first one after the last day."""
        return day_bounds(self.first, self.zone)[0], day_bounds(self.last, self.zone)[1]

    @property
    def former(self) -> Period:
        """As many days directly before."""
        days = (self.last - self.first).days + 1
        return Period(self.first - dt.timedelta(days=days), self.first - dt.timedelta(days=1), self.step, self.zone)

    def buckets(self) -> list[dt.datetime]:
        """The first instant of every step; hours follow real time, so a day of 23 or 25 hours has as many."""
        start, end = self.bounds
        if self.step is Step.HOUR:
            hours = int((end - start) / dt.timedelta(hours=1))
            return [start + dt.timedelta(hours=n) for n in range(hours)]
        days = [self.first + dt.timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        if self.step is Step.WEEK:
            days = [day for day in days if day.weekday() == 0 or day == self.first]
        return [day_bounds(day, self.zone)[0] for day in days]

    def bucket(self, at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
        """The bounds of the step that holds `at`. Raises Invalid outside the period."""
        start, end = self.bounds
        if not start <= at < end:
            raise Invalid("This point lies outside the chosen days.")
        edges = [*self.buckets(), end]
        index = max(n for n, edge in enumerate(edges[:-1]) if edge <= at)
        return edges[index], edges[index + 1]


def local_weeks_before(instant: dt.datetime, weeks: int, zone: str) -> dt.datetime:
    """The same wall-clock time so many weeks ago."""
    local = instant.astimezone(ZoneInfo(zone))
    return (local - dt.timedelta(weeks=weeks)).astimezone(UTC)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _instant(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    at = dt.datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)
