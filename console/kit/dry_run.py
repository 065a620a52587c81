"""A dry run as rows for `components.dry_run`: on the page of a backfill, and on that of the request to run it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import reflex as rx

from console.design.format import UNKNOWN, Reader, compact_id
from services.backfills import DefinitionView, Expect
from services.core.errors import DomainError
from services.core.money import Money

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")
_BESIDE = 2  # columns that are shown beside those that change


class SampleRow(TypedDict):
    key: str
    full: str
    drawn: str
    beside: list[str]
    changes: list[dict[str, str]]


class DryRunFields(rx.State, mixin=True):
    """Mixed into the state of a page that shows a dry run; `dry` is empty when there is none."""

    dry: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    dry_beside: rx.Field[list[str]] = rx.field(default_factory=list)
    dry_columns: rx.Field[list[str]] = rx.field(default_factory=list)
    dry_sample: rx.Field[list[SampleRow]] = rx.field(default_factory=list)
    dry_money: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    dry_checks: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    dry_closed: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    dry_locks: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    def _show_dry_run(
        self, definition: DefinitionView, params: Mapping[str, Any], document: Mapping[str, Any] | None, reader: Reader
    ) -> None:
        if document is None:
            self.dry = {}
            return
        sample = document["sample"]
        self.dry_columns = list(definition.columns)
        self.dry_beside = _beside(sample, definition.columns)
        self.dry_sample = [_sampled(one, self.dry_columns, self.dry_beside, reader) for one in sample]
        self.dry_money = [_money(one, reader) for one in document["frozen"]["money"]]
        self.dry_checks = _checks(definition, document, reader)
        self.dry_closed = [_closed(one, reader) for one in document.get("closed_periods", ())]
        self.dry_locks = _locks(definition, document, reader)
        self.dry = _figures(definition, params, document, reader)


def given_params(params: Mapping[str, Any], reader: Reader) -> str:
    """Parameters in one line."""
    said = [
        f"{name} = {reader.text('backfills.nothing') if value is None else value}" for name, value in params.items()
    ]
    return ", ".join(said) or reader.text("backfills.no_params")


def data_size(count: int, reader: Reader) -> str:
    """312 MiB: three figures, binary units."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{reader.number(value, decimals=1 if 0 < value < 10 and unit else 0)}\u00a0{_UNITS[unit]}"


def shown_value(value: Any, reader: Reader) -> str:
    """A column's value in a cell: numbers with separators, long machine ids without their middle."""
    if value is None:
        return reader.text("backfills.null")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return reader.number(value)
    text = str(value)
    return text[:16] if _MOMENT.match(text) else compact_id(text, head=12, tail=6)


def money_text(minor: int, currency: str | None, reader: Reader, *, signed: bool = False) -> str:
    """The bare amount of a currency; minor units where the currency is not known."""
    try:
        value = Money(minor, currency or "")
    except (DomainError, ValueError):
        return reader.signed_number(minor) if signed else reader.number(minor)
    return reader.signed_amount(value) if signed else reader.amount(value)


def _figures(
    definition: DefinitionView, params: Mapping[str, Any], document: Mapping[str, Any], reader: Reader
) -> dict[str, str]:
    frozen, estimate = document["frozen"], document["estimate"]
    moved = [_moved(one, reader) for one in frozen["money"] if one.get("gross", True)]
    trial = reader.text(
        "backfills.dry_trial",
        rows=reader.number(estimate["trial_rows"]),
        took=reader.duration(estimate["trial_ms"] / 1000),
    )
    return {
        "rows": reader.number(frozen["rows"]),
        "none": "" if frozen["rows"] else "yes",
        "moved": ", ".join(moved) or reader.text("backfills.dry_no_money"),
        "takes": reader.duration(estimate["seconds"]),
        "disk": data_size(estimate["before_image_bytes"], reader),
        "trial": trial,
        "closed": reader.number(len(document.get("closed_periods", ()))),
        "compared": _compared(document, reader),
        "walked": reader.number(estimate.get("walked", 0)),
        "what": definition.description.of(reader.locale),
        "table": definition.table,
        "columns": ", ".join(definition.columns),
        "database": definition.database,
        "params": given_params(params, reader),
        "bound": str(frozen["bound"] or "—"),
        "checksum": frozen["checksum"],
        "code": compact_id(document["code"]),
        "plan": "\n".join(document["explain"]),
        "sampled": str(len(document["sample"])),
    }


