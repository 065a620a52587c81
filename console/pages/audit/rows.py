"""Entries of the log as the reader reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from console import routes
from console.design.format import UNKNOWN, Reader, compact_id
from console.kit.shell_state import initials_of
from services.audit import AuditEntryView
from services.core.clock import business_day

_TEAM_OF_KIND = {"system": "system", "anonymous": ""}


def entry_row(entry: AuditEntryView, reader: Reader) -> dict[str, str]:
    day = reader.short_date(business_day(entry.recorded_at, reader.time_zone))
    return {
        "id": str(entry.id),
        "time": f"{day} {reader.time(entry.recorded_at, seconds=True)}",
        "who": entry.actor_name,
        "initials": "K" if entry.actor_kind == "system" else initials_of(entry.actor_name),
        "team": _TEAM_OF_KIND.get(entry.actor_kind, "user"),
        "action": entry.action,
        "subject": f"{entry.subject_type} {compact_id(entry.subject_id)}",
        "subject_full": f"{entry.subject_type} {entry.subject_id}",
        "outcome": entry.outcome,
    }


def entry_detail(entry: AuditEntryView, reader: Reader, entities: Mapping[str, str]) -> dict[str, str]:
    """Everything an entry holds, with the addresses of what belongs to it."""
    return entry_row(entry, reader) | {
        "when": f"{reader.date(business_day(entry.recorded_at, reader.time_zone))}, "
        f"{reader.time(entry.recorded_at, seconds=True, zone=True)}",
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
    """Field by field, before and after; a field that stands on one side alone is absent on the other."""
    before, after = entry.before or {}, entry.after or {}
    return [
        {"field": name, "was": _value(before, name, reader), "now": _value(after, name, reader)}
        for name in dict.fromkeys([*before, *after])
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
