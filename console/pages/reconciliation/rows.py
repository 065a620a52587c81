"""Breaks, totals and pairings as the reader reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from console import routes
from console.components import PAGE_SIZE
from console.design.format import UNKNOWN, Reader, compact_id, sparkline
from console.kit.shell_state import initials_of
from services.core.money import Money
from services.reconciliation import (
    BreakClass,
    BreakPage,
    BreakSums,
    BreakView,
    Cause,
    CauseView,
    Definition,
    DifferenceLine,
    PairingView,
    RunView,
    TotalView,
)

_WIDEST = 100
_SIDED = (BreakClass.MISSING_LEFT, BreakClass.MISSING_RIGHT)


def percent(ppm: int, reader: Reader) -> str:
    """Millionths as a percentage with two decimals."""
    return reader.percent(Decimal(ppm) / 1_000_000)


def broken_checks(checks: Mapping[str, bool], reader: Reader) -> str:
    """What of a signature no longer holds, in words."""
    return ", ".join(reader.text(f"periods.check_{name}") for name, good in checks.items() if not good)


def gauge(ppm: int, limit_ppm: int) -> str:
    """The width of a deviation on a track whose middle is the limit."""
    return f"{min(_WIDEST, ppm * 50 / max(limit_ppm, 1)):.1f}%"


def class_name(kind: BreakClass | str, definition: Definition, reader: Reader) -> str:
    """The class in the words of the definition: what is missing is missing in books, in Stripe, at the bank."""
    kind = BreakClass(kind)
    tail = f"_{definition.value}" if kind in _SIDED else ""
    return reader.text(f"reconciliation.class_{kind.value}{tail}")


def break_row(view: BreakView, reader: Reader) -> dict[str, str]:
    key = view.left_key or view.right_key or view.subject_key
    return {
        "id": str(view.number),
        "number": view.name,
        "href": routes.to(routes.BREAK, break_id=view.name),
        "class": class_name(view.break_class, view.definition, reader),
        "key": short_key(key),
        "key_full": key,
        "left": _amount(view.left_minor, view.left_currency, reader),
        "left_currency": view.left_currency or "",
        "right": _amount(view.right_minor, view.right_currency, reader),
        "right_currency": view.right_currency or "",
        "delta": reader.signed_amount(Money(view.delta_minor, view.currency)),
        "currency": view.currency,
        "age": reader.text("reconciliation.age_days", count=view.age),
        "old": "warn" if view.age > 7 and view.state != "resolved" else "",
        "state": view.state.value,
        "severity": view.severity.value,
        "entity": str(view.entity_id),
        "assigned": view.assigned_name or "",
        "initials": initials_of(view.assigned_name or "?"),
    }


def short_key(key: str) -> str:
    """The beginning and the end of the id, which tell keys of one account apart; what kind of movement stays out."""
    return compact_id(key.partition(":")[0], head=6, tail=7)


def _amount(minor: int | None, currency: str | None, reader: Reader) -> str:
    return "" if minor is None or currency is None else reader.amount(Money(minor, currency))


def range_of(page: BreakPage, reader: Reader) -> str:
    if not page.rows:
        return reader.text("reconciliation.range_none")
    first, last = page.offset + 1, page.offset + len(page.rows)
    return reader.text(
        "reconciliation.range",
        first=reader.number(first),
        last=reader.number(last),
        count=reader.number(page.total),
    )


def place(page: BreakPage, size: int) -> dict[str, str]:
    """The neighbouring pages as cursors, empty at the ends."""
    newer = str(max(0, page.offset - size)) if page.offset else ""
    older = str(page.offset + size) if page.offset + size < page.total else ""
    return {"newer": newer, "older": older}


def offset_of(query: dict[str, str]) -> int:
    text = query.get("after") or query.get("before") or "0"
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def neighbours(offset: int, *, more: bool) -> dict[str, str]:
    """The offsets of the pages before and after, empty at the ends, as `_listed` takes them."""
    return {
        "newer": str(max(0, offset - PAGE_SIZE)) if offset else "",
        "older": str(offset + PAGE_SIZE) if more else "",
    }


def total_row(total: TotalView, run: RunView, reader: Reader) -> dict[str, str]:
    above = total.deviation_ppm > run.limit_ppm
    return {
        "currency": total.currency,
        "left_entries": reader.number(total.left_entries),
        "left": reader.amount(Money(total.left_minor, total.currency)),
        "right_entries": reader.number(total.right_entries),
        "right": reader.amount(Money(total.right_minor, total.currency)),
        "difference": reader.signed_amount(Money(total.difference_minor, total.currency)),
        "deviation": percent(total.deviation_ppm, reader),
        "width": gauge(total.deviation_ppm, run.limit_ppm),
        "tone": "bad" if above else "",
    }


def difference_blocks(lines: Iterable[DifferenceLine], definition: Definition, reader: Reader) -> list[dict[str, Any]]:
    """One block a currency, whose lines add up to its difference."""
    blocks: dict[str, dict[str, Any]] = {}
    sums: dict[str, int] = {}
    for line in lines:
        expected = line.part == "expected"
        label = reader.text("reconciliation.part_expected") if expected else class_name(line.part, definition, reader)
        note = "reconciliation.items_expected" if expected else "reconciliation.items"
        block = blocks.setdefault(line.currency, {"currency": line.currency, "rows": [], "total": ""})
        block["rows"].append(
            {
                "label": label,
                "note": reader.text(note, count=reader.number(line.items)),
                "amount": reader.signed_amount(Money(line.minor, line.currency)),
            }
        )
        sums[line.currency] = sums.get(line.currency, 0) + line.minor
        block["total"] = reader.signed_amount(Money(sums[line.currency], line.currency))
    return list(blocks.values())


def class_bars(sums: BreakSums, definition: Definition, reader: Reader) -> list[dict[str, str]]:
    counted: dict[BreakClass, int] = {}
    for row in sums.classes:
        counted[row.break_class] = counted.get(row.break_class, 0) + row.breaks
    most = max(counted.values(), default=1)
    return [
        {"label": class_name(kind, definition, reader), "width": f"{n * 100 / most:.0f}%", "value": reader.number(n)}
        for kind, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def age_bars(sums: BreakSums, reader: Reader) -> list[dict[str, str]]:
    most = max((band.breaks for band in sums.ages), default=0) or 1
    rows = []
    for band in sums.ages:
        if band.high is None:
            label = reader.text("reconciliation.age_over", low=band.low - 1)
        elif band.low == 0:
            label = reader.text("reconciliation.age_to", high=band.high)
        else:
            label = reader.text("reconciliation.age_between", low=band.low, high=band.high)
        width = f"{band.breaks * 100 / most:.0f}%"
        rows.append({"label": label, "width": width, "value": reader.number(band.breaks)})
    return rows


def state_of(run: RunView) -> str:
    if run.signature is not None:
        return "signed"
    return "above_limit" if run.over_limit else "in_review"


def run_row(run: RunView, entity: str, reader: Reader) -> dict[str, str]:
    return {
        "href": routes.to(routes.RECONCILIATION_RUN, reconciliation_id=run.id),
        "definition": reader.text(f"reconciliation.definition_{run.definition.value}"),
        "entity": entity,
        "through": reader.date(run.through),
        "finished": reader.moment(run.finished_at),
        "matched": reader.number(run.matched),
        "breaks": reader.number(run.breaks),
        "deviation": percent(run.deviation_ppm, reader),
        "width": gauge(run.deviation_ppm, run.limit_ppm),
        "tone": "bad" if run.over_limit else "",
        "state": state_of(run),
        "signed_by": run.signature.signed_by_name if run.signature else "",
    }


def pairing_row(pairing: PairingView, reader: Reader) -> dict[str, str]:
    path, end = sparkline(pairing.trend)
    empty = dict.fromkeys(("href", "finished", "matched", "deviation", "width", "tone", "signed_by"), "") | {
        "through": UNKNOWN,
        "breaks": "",
        "state": "never",
    }
    shown = run_row(pairing.last, pairing.entity_name, reader) if pairing.last else empty
    queue = {"definition": pairing.definition.value, "entity": str(pairing.entity_id), "state": "unresolved"}
    return shown | {
        "definition": reader.text(f"reconciliation.definition_{pairing.definition.value}"),
        "definition_code": pairing.definition.value,
        "sides": reader.text(f"reconciliation.sides_{pairing.definition.value}"),
        "entity": pairing.entity_name,
        "entity_id": str(pairing.entity_id),
        "open": reader.number(pairing.open_breaks),
        "queue": routes.to(routes.BREAKS, query=queue),
        "spark": path,
        "spark_end": end,
        "state": "running" if pairing.underway else shown["state"],
        "job": str(pairing.underway.job_run_id) if pairing.underway else "",
    }


def status_name(code: str, reader: Reader) -> str:
    """A status in words; one that only the merchant's books know, as they write it."""
    return reader.text(f"reconciliation.status_{code}", default=code)


