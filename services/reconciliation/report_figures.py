"""Classes, shares and times of the report as its reader writes them; the rest is `services.core.figures`."""

from __future__ import annotations

import datetime as dt

from babel.numbers import format_decimal

from services.core.figures import date, locale_of
from services.core.words import Words
from services.reconciliation.vocabulary import BreakClass, Definition

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


def percent(ppm: int, locale: str) -> str:
    """Parts of a million as per cent: 0.02 % / 0,02 %."""
    return format_decimal(ppm / 10_000, format="#,##0.00##", locale=locale_of(locale)) + "\u00a0%"


def moment_told(instant: dt.datetime, locale: str) -> str:
    """16 Mar 2026, 09:31 UTC: one letter goes to readers of several zones."""
    utc = instant.astimezone(dt.UTC)
    return f"{date(utc.date(), locale)}, {utc:%H:%M} UTC"
