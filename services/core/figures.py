"""Numbers, amounts and days as a reader of English or German writes them: on pages, in letters, in reports."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from services.core.money import Money, exponent
from services.core.words import Words

MINUS = "−"
_ENGLISH, _GERMAN = Locale.parse("en_GB"), Locale.parse("de_DE")


def locale_of(locale: str) -> Locale:
    """German for `de`, British English for everybody else."""
    return _GERMAN if locale == "de" else _ENGLISH


def pattern_of(decimals: int) -> str:
    """Thousands and so many decimals, as CLDR and workbooks write it."""
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def number(value: float | Decimal, locale: str, *, decimals: int = 0) -> str:
    """1,284,302 / 1.284.302, with a true minus."""
    return true_minus(format_decimal(value, format=pattern_of(decimals), locale=locale_of(locale)))


def amount(value: Money, locale: str) -> str:
    """All digits of the currency, without its code: 1,284.50 / 1.284,50."""
    return number(value.major, locale, decimals=exponent(value.currency))


def date(day: dt.date, locale: str) -> str:
    """16 Mar 2026 / 16.03.2026."""
    return format_date(day, "dd.MM.y" if locale == "de" else "d MMM y", locale=locale_of(locale))


def days(first: str, last: str) -> Words:
    """A day, or the first and the last of several, from their ISO forms: 1 Mar 2026 – 16 Mar 2026."""
    spans = [
        " – ".join(dict.fromkeys(date(dt.date.fromisoformat(day), locale) for day in (first, last)))
        for locale in ("en", "de")
    ]
    return Words(*spans)


def true_minus(text: str) -> str:
    return text.replace("-", MINUS)
