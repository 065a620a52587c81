"""The table of backfills. Cursor, batches and before-images live beside the data, in the schema `kontor_backfill`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.backfills.policy import BEFORE_START
from services.backfills.vocabulary import BackfillState, Pace
from services.core.db import Base, one_of
from services.core.ids import new_id

_WAITING = ", ".join(f"'{state}'" for state in BEFORE_START)


class Backfill(Base):
    """One change of many rows, from draft to signature.

    Whatever has started points at the one use of its approval: nobody can move it past `approved` without one.
    """

    __tablename__ = "backfill"
    __table_args__ = (
        UniqueConstraint("number"),
        UniqueConstraint("consumed_request_id"),
        one_of("state", BackfillState),
        one_of("pace", Pace),
        CheckConstraint(f"(state IN ({_WAITING})) = (consumed_request_id IS NULL)", name="started_was_approved"),
        CheckConstraint("planned_for IS NULL OR state = 'approved'", name="planned_is_approved"),
        Index(None, "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(Identity(always=True))
    definition: Mapped[str]
    definition_version: Mapped[int]
    params: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=BackfillState.DRAFT.value)
    problem: Mapped[str | None]
    created_by: Mapped[uuid.UUID | None]
    created_by_name: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    dry_run: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_request.id"))
    consumed_request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_consumption.request_id"))
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("run.id"))
    pace: Mapped[str] = mapped_column(default=Pace.NORMAL.value)
    throttle: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    started_by: Mapped[uuid.UUID | None]
    started_by_name: Mapped[str | None]
    started_at: Mapped[dt.datetime | None]
    changed_at: Mapped[dt.datetime | None]
    verification: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    signoff_request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_request.id"))
    signed_by_name: Mapped[str | None]
    undo_reason: Mapped[str | None]
    undo_request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_request.id"))
    planned_for: Mapped[dt.datetime | None]
    planned_by: Mapped[uuid.UUID | None]
    planned_by_name: Mapped[str | None]
    follow_windows: Mapped[bool] = mapped_column(default=True, server_default=true())
    hold: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    baseline: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    emergency_by_name: Mapped[str | None]
    ended_at: Mapped[dt.datetime | None]
