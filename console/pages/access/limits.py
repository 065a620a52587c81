"""What narrows a right in a custom role: read from the editor's form, and told in the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.design.format import Reader
from services.core.money import Money


def condition_of(form: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The stored form of a condition, empty when nothing narrows. Raises Invalid for what is no amount."""
    narrowed: dict[str, Any] = {"only": form["only"]} if form.get("only") else {}
    typed = str(form.get("limit") or "").strip()
    if typed:
        mark = "," if locale == "de" else "."
        limit = Money.parse(typed, str(form.get("currency") or "").strip(), decimal_mark=mark)
        narrowed |= {"up_to": limit.minor, "currency": limit.currency}
    return narrowed


def fields_of(condition: Mapping[str, Any], locale: str) -> dict[str, str]:
    """The same as the editor's fields have it."""
    limit = _limit(condition)
    text = "" if limit is None else f"{limit.major:f}".replace(".", "," if locale == "de" else ".")
    return {"only": str(condition.get("only") or ""), "limit": text, "currency": limit.currency if limit else ""}


def told(condition: Mapping[str, Any], reader: Reader) -> str:
    """A few words for the matrix, empty when nothing narrows."""
    limit = _limit(condition)
    parts = [reader.text(f"access.narrow_{condition['only']}")] if condition.get("only") else []
    parts += [reader.text("access.narrow_up_to", amount=reader.money(limit))] if limit else []
    return ", ".join(parts)


def _limit(condition: Mapping[str, Any]) -> Money | None:
    amount, currency = condition.get("up_to"), condition.get("currency")
    return None if amount is None or currency is None else Money(int(amount), str(currency))
