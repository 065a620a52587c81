"""Figures that are added up once, when a run has ended, so that no page has to read entries for them."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, PrimaryKeyConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base

_C = String(collation="C")


class RunPart(Base):
    """One part of a run's difference in one currency: a class of its breaks, or what is expected. Append-only."""

    __tablename__ = "recon_run_part"
    __table_args__ = (PrimaryKeyConstraint("run_id", "currency", "part"),)

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("recon_run.id"))
    currency: Mapped[str]
    part: Mapped[str]
    items: Mapped[int]
    minor: Mapped[int]


class Month(Base):
    """A month of one definition in one legal entity, and when its parts were added up; `stale` asks for it again."""

    __tablename__ = "recon_month"
    __table_args__ = (
        PrimaryKeyConstraint("entity_id", "definition", "first_day"),
        CheckConstraint("extract(day FROM first_day) = 1", name="begins_with_a_month"),
    )

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str] = mapped_column(ForeignKey("recon_definition.code"))
    first_day: Mapped[dt.date]
    stale: Mapped[bool] = mapped_column(server_default=text("true"))
    rolled_at: Mapped[dt.datetime | None]


class _OfMonth:
    entity_id: Mapped[uuid.UUID]
    definition: Mapped[str]
    first_day: Mapped[dt.date]
    part: Mapped[str]
    currency: Mapped[str]


class MonthPart(_OfMonth, Base):
    """One reason in one currency why the two sides of a month differ; the parts add up to left less right."""

    __tablename__ = "recon_month_part"
    __table_args__ = (PrimaryKeyConstraint("entity_id", "definition", "first_day", "part", "currency"),)

    items: Mapped[int]
    minor: Mapped[int]


class MonthItem(_OfMonth, Base):
    """One item of a part; `number` is the break about it, whose resolution moves the item to another part."""

    __tablename__ = "recon_month_item"
    __table_args__ = (
        Index("ix_recon_month_item_place", "entity_id", "definition", "first_day", "part", "currency"),
        Index(None, "number", postgresql_where=text("number IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[int | None]
    key: Mapped[str] = mapped_column(_C)
    booked_on: Mapped[dt.date | None]
    left_minor: Mapped[int | None]
    right_minor: Mapped[int | None]
    minor: Mapped[int]
