"""Tables of periods, late items, evidence and adjustments."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, one_of
from services.core.ids import new_id
from services.reconciliation.vocabulary import PeriodSpan, PeriodState


class Period(Base):
    """A day or a month of one definition in one legal entity. Signed off, its days are closed for late writes.

    A signed period points at the used approval: without one the database does not take it.
    """

    __tablename__ = "recon_period"
    __table_args__ = (
        UniqueConstraint("entity_id", "definition", "span", "first_day"),
        one_of("span", PeriodSpan),
        one_of("state", PeriodState),
        CheckConstraint("first_day <= last_day", name="days_in_order"),
        CheckConstraint(
            "state <> 'signed_off' OR (digest IS NOT NULL AND statement IS NOT NULL AND signed_by IS NOT NULL "
            "AND signed_at IS NOT NULL AND request_id IS NOT NULL)",
            name="signed_off_is_whole",
        ),
        CheckConstraint("state <> 'reopened' OR length(btrim(reopen_reason)) >= 8", name="reopened_says_why"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"))
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    span: Mapped[str]
    first_day: Mapped[dt.date]
    last_day: Mapped[dt.date]
    state: Mapped[str]
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("recon_run.id"))
    signed_at: Mapped[dt.datetime | None]
    signed_by: Mapped[uuid.UUID | None]
    signed_by_name: Mapped[str | None]
    statement: Mapped[dict[str, Any] | None]
    digest: Mapped[str | None]
    request_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_consumption.request_id"))
    reopened_at: Mapped[dt.datetime | None]
    reopened_by_name: Mapped[str | None]
    reopen_reason: Mapped[str | None]
    reopened: Mapped[int] = mapped_column(server_default=text("0"))


class Late(Base):
    """What came for a day that was closed: a new entry moved to the next open day, or a change that is held back."""

    __tablename__ = "recon_late"
    __table_args__ = (
        UniqueConstraint(
            "source_id", "ext_key", "origin", "amount_minor", "currency", "status", name="uq_recon_late_item"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("recon_source.id"))
    ext_key: Mapped[str] = mapped_column(String(collation="C"))
    origin: Mapped[str]
    belongs_to: Mapped[dt.date]
    moved_to: Mapped[dt.date | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    arrived_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Evidence(Base):
    """A file that belongs to a break. It lies in the database and leaves it only as a download."""

    __tablename__ = "recon_evidence"
    __table_args__ = (
        UniqueConstraint("number", "sha256"),
        CheckConstraint("size_bytes BETWEEN 1 AND 10485760", name="size_in_range"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="hash_form"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(ForeignKey("recon_break.number"))
    name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[uuid.UUID | None]
    added_by_name: Mapped[str]
    added_at: Mapped[dt.datetime]


class Adjustment(Base):
    """An entry that corrects what a break is about, kept as a record for the bookkeeping; amounts in minor units."""

    __tablename__ = "recon_adjustment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(ForeignKey("recon_break.number"))
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    booked_on: Mapped[dt.date]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    debit: Mapped[str]
    credit: Mapped[str]
    memo: Mapped[str]
    made_by: Mapped[uuid.UUID | None]
    made_by_name: Mapped[str]
    made_at: Mapped[dt.datetime]
