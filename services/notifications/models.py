"""The outbox: letters waiting to go, gone, or given up."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, one_of
from services.core.ids import new_id
from services.core.keyring import Sealed
from services.notifications.vocabulary import Channel, LetterState


class Notification(Base):
    """One letter to one recipient, about a record of one legal entity or of none.

    The text stands in `content`, or in `sealed` where it holds a secret; that one is emptied once it is settled.
    """

    __tablename__ = "notification"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("state", LetterState),
        CheckConstraint("(state = 'queued') = (settled_at IS NULL)", name="settled_has_time"),
        CheckConstraint("content IS NOT NULL OR sealed IS NOT NULL OR state <> 'queued'", name="queued_has_content"),
        Index("ix_notification_due", "next_attempt_at", postgresql_where=text("state = 'queued'")),
        Index(None, "state", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    channel: Mapped[str]
    recipient: Mapped[str]
    purpose: Mapped[str]
    entity_id: Mapped[uuid.UUID | None]
    subject: Mapped[str]
    content: Mapped[dict[str, Any] | None]
    sealed: Mapped[bytes | None] = mapped_column(Sealed)
    secret: Mapped[bool] = mapped_column(server_default=text("false"))
    dedup_key: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(server_default=LetterState.QUEUED.value)
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_attempt_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[dt.datetime | None]
    error: Mapped[str | None]


class LetterFile(Base):
    """A file that goes with a letter; it is forgotten with it."""

    __tablename__ = "notification_file"
    __table_args__ = (CheckConstraint("octet_length(content) BETWEEN 1 AND 3145728", name="size_in_range"),)

    letter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notification.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
