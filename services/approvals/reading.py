"""From rows to views, and what every part of the domain looks up."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from services.approvals.errors import RequestNotFound
from services.approvals.kinds import kind_named
from services.approvals.models import ApprovalPolicy, ApprovalRequest, ApprovalVote
from services.approvals.policy import from_json, reached
from services.approvals.views import PolicyView, RequestView, VoteView
from services.approvals.vocabulary import ApprovalFacts, Decision, RequestState, Team, Tier
from services.core.db import UnitOfWork
from services.core.money import Money
from services.core.permissions import Permission
from services.core.words import Words

VOTES = (
    select(func.count())
    .where(ApprovalVote.request_id == ApprovalRequest.id, ApprovalVote.ordinal.is_not(None))
    .correlate(ApprovalRequest)
    .scalar_subquery()
)


def visible(uow: UnitOfWork) -> ColumnElement[bool]:
    """Requests of the entities the reader sees, and those of the whole installation."""
    scope = uow.actor.scope(Permission.APPROVAL_READ)
    return or_(ApprovalRequest.entity_id.is_(None), scope.allows(ApprovalRequest.entity_id))


def locked(uow: UnitOfWork, request_id: uuid.UUID) -> ApprovalRequest:
    """The request, held until the transaction ends. Raises RequestNotFound."""
    row = uow.session.scalar(
        select(ApprovalRequest)
        .where(ApprovalRequest.id == request_id, visible(uow))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise RequestNotFound("There is no such request in the entities you may see.", request_id=str(request_id))
    return row


def votes_of(uow: UnitOfWork, request_id: uuid.UUID) -> list[ApprovalVote]:
    """In the order they were cast."""
    statement = select(ApprovalVote).where(ApprovalVote.request_id == request_id).order_by(ApprovalVote.id)
    return list(uow.session.scalars(statement.execution_options(populate_existing=True)))


def view_of(row: ApprovalRequest, votes: int) -> RequestView:
    amount = None
    if row.amount_minor is not None and row.currency is not None:
        amount = Money(row.amount_minor, row.currency)
    tier = Tier.model_validate(row.tier)
    return RequestView(
        id=row.id,
        number=row.number,
        kind=row.kind,
        title=Words(row.title["en"], row.title["de"]),
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        entity_id=row.entity_id,
        content=row.content,
        digest=row.digest,
        amount=amount,
        rows=row.affected_rows,
        reached=reached(tier, ApprovalFacts(row.amount_minor, row.currency, row.affected_rows)),
        requested_by=row.requested_by,
        requested_by_name=row.requested_by_name,
        requested_at=row.requested_at,
        state=RequestState(row.state),
        seats=row.seats,
        votes=votes,
        policy_version=row.policy_version,
        tier=tier,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_by_name=row.ended_by_name,
        ended_reason=row.ended_reason,
        superseded_by=row.superseded_by,
    )


def current_view(uow: UnitOfWork, row: ApprovalRequest) -> RequestView:
    return view_of(row, sum(vote.ordinal is not None for vote in votes_of(uow, row.id)))


def vote_view(vote: ApprovalVote) -> VoteView:
    return VoteView(
        voter_id=vote.voter_id,
        voter_name=vote.voter_name,
        represented_name=vote.represented_name if vote.delegation_id else None,
        team=Team(vote.team),
        decision=Decision(vote.decision),
        reason=vote.reason,
        cast_at=vote.cast_at,
    )


def policy_of(uow: UnitOfWork, kind: str) -> PolicyView:
    """The version that holds now: the newest row, or what the code came with."""
    declared = kind_named(kind)
    row = uow.session.scalar(
        select(ApprovalPolicy).where(ApprovalPolicy.kind == kind).order_by(ApprovalPolicy.version.desc()).limit(1)
    )
    if row is None:
        return PolicyView(kind, declared.title, 0, declared.tiers, None, None)
    return PolicyView(kind, declared.title, row.version, from_json(row.tiers), row.changed_at, row.changed_by_name)


def facts_json(row: ApprovalRequest) -> dict[str, Any]:
    """What audit and events carry of a request."""
    return {
        "number": row.number,
        "kind": row.kind,
        "subject": f"{row.subject_type}/{row.subject_id}",
        "digest": row.digest,
        "requested_by": row.requested_by_name,
        "state": row.state,
    }
