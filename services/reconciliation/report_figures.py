"""Figures and days of the report as its reader writes them."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from babel.numbers import format_decimal

from services.core.money import Money, exponent
from services.core.words import Words
from services.reconciliation.vocabulary import BreakClass, Definition

_MINUS = "−"
_DAY = {"en": "d MMM y", "de": "dd.MM.y"}
_MISSING = {
    (Definition.SETTLEMENT, BreakClass.MISSING_LEFT): Words("missing in the books", "fehlt in den Büchern"),
    (Definition.SETTLEMENT, BreakClass.MISSING_RIGHT): Words("missing at Stripe", "fehlt bei Stripe"),
    (Definition.PAYOUTS, BreakClass.MISSING_LEFT): Words("no payout for it", "keine Auszahlung dazu"),
    (Definition.PAYOUTS, BreakClass.MISSING_RIGHT): Words("missing at the bank", "fehlt bei der Bank"),
}
_CLASSES = {
    BreakClass.AMOUNT: Words("amount", "Betrag"),
    BreakClass.CURRENCY: Words("currency", "Währung"),
    BreakClass.STATUS: Words("status", "Status"),
    BreakClass.FEE: Words("fee", "Gebühr"),
    BreakClass.DUPLICATE: Words("duplicate", "doppelt"),
    BreakClass.TIMING: Words("timing", "Zeitpunkt"),
    BreakClass.FX: Words("exchange rate", "Wechselkurs"),
    BreakClass.REFERENCE: Words("reference", "Referenz"),
}


def class_told(name: str, definition: Definition, locale: str) -> str:
    """A class of breaks in words; what is missing says where."""
    kind = BreakClass(name)
    return (_CLASSES.get(kind) or _MISSING[definition, kind]).of(locale)


def number(value: int, locale: str) -> str:
    """1,184,302 / 1.184.302, with a true minus."""
    return format_decimal(value, format="#,##0", locale=_babel(locale)).replace("-", _MINUS)


def amount(value: Money, locale: str) -> str:
    """All digits of the currency, without its code: 1,284.50 / 1.284,50."""
    digits = exponent(value.currency)
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value.major, format=pattern, locale=_babel(locale)).replace("-", _MINUS)


def percent(ppm: int, locale: str) -> str:
    """Parts of a million as per cent: 0.02 % / 0,02 %."""
    return format_decimal(ppm / 10_000, format="#,##0.00##", locale=_babel(locale)) + "\u00a0%"


def day_told(day: dt.date, locale: str) -> str:
    """16 Mar 2026 / 16.03.2026."""
    return format_date(day, _DAY["de" if locale == "de" else "en"], locale=_babel(locale))


def moment_told(instant: dt.datetime, locale: str) -> str:
    """16 Mar 2026, 09:31 UTC: one letter goes to readers of several zones."""
    utc = instant.astimezone(dt.UTC)
    return f"{day_told(utc.date(), locale)}, {utc:%H:%M} UTC"


def _babel(locale: str) -> str:
    return "de_DE" if locale == "de" else "en_GB"
