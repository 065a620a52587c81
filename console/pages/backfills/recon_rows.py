"""Reconciliations named by a definition, before against after, as the reader reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from console import routes
from console.design.format import Reader
from console.design.texts import tr
from console.kit.dry_run import money_text

Rows = list[dict[str, str]]


def named(one: Mapping[str, Any], reader: Reader) -> str:
    """Settlement, Musterhandel GmbH."""
    name = reader.text(f"reconciliation.definition_{one['definition']}")
    return reader.text("backfill_run.reconciliation", name=name, entity=one["entity"])


def reconciled(results: Iterable[Mapping[str, Any]], reader: Reader) -> tuple[Rows, Rows]:
    """A line a class and currency, and the breaks that came since the start."""
    lines: Rows = []
    came: Rows = []
    for result in results:
        looked = result.get("reconciliation")
        if looked:
            name = named(looked, reader)
            lines += [_line(name, line, reader) for line in result["lines"]]
            came += [_break(name, one, reader) for one in result["rows"]]
    return lines, came


def _line(name: str, line: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    currency = line["currency"]
    return {
        "name": name,
        "class": _class(line["class"], reader),
        "currency": currency or "",
        "before": reader.number(line["before"]),
        "after": reader.number(line["after"]),
        "delta_before": money_text(line["before_minor"], currency, reader, signed=True),
        "delta_after": money_text(line["after_minor"], currency, reader, signed=True),
        "worse": "yes" if line["after"] > line["before"] else "",
    }


def _break(name: str, one: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    return {
        "break": one["break"],
        "href": routes.to(routes.BREAK, break_id=one["break"]),
        "key": one["key"],
        "class": _class(one["class"], reader),
        "name": name,
    }


def _class(value: str, reader: Reader) -> str:
    return tr(reader.locale, f"reconciliation.class_{value}", default=value)
