"""Tables of the release calendar: weekly windows and freezes."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Time, func
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id


class ReleaseWindow(Base):
    """A weekly window in a wall clock's time; `entity_id` is whose it is, None for the whole installation."""

    __tablename__ = "release_window"
    __table_args__ = (CheckConstraint("days <@ '{0,1,2,3,4,5,6}' AND cardinality(days) > 0", name="days_of_week"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    time_zone: Mapped[str]
    days: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    opens: Mapped[dt.time] = mapped_column(Time)
    closes: Mapped[dt.time] = mapped_column(Time)
    version: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    retired_at: Mapped[dt.datetime | None]


class ReleaseFreeze(Base):
    """A time in which nothing starts or goes on. One that has begun is lifted by agreement alone."""

    __tablename__ = "release_freeze"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_reason IS NULL)", name="lifted_has_reason"),
        Index(None, "ends_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    reason: Mapped[str]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    created_by_name: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    lifted_at: Mapped[dt.datetime | None]
    lifted_reason: Mapped[str | None]
    lift_request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_request.id"))
