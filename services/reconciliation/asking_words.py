"""What a request says of settings and shares, in words and units, to whoever has to agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services import approvals
from services.core.words import Words
from services.reconciliation.report_figures import class_told, percent
from services.reconciliation.vocabulary import BreakClass, Definition

_SETTINGS = {
    "timing_days": Words("Both sides may be apart, days", "Beide Seiten dürfen auseinanderliegen, Tage"),
    "timing_business_days": Words("Days of rest do not count as late", "Ruhetage gelten nicht als Verspätung"),
    "check_references": Words("References are compared", "Referenzen werden verglichen"),
    "amount_tolerance_minor": Words("Amounts may differ by", "Beträge dürfen abweichen um"),
    "amount_tolerance_ppm": Words("Amounts may differ by a share of", "Beträge dürfen abweichen um einen Anteil von"),
    "net_of_fee": Words("Books may be net of the fee", "Bücher dürfen um die Gebühr gemindert sein"),
    "fx_tolerance_ppm": Words("Two currencies agree within", "Zwei Währungen stimmen überein bis"),
    "expected_days": Words("A counterpart may take, business days", "Eine Gegenbuchung darf brauchen, Werktage"),
    "write_off_alone_minor": Words("One person writes off up to", "Eine Person bucht aus bis"),
    "similarity_percent": Words("References are alike from, %", "Referenzen sind ähnlich ab, %"),
    "margin_percent": Words("Lead over the second, %", "Vorsprung vor dem Zweiten, %"),
    "window_days": Words("Entries belong together within, business days", "Einträge gehören zusammen in, Werktage"),
    "batch_size": Words("Entries of one sum at most", "Einträge einer Summe höchstens"),
    "arrival_days": Words("A payout may take, business days", "Eine Auszahlung darf brauchen, Werktage"),
}
_MISSING = {
    BreakClass.MISSING_LEFT: Words("missing on the left side", "fehlt auf der linken Seite"),
    BreakClass.MISSING_RIGHT: Words("missing on the right side", "fehlt auf der rechten Seite"),
}
_FLAGS = frozenset({"timing_business_days", "check_references", "net_of_fee"})
_ORDER = Words("Rules after the key, in their order", "Regeln nach dem Schlüssel, in ihrer Reihenfolge")
_ON, _OFF, _NONE = Words("yes", "ja"), Words("no", "nein"), Words("none", "keine")


def share(ppm: int) -> Words:
    """Parts of a million as per cent."""
    return Words(percent(ppm, "en"), percent(ppm, "de"))


def break_class(name: str) -> Words:
    """A class of breaks; what is missing says on which side, since a request does not say of which definition."""
    return _MISSING.get(BreakClass(name)) or Words(
        *(class_told(name, Definition.SETTLEMENT, locale) for locale in ("en", "de"))
    )


def rule_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[approvals.Change, ...]:
    """Setting by setting what two versions of rules say differently."""
    return tuple(
        approvals.Change(_named(name, after.get(name, before.get(name))), _told(name, before), _told(name, after))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _named(name: str, value: Any) -> Words:
    return _ORDER if isinstance(value, list) else _SETTINGS.get(name, Words(name, name))


def _told(name: str, values: Mapping[str, Any]) -> str | Words | None:
    """A value in its unit; None for a setting that the version does not know."""
    value = values.get(name)
    if value is None:
        return None
    if isinstance(value, list):
        return ", ".join(map(str, value)) or _NONE
    if name in _FLAGS:
        return _ON if value else _OFF
    if name.endswith("_ppm"):
        return share(int(value))
    if name.endswith("_minor"):
        units = f"{int(value) // 100}.{int(value) % 100:02}"
        return Words(units, units.replace(".", ","))
    return str(value)
