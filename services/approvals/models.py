"""Tables of approvals. What must never happen is refused by their keys and checks, whoever writes.

A vote repeats the digest, the requester, the number of seats and the end of the request it belongs to; a composite
foreign key holds them equal, so none of them can change once somebody voted, and a CHECK can compare them. Agreements
are numbered and each points to the one before, so the last one exists only with all others; a request is approved,
and used, only while that last one exists.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.approvals.vocabulary import Decision, RequestState, Team
from services.core.db import Base, one_of
from services.core.ids import new_id

_BOUND = ("request_id", "digest", "requested_by", "seats", "expires_at")
_BOUND_TO = [f"approval_request.{name}" for name in ("id", *_BOUND[1:])]


class ApprovalRequest(Base):
    """Something that waits for other eyes, bound to the digest of what exactly it is."""

    __tablename__ = "approval_request"
    __table_args__ = (
        UniqueConstraint("id", *_BOUND[1:], name="uq_approval_request_bound"),
        UniqueConstraint("id", "seats", name="uq_approval_request_seats"),
        ForeignKeyConstraint(
            ["id", "proven_by"],
            ["approval_vote.request_id", "approval_vote.ordinal"],
            name="fk_approval_request_proven_by",
            use_alter=True,
        ),
        ForeignKeyConstraint(
            ["used_by"], ["approval_consumption.request_id"], name="fk_approval_request_used_by", use_alter=True
        ),
        one_of("state", RequestState),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_form"),
        CheckConstraint("seats >= 1", name="seats_needed"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        CheckConstraint("(state IN ('pending', 'approved')) = (ended_at IS NULL)", name="ended_has_time"),
        Index(
            "uq_approval_request_open",
            "kind",
            "subject_type",
            "subject_id",
            unique=True,
            postgresql_where=text("state IN ('pending', 'approved')"),
        ),
        Index(None, "state", "id"),
        Index(None, "requested_by", "id"),
        Index("ix_approval_request_due", "expires_at", postgresql_where=text("state IN ('pending', 'approved')")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    kind: Mapped[str]
    title: Mapped[dict[str, Any]]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    content: Mapped[dict[str, Any]]
    digest: Mapped[str]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    affected_rows: Mapped[int | None]
    requested_by: Mapped[uuid.UUID]
    requested_by_name: Mapped[str]
    requester_account: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("user_account.id"),
        Computed("NULLIF(requested_by, '00000000-0000-0000-0000-000000000000'::uuid)", persisted=True),
    )
    requested_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default=RequestState.PENDING.value)
    seats: Mapped[int]
    policy_version: Mapped[int]
    tier: Mapped[dict[str, Any]]
    expires_at: Mapped[dt.datetime]
    reminded_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by_name: Mapped[str | None]
    ended_reason: Mapped[str | None]
    superseded_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("approval_request.id"))
    proven_by: Mapped[int | None] = mapped_column(
        Computed("CASE WHEN state IN ('approved', 'consumed') THEN seats END", persisted=True)
    )
    used_by: Mapped[uuid.UUID | None] = mapped_column(
        Computed("CASE WHEN state = 'consumed' THEN id END", persisted=True)
    )


class ApprovalSeat(Base):
    """One agreement that is needed, and of which team."""

    __tablename__ = "approval_seat"
    __table_args__ = (
        UniqueConstraint("request_id", "seat", "team"),
        ForeignKeyConstraint(
            ["request_id", "seats"], ["approval_request.id", "approval_request.seats"], name="fk_approval_seat_request"
        ),
        CheckConstraint("seat BETWEEN 1 AND seats", name="seat_is_needed"),
        one_of("team", Team),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    seat: Mapped[int] = mapped_column(primary_key=True)
    seats: Mapped[int]
    team: Mapped[str]


class ApprovalDelegation(Base):
    """Holiday cover: `to_id` may vote in the place of `from_id` from `starts_on` to `ends_on`, both included."""

    __tablename__ = "approval_delegation"
    __table_args__ = (
        UniqueConstraint("id", "from_id", "to_id", name="uq_approval_delegation_people"),
        CheckConstraint("from_id <> to_id", name="two_people"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        Index(None, "to_id", "ends_on"),
        Index(None, "from_id", "ends_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    from_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    from_name: Mapped[str]
    to_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    to_name: Mapped[str]
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    reason: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[dt.datetime | None]
    revoked_by_name: Mapped[str | None]


class ApprovalVote(Base):
    """What one person decided. An agreement takes a seat and the next number; a rejection ends the request."""

    __tablename__ = "approval_vote"
    __table_args__ = (
        ForeignKeyConstraint(_BOUND, _BOUND_TO, name="fk_approval_vote_request"),
        ForeignKeyConstraint(
            ["request_id", "seat", "team"],
            ["approval_seat.request_id", "approval_seat.seat", "approval_seat.team"],
            name="fk_approval_vote_seat",
        ),
        ForeignKeyConstraint(
            ["request_id", "previous"],
            ["approval_vote.request_id", "approval_vote.ordinal"],
            name="fk_approval_vote_previous",
        ),
        ForeignKeyConstraint(
            ["delegation_id", "represented_id", "voter_id"],
            ["approval_delegation.id", "approval_delegation.from_id", "approval_delegation.to_id"],
            name="fk_approval_vote_delegation",
        ),
        UniqueConstraint("request_id", "voter_id"),
        UniqueConstraint("request_id", "represented_id"),
        UniqueConstraint("request_id", "seat"),
        UniqueConstraint("request_id", "ordinal"),
        CheckConstraint("voter_id <> requested_by", name="not_own_request"),
        CheckConstraint("represented_id <> requested_by", name="not_for_requester"),
        CheckConstraint("(voter_id = represented_id) = (delegation_id IS NULL)", name="delegated_or_own"),
        CheckConstraint("cast_at < expires_at", name="in_time"),
        CheckConstraint(
            "(decision = 'approve') = (seat IS NOT NULL) AND (seat IS NULL) = (ordinal IS NULL)", name="agreement_sits"
        ),
        CheckConstraint("ordinal BETWEEN 1 AND seats", name="ordinal_in_seats"),
        CheckConstraint(
            "decision = 'approve' OR (reason IS NOT NULL AND length(btrim(reason)) >= 8)", name="rejection_has_reason"
        ),
        one_of("decision", Decision),
        one_of("team", Team),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    request_id: Mapped[uuid.UUID]
    digest: Mapped[str]
    requested_by: Mapped[uuid.UUID]
    seats: Mapped[int]
    expires_at: Mapped[dt.datetime]
    voter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    voter_name: Mapped[str]
    represented_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    represented_name: Mapped[str]
    delegation_id: Mapped[uuid.UUID | None]
    team: Mapped[str]
    decision: Mapped[str]
    seat: Mapped[int | None]
    ordinal: Mapped[int | None]
    previous: Mapped[int | None] = mapped_column(Computed("NULLIF(ordinal - 1, 0)", persisted=True))
    reason: Mapped[str | None]
    cast_at: Mapped[dt.datetime]


class ApprovalConsumption(Base):
    """The one use of an approval, in the transaction that starts the work; it needs the last agreement."""

    __tablename__ = "approval_consumption"
    __table_args__ = (
        ForeignKeyConstraint(_BOUND, _BOUND_TO, name="fk_approval_consumption_request"),
        ForeignKeyConstraint(
            ["request_id", "seats"],
            ["approval_vote.request_id", "approval_vote.ordinal"],
            name="fk_approval_consumption_last_vote",
        ),
        CheckConstraint("consumed_at < expires_at", name="in_time"),
    )

    request_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    digest: Mapped[str]
    requested_by: Mapped[uuid.UUID]
    seats: Mapped[int]
    expires_at: Mapped[dt.datetime]
    consumed_at: Mapped[dt.datetime]
    consumed_by: Mapped[uuid.UUID | None]
    consumed_by_name: Mapped[str]


class ApprovalPolicy(Base):
    """A version of a kind's policy; the highest one holds. Rows are only ever added."""

    __tablename__ = "approval_policy"
    __table_args__ = (UniqueConstraint("kind", "version"), CheckConstraint("version >= 1", name="version_counts"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    version: Mapped[int]
    tiers: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approval_consumption.request_id"), unique=True)
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    changed_by_name: Mapped[str]
