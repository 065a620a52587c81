"""Numbers, money, dates and durations as the reader writes them. Formatting is server side; rows hold strings."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency

from console.design.texts import tr
from services.core import figures
from services.core.figures import date, locale_of, number, true_minus
from services.core.money import Money, exponent

NBSP = "\u00a0"
UNKNOWN = "—"
_CODE_BEFORE_DIGIT = re.compile(r"([A-Z]{3})(?=\d)")
# Punctuation and figure spaces are as wide as a point and digits, so units stand under each other.
_PAD = {2: "\u2008\u2007\u2007", 1: "\u2008\u2007", 0: ""}


def signed_number(value: float | Decimal, locale: str, *, decimals: int = 0) -> str:
    """Like `number`, with a plus before what is greater than zero."""
    return ("+" if value > 0 else "") + number(value, locale, decimals=decimals)


def percent(ratio: float | Decimal, locale: str, *, decimals: int = 2) -> str:
    """0.0142 → 1.42 % / 1,42 %."""
    return number(Decimal(str(ratio)) * 100, locale, decimals=decimals) + f"{NBSP}%"


def money(value: Money, locale: str) -> str:
    """Exact to the minor unit, with the symbol: €1,284,802.14 / 1.284.802,14 €."""
    text = format_currency(value.major, value.currency, locale=locale_of(locale), currency_digits=True)
    return true_minus(_CODE_BEFORE_DIGIT.sub(rf"\1{NBSP}", text))


def signed_money(value: Money, locale: str) -> str:
    return ("+" if value.minor > 0 else "") + money(value, locale)


def amount(value: Money, locale: str) -> str:
    """The bare number of a table cell, padded so that currencies of fewer decimals align; the code stands beside it."""
    return figures.amount(value, locale) + _PAD.get(2 - exponent(value.currency), "")


def signed_amount(value: Money, locale: str) -> str:
    return ("+" if value.minor > 0 else "") + amount(value, locale)


def short_date(day: dt.date, locale: str) -> str:
    """16 Mar / 16.03., where the year is plain from the page."""
    return format_date(day, "d MMM" if locale == "en" else "dd.MM.", locale=locale_of(locale))


def long_date(day: dt.date, locale: str) -> str:
    """Tuesday 17 March 2026 / Dienstag, 17. März 2026."""
    return format_date(day, "EEEE d MMMM y" if locale == "en" else "EEEE, d. MMMM y", locale=locale_of(locale))


def moment(instant: dt.datetime, locale: str, time_zone: str) -> str:
    """16 Mar 2026, 09:31 / 16.03.2026, 09:31 in `time_zone`; a naive time is refused."""
    local = _local(instant, time_zone)
    return f"{date(local.date(), locale)}, {format_time(local, 'HH:mm', locale=locale_of(locale))}"


def clock_time(instant: dt.datetime, locale: str, time_zone: str, *, seconds: bool = False, zone: bool = False) -> str:
    """09:42, 09:42:16 or 09:42:16 CET."""
    pattern = "HH:mm:ss" if seconds else "HH:mm"
    return format_datetime(
        _local(instant, time_zone),
        pattern + (" z" if zone else ""),
        tzinfo=ZoneInfo(time_zone),
        locale=locale_of(locale),
    )


def duration(seconds: float, locale: str) -> str:
    """850 ms, 41 s, 5 min 12 s, 2 h 03 min, 8 d."""
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))}{NBSP}ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{NBSP}s"
    if whole < 3600:
        return f"{whole // 60}{NBSP}min" + (f" {whole % 60:02d}{NBSP}s" if whole < 600 else "")
    if whole < 2 * 86_400:
        return f"{whole // 3600}{NBSP}h {whole % 3600 // 60:02d}{NBSP}min"
    return f"{number(whole // 86_400, locale)}{NBSP}{'d' if locale == 'en' else 'T'}"


def compact_id(identifier: str, *, head: int = 8, tail: int = 4) -> str:
    """Machine ids lose their middle: pi_3QZcf…7Phr. The full one belongs into the title."""
    return identifier if len(identifier) <= head + tail + 1 else f"{identifier[:head]}…{identifier[-tail:]}"


def sparkline(values: Sequence[float], *, width: int = 72, height: int = 24) -> tuple[str, str]:
    """An SVG path through the values and the y of the last point; empty without at least two values."""
    if len(values) < 2:
        return "", "0"
    low, span = min(values), (max(values) - min(values)) or 1
    step = width / (len(values) - 1)
    points = [(index * step, height - 2 - (value - low) / span * (height - 4)) for index, value in enumerate(values)]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return path, f"{points[-1][1]:.1f}"


def _local(instant: dt.datetime, time_zone: str) -> dt.datetime:
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone")
    return instant.astimezone(ZoneInfo(time_zone))


@dataclass(frozen=True, slots=True)
class Reader:
    """Formats for one person: their language, and the time zone of the entities they look at."""

    locale: str
    time_zone: str = "Europe/Berlin"

    def number(self, value: float | Decimal, *, decimals: int = 0) -> str:
        return number(value, self.locale, decimals=decimals)

    def signed_number(self, value: float | Decimal, *, decimals: int = 0) -> str:
        return signed_number(value, self.locale, decimals=decimals)

    def percent(self, ratio: float | Decimal, *, decimals: int = 2) -> str:
        return percent(ratio, self.locale, decimals=decimals)

    def money(self, value: Money) -> str:
        return money(value, self.locale)

    def signed_money(self, value: Money) -> str:
        return signed_money(value, self.locale)

    def amount(self, value: Money) -> str:
        return amount(value, self.locale)

    def signed_amount(self, value: Money) -> str:
        return signed_amount(value, self.locale)

    def date(self, day: dt.date) -> str:
        return date(day, self.locale)

    def month(self, day: dt.date) -> str:
        """The month's short name: Mar, März."""
        return format_date(day, "MMM", locale=locale_of(self.locale))

    def read_money(self, text: str, currency: str) -> Money:
        """An amount as this reader writes it. Raises Invalid for what is none."""
        return Money.parse(text, currency, decimal_mark="," if self.locale == "de" else ".")

    def whole_month(self, day: dt.date) -> str:
        """November 2026, in both languages' own words."""
        return format_date(day, "LLLL y", locale=locale_of(self.locale))

    def short_date(self, day: dt.date) -> str:
        return short_date(day, self.locale)

    def long_date(self, day: dt.date) -> str:
        return long_date(day, self.locale)

    def moment(self, instant: dt.datetime | None, *, time_zone: str | None = None) -> str:
        """Date and time in the entity's zone, or a dash for what has not happened."""
        return moment(instant, self.locale, time_zone or self.time_zone) if instant else UNKNOWN

    def time(self, instant: dt.datetime, *, seconds: bool = False, zone: bool = False) -> str:
        return clock_time(instant, self.locale, self.time_zone, seconds=seconds, zone=zone)

    def duration(self, seconds: float) -> str:
        return duration(seconds, self.locale)

    def text(self, key: str, **values: Any) -> str:
        """A text of the catalogue in the reader's language."""
        return tr(self.locale, key, **values)
