"""Business days: the weekends and holidays of a legal entity's country, and the days it adds itself. Pure."""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

import holidays

from services.core.clock import business_day


def month_of(day: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last day of the day's month."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """The days on which an entity's money moves: no weekend and no holiday of `country` (ISO 3166), none of `own`.

    Without a country only weekends rest. Distances are whole business days; an instant belongs to its day in
    `time_zone`, the entity's.
    """

    country: str | None = None
    own: frozenset[dt.date] = frozenset()
    time_zone: str = "UTC"

    def is_business_day(self, day: dt.date) -> bool:
        return day.weekday() not in _weekend(self.country) and day not in self.own and day not in self._named(day.year)

    def after(self, day: dt.date, count: int) -> dt.date:
        """The `count`-th business day after `day`; the day itself for 0."""
        while count > 0:
            day += dt.timedelta(days=1)
            count -= self.is_business_day(day)
        return day

    def before(self, day: dt.date, count: int) -> dt.date:
        """The day with exactly `count` business days after it up to `day`; rest days count as the last before."""
        while not self.is_business_day(day):
            day -= dt.timedelta(days=1)
        while count > 0:
            day -= dt.timedelta(days=1)
            count -= self.is_business_day(day)
        return day

    def between(self, first: dt.date, last: dt.date) -> int:
        """Business days after `first` up to and including `last`; 0 when `last` is not later."""
        if last <= first:
            return 0
        return self._up_to(last) - self._up_to(first) + sum(_count(self, y) for y in range(first.year, last.year))

    def apart(self, one: dt.date, other: dt.date) -> int:
        """The distance in business days, whichever is earlier."""
        return self.between(min(one, other), max(one, other))

    def instants_apart(self, one: dt.datetime, other: dt.datetime) -> int:
        """The distance in business days of the days on which two instants fall."""
        return self.apart(business_day(one, self.time_zone), business_day(other, self.time_zone))

    def holidays(self, year: int, *, locale: str = "en") -> dict[dt.date, str]:
        """The country's holidays of a year with their names in `locale`, or as the country calls them where they have
        none in it; its own days are not among them."""
        if self.country is None or not knows(self.country):
            return {}
        spoken = holidays.country_holidays(self.country).supported_languages
        wanted = next((one for one in _SPOKEN.get(locale, ()) if one in spoken), None)
        return dict(holidays.country_holidays(self.country, years=year, language=wanted))

    def _named(self, year: int) -> dict[dt.date, str]:
        return _holidays(self.country, year)

    def _up_to(self, day: dt.date) -> int:
        """Business days of the day's year up to and including it."""
        return bisect_right(_days(self, day.year), day)


_SPOKEN = {"de": ("de",), "en": ("en_GB", "en_US")}
WEEKENDS = BusinessCalendar()
"""Where no entity is known: Monday to Friday."""


def knows(country: str) -> bool:
    """Whether the holidays of a country (ISO 3166, two letters) are known."""
    return country in holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _holidays(country: str | None, year: int) -> dict[dt.date, str]:
    return dict(holidays.country_holidays(country, years=year)) if country and knows(country) else {}


@lru_cache(maxsize=64)
def _weekend(country: str | None) -> frozenset[int]:
    known = country and knows(country)
    return frozenset(holidays.country_holidays(country).weekend) if country and known else frozenset({5, 6})


@lru_cache(maxsize=256)
def _days(calendar: BusinessCalendar, year: int) -> tuple[dt.date, ...]:
    first = dt.date(year, 1, 1)
    days = (first + dt.timedelta(days=n) for n in range(366))
    return tuple(day for day in days if day.year == year and calendar.is_business_day(day))


def _count(calendar: BusinessCalendar, year: int) -> int:
    return len(_days(calendar, year))
