"""Writing the log."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from services.audit.models import AuditEntry
from services.core.canonical_json import canonical_bytes
from services.core.db import UnitOfWork
from services.core.ids import new_id


def record(
    uow: UnitOfWork,
    *,
    action: str,
    subject_type: str,
    subject_id: uuid.UUID | str,
    entity_id: uuid.UUID | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
    outcome: str = "done",
) -> uuid.UUID:
    """Appends one entry in the caller's transaction and returns its id.

    `action` is `<domain>.<subject>.<verb in past tense>`; `before` and `after` hold only what changed, in
    canonical JSON values (integers, strings, booleans, None, lists, dicts; money in minor units).
    `outcome` is `done` or `refused`.
    """
    actor = uow.actor
    fields = {
        "id": new_id(),
        "recorded_at": dt.datetime.now(dt.UTC),
        "action": action,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "on_behalf_of": actor.on_behalf_of,
        "session_id": actor.session_id,
        "address": actor.address,
        "request_id": uow.request_id,
        "entity_id": entity_id,
        "subject_type": subject_type,
        "subject_id": str(subject_id),
        "before": before,
        "after": after,
        "reason": reason,
        "outcome": outcome,
    }
    uow.session.add(AuditEntry(**fields, canonical=canonical_bytes(fields)))
    uow.session.flush()
    return fields["id"]
