"""One break as the reader reads it: its sentence, both sides field by field, verdicts, candidates, story."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from console import routes
from console.design.format import Reader, compact_id
from console.kit.deciding import teams_line
from console.pages.reconciliation.rows import class_name, short_key, status_name
from services.core.money import Money
from services.reconciliation import (
    BreakClass,
    BreakView,
    CandidateView,
    CoveringSet,
    EntryView,
    EvidenceFile,
    EvidenceView,
    RuleVerdict,
    StoryLine,
    WriteOffTerms,
)

_MARKS = {"passed": "ok", "failed": "bad", "skipped": "block"}
_ICONS = {
    "opened": "unlink",
    "changed": "pencil",
    "closed": "check",
    "comment": "message-square",
    "assigned": "user-plus",
    "unassigned": "user-plus",
    "in_work": "play",
    "proposed": "stamp",
    "resolved": "check",
    "reopened": "undo-2",
}
_JUDGED = {"time": BreakClass.TIMING, "reference": BreakClass.REFERENCE}
_BY_RUN = ("opened", "changed", "closed")


def break_sheet(view: BreakView, reader: Reader) -> dict[str, str]:
    """The head of the page and the state of its work."""
    return {
        "name": view.name,
        "title": _sentence(view, reader),
        "state": view.state.value,
        "class": class_name(view.break_class, view.definition, reader),
        "definition": reader.text(f"reconciliation.definition_{view.definition.value}"),
        "left": reader.text(f"reconciliation.left_{view.definition.value}"),
        "right": reader.text(f"reconciliation.right_{view.definition.value}"),
        "age": str(view.age),
        "day": reader.date(view.booked_on),
        "assigned": view.assigned_name or "",
        "assigned_id": str(view.assigned_to or ""),
        "resolution": reader.text(f"reconciliation.resolution_{view.resolution}") if view.resolution else "",
        "resolved_by": view.resolved_by_name or "",
        "resolved_at": reader.moment(view.resolved_at) if view.resolved_at else "",
        "resolved_reason": view.resolved_reason or "",
        "by_run": "yes" if view.closed_seq is not None else "",
        "explained": reader.text(f"breakwork.explained_{view.explained_by}") if view.explained_by else "",
        "version": str(view.version),
        "currency": view.currency,
        "severity": view.severity.value,
        "proposed_by": view.proposed_by_name or "",
        "request": routes.to(routes.APPROVAL, request_id=view.proposal_id) if view.proposal_id else "",
    }


def evidence_note(item: EvidenceFile, reader: Reader) -> str:
    """Type and size of a file, who brought it, and the beginning of its hash."""
    kind = item.name.rpartition(".")[2].upper()
    size = reader.text("breakwork.evidence_size", count=reader.number(-(-item.size_bytes // 1024)))
    return f"{kind}, {size}, {item.added_by_name}, {reader.moment(item.added_at)}, SHA-256 {item.sha256[:12]}…"


def terms_line(terms: WriteOffTerms | None, reader: Reader) -> str:
    """What writing a break off takes, before one asks for it; empty where it cannot be written off."""
    if terms is None:
        return ""
    values = {"amount": reader.money(terms.amount), "alone": reader.money(terms.alone)}
    if not terms.above:
        return reader.text("breakwork.terms_alone", **values)
    teams = teams_line(terms.agreeing, reader) if terms.agreeing else reader.text("breakwork.terms_others")
    return reader.text("breakwork.terms_above", teams=teams, **values)


def bulk_terms_line(terms: Sequence[WriteOffTerms], reader: Reader) -> str:
    """How many of several breaks would wait when they are written off, from which amounts on, and for whom."""
    above = [one for one in terms if one.above]
    if not above:
        return reader.text("breakwork.terms_none_above")
    limits = dict.fromkeys(reader.money(one.alone) for one in above)
    teams = dict.fromkeys(teams_line(one.agreeing, reader) for one in above if one.agreeing)
    return reader.text(
        "breakwork.terms_many",
        count=len(above),
        alone=", ".join(limits),
        teams=reader.text("breakwork.terms_or").join(teams) or reader.text("breakwork.terms_others"),
    )


def _sentence(view: BreakView, reader: Reader) -> str:
    values: dict[str, object] = {}
    match view.break_class:
        case BreakClass.CURRENCY:
            values = {"left": view.left_currency or "", "right": view.right_currency or ""}
        case BreakClass.STATUS:
            sides = {"left": view.left_value, "right": view.right_value}
            values = {side: status_name(value or "", reader) for side, value in sides.items()}
        case BreakClass.MISSING_LEFT | BreakClass.MISSING_RIGHT | BreakClass.DUPLICATE:
            minor = view.left_minor if view.left_minor is not None else view.right_minor or 0
            values = {"amount": reader.money(Money(abs(minor), view.currency))}
        case _:
            values = {"amount": reader.money(Money(abs(view.delta_minor), view.currency))}
    missing = view.break_class in (BreakClass.MISSING_LEFT, BreakClass.MISSING_RIGHT)
    tail = f"_{view.definition.value}" if missing else ""
    return reader.text(f"reconciliation.break_{view.break_class.value}{tail}", **values)


def side_rows(view: BreakView, evidence: EvidenceView, reader: Reader) -> list[dict[str, Any]]:
    """Both sides field by field; an absent side says so."""
    left, right = _fields(evidence.left, reader), _fields(evidence.right, reader)
    absent = reader.text("reconciliation.absent")
    alone = not left or not right
    rows = []
    for name in dict.fromkeys([*left, *right]):
        here, there = left.get(name, absent), right.get(name, absent)
        judged = name in ("amount", "fee", "currency", "status", "key") or _JUDGED.get(name) is view.break_class
        rows.append(
            {
                "field": reader.text(f"reconciliation.field_{name}"),
                "left": here,
                "right": there,
                "differs": alone or (judged and here != there),
                "uncompared": not alone and not judged and here != there,
                "note": "",
            }
        )
    if evidence.parts_minor is not None:
        parts = reader.money(Money(evidence.parts_minor, view.currency))
        label = reader.text("reconciliation.field_parts")
        rows.append({"field": label, "left": parts, "right": absent, "differs": True, "note": ""})
    return rows


def _fields(entry: EntryView | None, reader: Reader) -> dict[str, str]:
    if entry is None:
        return {}
    fields = {
        "amount": reader.money(Money(entry.minor, entry.currency)),
        "fee": reader.money(Money(entry.fee_minor, entry.currency)) if entry.fee_minor is not None else "",
        "currency": entry.currency,
        "status": status_name(entry.status, reader),
        "day": reader.date(entry.booked_on),
        "late": reader.date(entry.late_from) if entry.late_from else "",
        "time": reader.moment(entry.occurred_at),
        "key": entry.ext_key,
        "reference": entry.reference or "",
        "batch": entry.batch_ref or "",
        "origin": compact_id(entry.origin, head=14, tail=6),
    }
    return {name: value for name, value in fields.items() if value}


def verdict_rows(verdicts: tuple[RuleVerdict, ...], reader: Reader) -> list[dict[str, str]]:
    return [
        {
            "mark": _MARKS[verdict.outcome],
            "rule": verdict.rule,
            "text": reader.text(f"reconciliation.rule_{verdict.rule}"),
            "said": _said(verdict, reader),
        }
        for verdict in verdicts
    ]


def _said(verdict: RuleVerdict, reader: Reader) -> str:
    """Whether the rule holds, and by which figures."""
    outcome = reader.text(f"reconciliation.verdict_{verdict.outcome}")
    if verdict.said is None:
        return outcome
    figures = {name: _figure(name, value, reader) for name, value in verdict.figures.items()}
    return f"{outcome}: {reader.text(f'reconciliation.said_{verdict.said}', **figures)}"


def _figure(name: str, value: Any, reader: Reader) -> object:
    if isinstance(value, Money):
        return reader.signed_money(value) if name == "apart" else reader.money(value)
    if isinstance(value, dt.date):
        return reader.date(value)
    return short_key(value) if name in ("first", "second") else value


def candidate_rows(candidates: tuple[CandidateView, ...], reader: Reader) -> list[dict[str, Any]]:
    return [
        {
            "number": str(item.number),
            "name": f"B-{item.number}",
            "href": routes.to(routes.BREAK, break_id=f"B-{item.number}"),
            "key": short_key(item.key),
            "key_full": item.key,
            "amount": reader.money(Money(item.minor, item.currency)),
            "day": reader.date(item.booked_on),
            "score": reader.percent(item.score / 100, decimals=0),
            "width": f"{item.score}%",
            "marks": [
                *[{"mark": "ok", "text": reader.text(f"reconciliation.agrees_{name}")} for name in item.agrees],
                *[{"mark": "bad", "text": reader.text(f"reconciliation.differs_{name}")} for name in item.differs],
            ],
        }
        for item in candidates
    ]


def set_rows(sets: tuple[CoveringSet, ...], reader: Reader) -> list[dict[str, Any]]:
    """Each set as one row; its number names all its breaks."""
    return [
        {
            "number": ",".join(str(number) for number, _, _ in one.members),
            "title": reader.text("reconciliation.set_title", count=len(one.members)),
            "members": [
                {
                    "name": f"B-{number}",
                    "href": routes.to(routes.BREAK, break_id=f"B-{number}"),
                    "key": short_key(key),
                    "key_full": key,
                    "amount": reader.money(Money(minor, one.currency)),
                }
                for number, key, minor in one.members
            ],
        }
        for one in sets
    ]


def story_rows(story: tuple[StoryLine, ...], reader: Reader) -> list[dict[str, str]]:
    return [_story_row(line, reader) for line in story]


def _story_row(line: StoryLine, reader: Reader) -> dict[str, str]:
    by_run = line.kind in _BY_RUN
    values: dict[str, object] = {}
    if by_run:
        values = {"day": reader.date(dt.date.fromisoformat(line.body))}
    elif line.kind == "assigned":
        values = {"name": line.body}
    return {
        "icon": _ICONS[line.kind],
        "who": "" if by_run else line.author,
        "what": reader.text(f"reconciliation.story_{line.kind}", **values),
        "when": reader.moment(line.at),
        "said": line.body if line.kind in ("comment", "resolved", "reopened") else "",
    }
