"""What leaves audit."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AuditEntryView:
    id: uuid.UUID
    recorded_at: dt.datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: uuid.UUID | None
    actor_name: str
    on_behalf_of: str | None
    entity_id: uuid.UUID | None
    subject_type: str
    subject_id: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    session_id: uuid.UUID | None
    address: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What a reader looks for; None means anything. `since` is inclusive, `until` exclusive.

    `action` is a whole action or its beginning up to a dot (`reconciliation.run`); `text` is looked for in
    action, actor, subject and reason.
    """

    text: str | None = None
    actor_id: uuid.UUID | None = None
    actor_kind: str | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    entity_id: uuid.UUID | None = None
    outcome: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries newest first; `older` and `newer` are the cursors of the neighbouring pages, None at the ends."""

    entries: tuple[AuditEntryView, ...]
    older: str | None
    newer: str | None
