"""Tables of drafts, calendars, exchange rates and people's decisions about matches."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, PrimaryKeyConstraint, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id

_C = String(collation="C")


class RuleDraft(Base):
    """The one set of rules of a definition that is being worked on, with what its back-test found."""

    __tablename__ = "recon_rule_draft"

    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"), primary_key=True)
    base_version: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    note: Mapped[str]
    backtest: Mapped[dict[str, Any] | None]
    request_id: Mapped[uuid.UUID | None]
    edited_by: Mapped[uuid.UUID | None]
    edited_by_name: Mapped[str]
    edited_at: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class FxRate(Base):
    """How many `quote` one `base` was worth on a day, by the merchant's own table."""

    __tablename__ = "recon_fx_rate"
    __table_args__ = (
        PrimaryKeyConstraint("base", "quote", "day"),
        CheckConstraint("rate > 0", name="rate_positive"),
        CheckConstraint("base <> quote", name="two_currencies"),
    )

    base: Mapped[str] = mapped_column(_C)
    quote: Mapped[str] = mapped_column(_C)
    day: Mapped[dt.date]
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 10))


class Holiday(Base):
    """A day of a calendar on which nobody books, though it is no weekend."""

    __tablename__ = "recon_holiday"
    __table_args__ = (PrimaryKeyConstraint("calendar", "day"),)

    calendar: Mapped[str]
    day: Mapped[dt.date]
    name: Mapped[str]


class Decision(Base):
    """What a person said about entries: that they belong together (`match`, `forced` when they do not add up), or
    that they do not (`apart`). Withdrawn, never deleted."""

    __tablename__ = "recon_decision"
    __table_args__ = (
        CheckConstraint("kind IN ('match', 'forced', 'apart')", name="kind_known"),
        CheckConstraint("length(btrim(reason)) >= 8", name="says_why"),
        Index(None, "entity_id", "definition", postgresql_where=text("withdrawn_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"))
    kind: Mapped[str]
    members: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    residuals: Mapped[dict[str, Any]]
    reason: Mapped[str]
    made_by: Mapped[uuid.UUID | None]
    made_by_name: Mapped[str]
    made_at: Mapped[dt.datetime]
    withdrawn_at: Mapped[dt.datetime | None]
    withdrawn_by_name: Mapped[str | None]
    withdrawn_reason: Mapped[str | None]
