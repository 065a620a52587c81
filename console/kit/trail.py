"""The trail of a record: its entries of the audit log as rows for `components.trail`."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from console import routes
from console.design.format import Reader
from console.kit.shell_state import initials_of
from services.audit import AuditEntryView
from services.core.clock import business_day

_TEAM_OF_KIND = {"system": "system", "anonymous": ""}
_MOST_FIELDS, _LONGEST_VALUE = 4, 60


def trail_rows(entries: Sequence[AuditEntryView], reader: Reader) -> list[dict[str, str]]:
    """What was done to one record, as `audit.trail` gives it: pass the right to read the record there."""
    return [
        {
            "id": str(entry.id),
            "time": moment(entry, reader),
            "who": entry.actor_name,
            "initials": initials_for(entry),
            "team": team_for(entry),
            "action": entry.action,
            "outcome": entry.outcome,
            "reason": entry.reason or "",
            "changes": _changes(entry),
            "sealed": "yes" if entry.leaf is not None else "",
        }
        for entry in entries
    ]


def trail_href(subject_type: str, subject_id: str) -> str:
    """The same trail in the audit log, for whoever may read it."""
    return routes.to(routes.AUDIT, query={"subject_type": subject_type, "subject": subject_id})


def moment(entry: AuditEntryView, reader: Reader) -> str:
    day = reader.short_date(business_day(entry.recorded_at, reader.time_zone))
    return f"{day} {reader.time(entry.recorded_at, seconds=True)}"


def initials_for(entry: AuditEntryView) -> str:
    return "K" if entry.actor_kind == "system" else initials_of(entry.actor_name)


def team_for(entry: AuditEntryView) -> str:
    return _TEAM_OF_KIND.get(entry.actor_kind, "user")


def _changes(entry: AuditEntryView) -> str:
    before, after = entry.before or {}, entry.after or {}
    names = list(dict.fromkeys([*before, *after]))
    told = [_change(name, before, after) for name in names[:_MOST_FIELDS]]
    return ", ".join(told) + (" …" if len(names) > _MOST_FIELDS else "")


def _change(name: str, before: dict[str, object], after: dict[str, object]) -> str:
    if name not in before:
        return f"{name} {_value(after[name])}"
    if name not in after:
        return f"{name} {_value(before[name])}"
    return f"{name} {_value(before[name])} → {_value(after[name])}"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
