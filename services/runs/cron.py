"""Cron lines, read strictly: weekdays by name only, since the numbers mean different days in different tools."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from services.runs.errors import InvalidRule

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class CronLine:
    """`minute hour day-of-month month weekday`. A date must satisfy day of month and weekday both."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    fixed_hours: bool

    @property
    def once_a_day(self) -> bool:
        return self.fixed_hours and len(self.hours) == len(self.minutes) == 1

    def matches_day(self, day: dt.date) -> bool:
        return day.day in self.days and day.month in self.months and day.weekday() in self.weekdays

    def matches_time(self, at: dt.time) -> bool:
        return at.hour in self.hours and at.minute in self.minutes

    def times(self) -> list[dt.time]:
        return [dt.time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)]


def parse_cron(line: str) -> CronLine:
    """Raises InvalidRule with the part that cannot be read and what it takes."""
    fields = line.lower().split()
    if len(fields) != 5:
        sentence = "is not a cron line; it takes five fields: minute hour day month weekday, e.g. 30 2 * * mon-fri."
        raise InvalidRule("cron_fields", f"“{line}” {sentence}", line=line)
    minute, hour, day, month, weekday = fields
    return CronLine(
        minutes=_numbers(minute, 0, 59, "minute"),
        hours=(hours := _numbers(hour, 0, 23, "hour")),
        days=_numbers(day, 1, 31, "day"),
        months=_numbers(month, 1, 12, "month", _MONTHS),
        weekdays=_weekdays(weekday),
        fixed_hours=len(hours) < 24,
    )


def _numbers(field: str, low: int, high: int, name: str, words: tuple[str, ...] = ()) -> frozenset[int]:
    return frozenset(value for part in field.split(",") for value in _part(part, low, high, name, words))


def _part(part: str, low: int, high: int, name: str, words: tuple[str, ...]) -> range:
    span, _, step = part.partition("/")
    try:
        if span == "*":
            first, last = low, high
        else:
            start, dash, end = span.partition("-")
            first = _value(start, low, words)
            last = _value(end, low, words) if dash else (high if step else first)
        values = range(first, last + 1, _value(step, low, ()) if step else 1)
    except ValueError:
        raise _not_a(part, name, low, high) from None
    if not low <= first <= last <= high:
        raise _not_a(part, name, low, high)
    return values


def _not_a(part: str, name: str, low: int, high: int) -> InvalidRule:
    sentence = f"“{part}” is not a {name}; write {low} to {high}, a-b, */n or a list of them."
    return InvalidRule(f"cron_{name}", sentence, part=part, low=low, high=high)


def _value(text: str, low: int, words: tuple[str, ...]) -> int:
    if text in words:
        return words.index(text) + low
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def _weekdays(field: str) -> frozenset[int]:
    days: set[int] = set()
    for part in field.split(","):
        if part == "*":
            return frozenset(range(7))
        start, dash, end = part.partition("-")
        if start not in _WEEKDAYS or (dash and end not in _WEEKDAYS):
            sentence = f"“{part}” is not a weekday; write names: mon, tue, wed, thu, fri, sat, sun, or mon-fri."
            raise InvalidRule("cron_weekday", sentence, part=part)
        first = _WEEKDAYS.index(start)
        last = _WEEKDAYS.index(end) if dash else first
        days.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(days)
