"""Tables of match groups, and the fold of what stands. Written set-based, never through these classes."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base

_C = String(collation="C")


class Match(Base):
    """A group of entries that settle each other, found by a rule other than the plain key; stored once."""

    __tablename__ = "recon_match"
    __table_args__ = (
        CheckConstraint("confidence_percent BETWEEN 0 AND 100", name="confidence_range"),
        Index(
            "uq_recon_match_open",
            "entity_id",
            "definition",
            "fingerprint",
            unique=True,
            postgresql_where=text("closed_seq IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str]
    fingerprint: Mapped[str]
    rule: Mapped[str]
    confidence_percent: Mapped[int] = mapped_column(SmallInteger)
    why: Mapped[str]
    runner_up: Mapped[str | None]
    first_seq: Mapped[int]
    closed_seq: Mapped[int | None]


class MatchMember(Base):
    """One entry of a match group, and what of it the group uses; it may be split over several (`Allocation`)."""

    __tablename__ = "recon_match_member"
    __table_args__ = (
        PrimaryKeyConstraint("match_id", "side", "ext_key", "occurrence"),
        CheckConstraint("side IN ('left', 'right')", name="side"),
        CheckConstraint("abs(allocated_minor) <= abs(amount_minor)", name="never_above_the_entry"),
        Index(
            "ix_recon_match_member_open",
            "source_id",
            "ext_key",
            "occurrence",
            postgresql_where=text("NOT closed"),
        ),
    )

    match_id: Mapped[int] = mapped_column(ForeignKey("recon_match.id"))
    side: Mapped[str]
    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("recon_source.id"))
    ext_key: Mapped[str] = mapped_column(_C)
    occurrence: Mapped[int] = mapped_column(SmallInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    closed: Mapped[bool] = mapped_column(server_default=text("false"))
    allocated_minor: Mapped[int | None]


class Allocation(Base):
    """What open groups use of an entry: never more than the entry, and of its sign. Kept by triggers of the members."""

    __tablename__ = "recon_allocation"
    __table_args__ = (
        PrimaryKeyConstraint("source_id", "ext_key", "occurrence"),
        CheckConstraint(
            "abs(allocated_minor) <= abs(amount_minor) AND sign(allocated_minor) * sign(amount_minor) >= 0",
            name="never_above_the_entry",
        ),
    )

    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("recon_source.id"))
    ext_key: Mapped[str] = mapped_column(_C)
    occurrence: Mapped[int] = mapped_column(SmallInteger)
    amount_minor: Mapped[int]
    allocated_minor: Mapped[int]
    currency: Mapped[str]


class Fold(Base):
    """The sums of the breaks that stand, by day, class and currency; a side that is absent has the currency ''.

    `marks` adds up the hashes of their facts: what the fingerprint of a run is made of.
    """

    __tablename__ = "recon_fold"
    __table_args__ = (
        PrimaryKeyConstraint(
            "entity_id", "definition", "booked_on", "break_class", "left_currency", "right_currency", "currency"
        ),
    )

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    definition: Mapped[str]
    booked_on: Mapped[dt.date]
    break_class: Mapped[str]
    left_currency: Mapped[str]
    right_currency: Mapped[str]
    currency: Mapped[str]
    items: Mapped[int]
    with_left: Mapped[int]
    delta_minor: Mapped[int]
    left_minor: Mapped[int]
    right_minor: Mapped[int]
    marks: Mapped[Decimal] = mapped_column(Numeric)
