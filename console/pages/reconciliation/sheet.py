"""A run's head, inputs and sign-off as the reader reads them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from console.design.format import Reader, compact_id
from console.pages.reconciliation.rows import percent, state_of
from services.reconciliation import RunReport, RunView, SignatureView, Underway

Sheet = dict[str, str]


def run_sheet(report: RunReport, reader: Reader) -> tuple[Sheet, list[Sheet]]:
    """The head of the page and its steps; the inputs with what is wrong with them."""
    run = report.run
    opened = sum(row.breaks for row in report.sums.classes)
    zone = report.entity_zone
    seconds = (run.finished_at - run.started_at).total_seconds()
    sheet = {
        "definition": reader.text(f"reconciliation.definition_{run.definition.value}"),
        "definition_code": run.definition.value,
        "sides": reader.text(f"reconciliation.sides_{run.definition.value}"),
        "left": reader.text(f"reconciliation.left_{run.definition.value}"),
        "right": reader.text(f"reconciliation.right_{run.definition.value}"),
        "entity": report.entity_name,
        "entity_id": str(run.entity_id),
        "day": reader.date(run.through),
        "id": compact_id(str(run.id)),
        "id_full": str(run.id),
        "state": state_of(run),
        "started_by": run.started_by_name,
        "started_at": reader.moment(run.started_at, time_zone=zone),
        "by_console": "yes" if run.started_by.int == 0 else "",
        "rules": str(run.rule_version),
        "as_of": reader.moment(run.data_as_of, time_zone=zone),
        "entries": reader.number(run.entries_left + run.entries_right),
        "matched": reader.number(run.matched),
        "duration": reader.duration(seconds),
        "open": reader.number(opened),
        "all": reader.number(run.breaks),
        "review": "done" if run.signature or not opened else "now",
        "limit": percent(run.limit_ppm, reader),
        "seq": str(run.seq),
    }
    return sheet, inputs(run, reader, zone)


def inputs(run: RunView, reader: Reader, zone: str) -> list[Sheet]:
    """One line a feed, and one for each hole in it."""
    lines: list[Sheet] = []
    for kind, feed in run.inputs.items():
        at = feed["refreshed_at"]
        moment = reader.moment(dt.datetime.fromisoformat(at), time_zone=zone) if at else "—"
        lines.append(
            {
                "mark": "bad" if feed["problems"] else "ok",
                "title": reader.text(f"reconciliation.input_{kind}"),
                "note": reader.text("reconciliation.input_note", moment=moment),
            }
        )
        lines += [{"mark": "warn", "title": _gap(problem, reader), "note": ""} for problem in feed["problems"][:6]]
    return lines


def _gap(problem: dict[str, Any], reader: Reader) -> str:
    one_day = problem["first_day"] == problem["last_day"]
    return reader.text(
        "reconciliation.input_gap_day" if one_day else "reconciliation.input_gap",
        where=problem["where"],
        kind=reader.text(f"reconciliation.gap_{problem['kind']}"),
        first=reader.date(dt.date.fromisoformat(problem["first_day"])),
        last=reader.date(dt.date.fromisoformat(problem["last_day"])),
    )


def signing_sheet(report: RunReport, reader_id: uuid.UUID | None, reader: Reader) -> Sheet:
    """Who started, who signed, what stands against it, and what a signature would mean now."""
    signing, run = report.signing, report.run
    sheet = {
        "may_sign": "yes" if signing.may_sign else "",
        "obstacle": signing.obstacle or "",
        "needs_reason": "yes" if signing.needs_reason else "",
        "deviation": percent(signing.deviation_ppm, reader),
        "limit": percent(signing.limit_ppm, reader),
        "open": reader.number(sum(row.breaks for row in signing.standing)),
        "digest": compact_id(run.digest, head=8, tail=4),
        "digest_full": run.digest,
        "started_by_you": "yes" if run.started_by == reader_id else "",
        "signed_by": "",
    }
    return sheet | _signed(signing.signature, reader, report.entity_zone)


def _signed(signature: SignatureView | None, reader: Reader, zone: str) -> Sheet:
    if signature is None:
        return {"signed_at": "", "reason": "", "signature": ""}
    return {
        "signed_by": signature.signed_by_name,
        "signed_at": reader.moment(signature.signed_at, time_zone=zone),
        "reason": signature.reason or "",
        "signature": signature.digest,
    }


def underway_text(item: Underway, reader: Reader) -> str:
    """Step 2 of 3, comparing both sides."""
    phase = reader.text(f"reconciliation.phase_{item.phase or 'waiting'}")
    return reader.text("reconciliation.progress", done=item.done, total=item.total or 4, phase=phase)
