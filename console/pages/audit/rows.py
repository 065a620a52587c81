"""Entries of the log as the reader reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from console import routes
from console.design.format import UNKNOWN, Reader, compact_id
from console.kit.trail import initials_for, moment, team_for
from services.audit import AuditEntryView, AuditStatus, Proof, merkle_leaf
from services.core.clock import business_day

_STALE_SECONDS = 180


def entry_row(entry: AuditEntryView, reader: Reader) -> dict[str, str]:
    return {
        "id": str(entry.id),
        "time": moment(entry, reader),
        "who": entry.actor_name,
        "initials": initials_for(entry),
        "team": team_for(entry),
        "action": entry.action,
        "subject": f"{entry.subject_type} {compact_id(entry.subject_id)}",
        "subject_full": f"{entry.subject_type} {entry.subject_id}",
        "outcome": entry.outcome,
        "reason": entry.reason or "",
        "sealed": "yes" if entry.leaf is not None else "",
    }


def entry_detail(entry: AuditEntryView, reader: Reader, entities: Mapping[str, str]) -> dict[str, str]:
    """Everything an entry holds, with the addresses of what belongs to it."""
    return entry_row(entry, reader) | {
        "when": f"{reader.date(business_day(entry.recorded_at, reader.time_zone))}, "
        f"{reader.time(entry.recorded_at, seconds=True, zone=True)}",
        "leaf": reader.number(entry.leaf) if entry.leaf is not None else reader.text("audit.not_sealed"),
        "erased": "yes" if entry.is_erased else "",
        "on_behalf_of": entry.on_behalf_of or reader.text("audit.nobody"),
        "reason": entry.reason or reader.text("audit.no_reason"),
        "entity": entities.get(str(entry.entity_id), UNKNOWN) if entry.entity_id else UNKNOWN,
        "session": compact_id(str(entry.session_id)) if entry.session_id else reader.text("audit.no_value"),
        "address": entry.address or reader.text("audit.no_value"),
        "request": compact_id(entry.request_id),
        "request_full": entry.request_id,
        "subject_href": routes.to(
            routes.AUDIT, query={"subject_type": entry.subject_type, "subject": entry.subject_id}
        ),
        "actor_href": routes.to(routes.AUDIT, query={"actor": str(entry.actor_id)}) if entry.actor_id else "",
    }


def changes(entry: AuditEntryView, reader: Reader) -> list[dict[str, str]]:
    """Field by field, before and after; a field that stands on one side alone is absent on the other.

    What is the same on both sides did not change and is left out.
    """
    before, after = entry.before or {}, entry.after or {}
    return [
        {"field": name, "was": _value(before, name, reader), "now": _value(after, name, reader)}
        for name in dict.fromkeys([*before, *after])
        if name not in before or name not in after or before[name] != after[name]
    ]


def _value(side: Mapping[str, Any], name: str, reader: Reader) -> str:
    if name not in side:
        return reader.text("audit.value_absent")
    value = side[name]
    if isinstance(value, bool):
        return reader.text("audit.value_yes" if value else "audit.value_no")
    if value is None:
        return reader.text("audit.no_value")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def proof_detail(proof: Proof, reader: Reader) -> dict[str, str]:
    """What the proof of an entry says, in figures."""
    return {
        "state": "proved",
        "hash": _short(merkle_leaf(proof.canonical.encode()).hex()),
        "steps": reader.number(len(proof.path)),
        "size": reader.number(proof.size),
        "path": "\n".join(_short(step) for step in proof.path),
        "note": proof.checkpoint,
    }


def standing(status: AuditStatus, reader: Reader) -> dict[str, str]:
    """Whether the log is as it was signed, as one sentence with its tone, and how fresh that is."""
    done, head = status.verification, status.checkpoint
    failing = status.failing
    stale = status.checkpoint_age_seconds is None or status.checkpoint_age_seconds > _STALE_SECONDS
    told = {
        "checkpoint": _checkpoint_line(status, reader),
        "sinks": reader.text(
            "audit.sinks", done=reader.number(len(status.sinks) - len(failing)), all=reader.number(len(status.sinks))
        ),
        "sink_errors": " ".join(f"{sink.name}: {sink.last_error}" for sink in failing if sink.last_error),
        "few_sinks": reader.text("audit.few_sinks") if status.lacks_sinks else "",
        "findings": " ".join(finding.sentence for finding in done.findings[:5]) if done else "",
        "size": reader.number(head.size) if head else "0",
    }
    if done is not None and not done.is_whole:
        return told | {"tone": "bad", "title": reader.text("audit.broken", count=reader.number(done.problems))}
    if done is None:
        return told | {"tone": "info", "title": reader.text("audit.never_verified")}
    seconds = (done.finished_at - done.started_at).total_seconds()
    title = reader.text(
        "audit.intact",
        count=reader.number(done.size),
        when=reader.moment(done.finished_at),
        seconds=reader.number(max(round(seconds, 1), 0.1)),
    )
    return told | {"tone": "warn" if stale or failing or status.lacks_sinks else "ok", "title": title}


def _checkpoint_line(status: AuditStatus, reader: Reader) -> str:
    if status.checkpoint is None or status.checkpoint_age_seconds is None:
        return reader.text("audit.no_checkpoint")
    return reader.text(
        "audit.checkpoint_age",
        count=reader.number(status.checkpoint.size),
        seconds=reader.number(round(status.checkpoint_age_seconds)),
    )


def _short(hexadecimal: str) -> str:
    return f"{hexadecimal[:4]} {hexadecimal[4:8]} {hexadecimal[8:12]} … {hexadecimal[-4:]}"