def _shared(cause: CauseView, reader: Reader) -> str:
    """What the breaks of a cause have in common: a day, or the status of each side."""
    if cause.pattern == "same_day":
        return reader.date(dt.date.fromisoformat(cause.value))
    if cause.pattern != "states":
        return cause.value
    left, _, right = cause.value.partition(" / ")
    sides = {side: reader.text(f"reconciliation.{side}_{cause.definition.value}") for side in ("left", "right")}
    return f"{sides['left']}: {status_name(left, reader)}, {sides['right']}: {status_name(right, reader)}"


def cause_row(cause: CauseView, reader: Reader) -> dict[str, str]:
    """A cause in a sentence, and the list of its breaks."""
    named = {"class": class_name(cause.break_class, cause.definition, reader), "currency": cause.currency}
    shared = Cause(cause.pattern, cause.value)
    query = {"class": cause.break_class.value, "definition": cause.definition.value, "state": "unresolved"}
    query |= {"currency": cause.currency, "cause": str(shared)}
    return {
        "text": reader.text(
            f"breakwork.cause_{cause.pattern}", count=reader.number(cause.breaks), value=_shared(cause, reader), **named
        ),
        "amount": reader.amount(Money(cause.open_minor, cause.currency)),
        "currency": cause.currency,
        "href": routes.to(routes.BREAKS, query=query | {"entity": str(cause.entity_id)}),
    }
