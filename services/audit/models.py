"""The append-only table. Leaf index and checkpoints of the tamper-evident tree join it in their own tables."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id


class AuditEntry(Base):
    """One change. `canonical` holds the RFC 8785 bytes of the entry, the leaf a hash tree will be built on."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint(r"action ~ '^[a-z_]+\.[a-z_]+\.[a-z_]+$'", name="action_grammar"),
        Index(None, "subject_type", "subject_id", "recorded_at"),
        Index(None, "actor_id", "recorded_at"),
        Index(None, "recorded_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    recorded_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    on_behalf_of: Mapped[str | None]
    session_id: Mapped[uuid.UUID | None]
    address: Mapped[str | None]
    request_id: Mapped[str]
    entity_id: Mapped[uuid.UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
    outcome: Mapped[str] = mapped_column(default="done")
    canonical: Mapped[bytes] = mapped_column(LargeBinary)
