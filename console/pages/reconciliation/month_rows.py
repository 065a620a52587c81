"""A month's sides, pairs and items as the reader reads them."""

from __future__ import annotations

from typing import Any

from console import routes
from console.design.format import UNKNOWN, Reader
from console.pages.reconciliation.rows import class_name, short_key
from services.core.money import Money
from services.reconciliation import BreakClass, Definition, MonthCurrency, MonthItem, MonthPair, MonthStep, MonthView


def step_name(source: str, part: str, reader: Reader) -> str:
    """The reason in words; a class of breaks says where something is missing."""
    if part in set(BreakClass) and source in set(Definition):
        return class_name(part, Definition(source), reader)
    return reader.text(f"month.part_{part}")


def currency_block(block: MonthCurrency, view: MonthView, reader: Reader) -> dict[str, Any]:
    """One currency: its sides as figures, and a sum for each pair; pairs compared directly stand first."""
    pairs = sorted(block.pairs, key=lambda pair: len(pair.through))
    return {
        "currency": block.currency,
        "sides": [
            {
                "name": reader.text(f"month.side_{side.name}"),
                "amount": reader.money(Money(side.minor, block.currency)),
                "entries": reader.text("month.entries", count=reader.number(side.entries)),
            }
            for side in block.sides
        ],
        "pairs": [_pair(pair, block.currency, view, reader) for pair in pairs],
    }


def _pair(pair: MonthPair, currency: str, view: MonthView, reader: Reader) -> dict[str, Any]:
    names = {name: reader.text(f"month.side_{name}") for name in (pair.left, pair.right, *pair.through)}
    over = ", ".join(names[name] for name in pair.through)
    steps = [_step(step, currency, view, reader) for step in pair.steps]
    if pair.unexplained_minor:
        steps.append(_line(reader.text("month.unexplained"), "", pair.unexplained_minor, currency, reader))
    return {
        "title": reader.text("month.pair", left=names[pair.left], right=names[pair.right]),
        "note": reader.text("month.over", sides=over) if over else reader.text("month.direct"),
        "open": reader.text("month.open", count=pair.open_items) if pair.open_items else "",
        "rows": steps,
        "label": reader.text("month.total", currency=currency),
        "total": reader.signed_amount(Money(pair.difference_minor, currency)),
    }


def _line(label: str, note: str, minor: int, currency: str, reader: Reader) -> dict[str, str]:
    amount = reader.signed_amount(Money(minor, currency))
    return {"label": label, "note": note, "amount": amount, "href": "", "mark": ""}


def _step(step: MonthStep, currency: str, view: MonthView, reader: Reader) -> dict[str, str]:
    note = reader.text("month.items", count=reader.number(step.items)) if step.items else ""
    line = _line(step_name(step.source, step.part, reader), note, step.minor, currency, reader)
    if step.source == "clearing":
        period = {"entity": str(view.entity_id), "month": f"{view.first_day:%Y-%m}", "currency": currency}
        listed = step.part in {"fees", "stayed", "on_its_way"}
        return line | {"href": routes.to(routes.CLEARING, query=period) if listed else ""}
    query = {"entity": str(view.entity_id), "month": f"{view.first_day:%Y-%m}"}
    query |= {"source": step.source, "part": step.part, "currency": currency}
    return line | {
        "href": routes.to(routes.RECONCILIATION_MONTH, query=query) + "#items",
        "mark": "warn" if step.still_open else "",
    }


def item_row(item: MonthItem, reader: Reader) -> dict[str, str]:
    """One item of a step; its break is the link."""
    return {
        "key": short_key(item.key) if ":" in item.key else item.key,
        "key_full": item.key,
        "break": f"B-{item.number}" if item.number else "",
        "href": routes.to(routes.BREAK, break_id=f"B-{item.number}") if item.number else "",
        "day": reader.date(item.booked_on) if item.booked_on else UNKNOWN,
        "left": "" if item.left_minor is None else reader.amount(Money(item.left_minor, item.currency)),
        "right": "" if item.right_minor is None else reader.amount(Money(item.right_minor, item.currency)),
        "minor": reader.signed_amount(Money(item.minor, item.currency)),
        "currency": item.currency,
    }