def _moved(one: Mapping[str, Any], reader: Reader) -> str:
    """What really moves of a currency; a dry run of a former release does not say."""
    if "gross" not in one:
        return reader.text("backfills.not_measured", currency=one["currency"] or "").strip()
    return f"{money_text(one['gross'], one['currency'], reader)}\u00a0{one['currency'] or ''}".strip()


def _beside(sample: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Numbers first, then other values, without keys of other tables."""
    found = [name for name in (sample[0]["before"] if sample else {}) if name not in columns and not _is_key(name)]
    found.sort(key=lambda name: not any(isinstance(one["before"].get(name), int) for one in sample))
    return found[:_BESIDE]


def _is_key(name: str) -> bool:
    return name == "id" or name.endswith("_id")


def _sampled(one: Mapping[str, Any], columns: Sequence[str], beside: Sequence[str], reader: Reader) -> SampleRow:
    before, after = one["before"], one["after"]
    how, _, column = one["drawn"].partition(" ")
    return SampleRow(
        key=compact_id(one["key"]),
        full=one["key"],
        drawn=reader.text(f"backfills.drawn_{how}", column=column),
        beside=[shown_value(before.get(name), reader) for name in beside],
        changes=[
            {
                "name": name,
                "was": shown_value(before.get(name), reader),
                "now": shown_value(after.get(name, before.get(name)), reader),
            }
            for name in columns
        ],
    )


def _money(one: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    currency = one["currency"]
    return {
        "currency": currency or reader.text("backfills.no_currency"),
        "before": money_text(one["before"], currency, reader),
        "after": money_text(one["after"], currency, reader),
        "net": money_text(one["after"] - one["before"], currency, reader, signed=True),
        "gross": money_text(one["gross"], currency, reader) if "gross" in one else UNKNOWN,
        "zero": "" if one.get("gross", True) else "yes",
    }


def _closed(one: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    first, last = dt.date.fromisoformat(one["first_day"]), dt.date.fromisoformat(one["last_day"])
    days = reader.date(first) if first == last else f"{reader.date(first)} – {reader.date(last)}"
    name = reader.text(f"reconciliation.definition_{one['definition']}")
    return {"days": days, "name": name, "rows": reader.number(one["rows"])}


def _compared(document: Mapping[str, Any], reader: Reader) -> str:
    """The reconciliations that run before and after, each once."""
    names = dict.fromkeys(one["definition"] for one in document.get("reconciliations", ()))
    return ", ".join(reader.text(f"reconciliation.definition_{name}") for name in names)


def _checks(definition: DefinitionView, document: Mapping[str, Any], reader: Reader) -> list[dict[str, str]]:
    before = {one["code"]: one["before"] for one in document["checks"]}
    return [
        {
            "title": check.title.of(reader.locale),
            "before": reader.number(before[check.code]),
            "wanted": reader.number(before[check.code] if check.expect is Expect.SAME else 0),
        }
        for check in definition.checks
        if check.code in before
    ]


def _locks(definition: DefinitionView, document: Mapping[str, Any], reader: Reader) -> list[dict[str, str]]:
    """What the change takes hold of: rows, indexes, triggers."""
    lines = [{"mark": "ok", "text": reader.text("backfills.lock_rows", table=definition.table), "note": ""}]
    if document.get("turn"):
        lines.append({"mark": "warn", "text": reader.text("backfills.lock_turn", name=document["turn"]), "note": ""})
    lines += [
        {"mark": "ok", "text": reader.text("backfills.lock_held", name=lock["name"]), "note": lock["mode"]}
        for lock in document.get("locks", ())
        if not lock["is_index"]
    ]
    for index in document["indexes"]:
        text = reader.text("backfills.lock_index", name=index["name"])
        lines.append({"mark": "warn", "text": text, "note": data_size(index["bytes"], reader)})
    if not document["indexes"]:
        lines.append({"mark": "ok", "text": reader.text("backfills.lock_no_index"), "note": ""})
    lines += [
        {"mark": "warn", "text": reader.text("backfills.lock_trigger", name=name), "note": ""}
        for name in document["triggers"]
    ]
    return lines
