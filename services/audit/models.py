"""The append-only tables of the log, its tree and its checkpoints, and the few small ones that change."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, SmallInteger, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id
from services.core.saved_views import SavedViewColumns


class AuditEntry(Base):
    """One change. `canonical` holds its RFC 8785 bytes, which are the leaf of the tree and what a reader is shown.

    The other columns repeat of it what is searched by; a verification compares them. `commitment` is SHA-256 over
    the salt and the data of the personal part. `transaction_id` lets the sealer find what committed lately.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint(r"action ~ '^[a-z_]+\.[a-z_]+\.[a-z_]+$'", name="action_grammar"),
        Index(None, "subject_type", "subject_id", "recorded_at"),
        Index(None, "actor_id", "recorded_at", postgresql_where=sql("actor_id IS NOT NULL")),
        Index(None, "recorded_at"),
        Index(None, "transaction_id", postgresql_using="brin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    recorded_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None]
    session_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str]
    entity_id: Mapped[uuid.UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    outcome: Mapped[str] = mapped_column(default="done")
    canonical: Mapped[bytes] = mapped_column(LargeBinary)
    commitment: Mapped[bytes] = mapped_column(LargeBinary)
    transaction_id: Mapped[int] = mapped_column(server_default=sql("(pg_current_xact_id()::text)::bigint"))


class AuditPersonal(Base):
    """Names, addresses and free text of an entry: canonical JSON behind the entry's commitment, or erased."""

    __tablename__ = "audit_personal"
    __table_args__ = (
        CheckConstraint(
            "(data IS NULL) = (salt IS NULL) AND (data IS NULL) = (erased_by IS NOT NULL)", name="kept_or_erased"
        ),
    )

    entry_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    data: Mapped[bytes | None] = mapped_column(LargeBinary)
    erased_by: Mapped[uuid.UUID | None]


class AuditLeaf(Base):
    """The place of an entry in the tree. No foreign key: the leaf of a removed entry has to stay behind."""

    __tablename__ = "audit_leaf"
    __table_args__ = (UniqueConstraint("entry_id"),)

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[uuid.UUID]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditNode(Base):
    """A complete subtree of 2^level leaves, kept for every eighth level: a proof reads three or four runs of them."""

    __tablename__ = "audit_node"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Base):
    """A signed head of the tree, as it was written to the sinks."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (Index(None, "size"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    size: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary)
    signed_at: Mapped[dt.datetime]
    note: Mapped[str]


class AuditSink(Base):
    """How far a place outside the database has received the checkpoints, and what went wrong last."""

    __tablename__ = "audit_sink"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    delivered: Mapped[int] = mapped_column(default=0)
    delivered_size: Mapped[int | None]
    delivered_at: Mapped[dt.datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    retry_at: Mapped[dt.datetime | None]


class AuditVerification(Base):
    """The outcome of one verification of the log; `since` is the leaf it started at."""

    __tablename__ = "audit_verification"
    __table_args__ = (Index(None, "finished_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime]
    size: Mapped[int]
    since: Mapped[int]
    checkpoints: Mapped[int]
    problems: Mapped[int]
    findings: Mapped[dict[str, Any]]
    started_by: Mapped[str]


class AuditSearch(Base):
    """The words of an entry, made by the sealer after the fact so that appending stays cheap."""

    __tablename__ = "audit_search"
    __table_args__ = (UniqueConstraint("entry_id"), Index(None, "document", postgresql_using="gin"))

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[uuid.UUID]
    document: Mapped[Any] = mapped_column(TSVECTOR)


class AuditSavedView(SavedViewColumns, Base):
    """A filter of the log that a person gave a name."""

    __tablename__ = "audit_saved_view"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
