"""The audit log as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from console.http_api.exports import Cell, Export
from services import audit, identity
from services.audit import AuditFilter
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_UTC = "UTC"


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    shown = identity.legal_entities(uow, permission=Permission.AUDIT_READ)
    codes = {entity.id: entity.code for entity in shown}
    zone = shown[0].time_zone if shown else _UTC
    for entry in audit.export(uow, filter=AuditFilter.from_address(filters, zone)):
        yield (
            entry.recorded_at,
            entry.actor_name,
            entry.on_behalf_of,
            entry.action,
            entry.outcome,
            entry.subject_type,
            entry.subject_id,
            codes.get(entry.entity_id, "") if entry.entity_id else "",
            entry.reason,
            _json(entry.before),
            _json(entry.after),
            entry.address,
            entry.request_id,
        )


def _json(side: dict[str, object] | None) -> str:
    return "" if side is None else orjson.dumps(side).decode()


AUDIT_EXPORT = Export(
    "audit",
    Permission.AUDIT_READ,
    (
        "audit.time",
        "audit.who",
        "audit.on_behalf_of",
        "audit.action",
        "audit.outcome",
        "audit.subject",
        "audit.subject_id",
        "audit.entity",
        "audit.reason",
        "audit.head_before",
        "audit.head_after",
        "audit.address",
        "audit.request",
    ),
    _rows,
)
