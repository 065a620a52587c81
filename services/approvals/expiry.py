"""Time: requests that nobody decided end, and people are reminded before."""

from __future__ import annotations

from sqlalchemy import func, select

from services.approvals import letters
from services.approvals.models import ApprovalRequest
from services.approvals.policy import OPEN_STATES, REMIND_PART
from services.approvals.service import expire
from services.approvals.vocabulary import RequestState
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_AT_ONCE = 50


def expire_due(uow: UnitOfWork) -> int:
    """Ends up to 50 open requests whose time is over; those somebody is deciding right now wait for the next time."""
    uow.actor.require(Permission.RUN_EXECUTE)
    rows = uow.session.scalars(
        select(ApprovalRequest)
        .where(
            ApprovalRequest.state.in_([state.value for state in OPEN_STATES]),
            ApprovalRequest.expires_at <= uow.clock.now(),
        )
        .order_by(ApprovalRequest.expires_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        expire(uow, row)
    return len(rows)


def remind_due(uow: UnitOfWork) -> int:
    """Tells, once a request, that only a quarter of its time is left."""
    uow.actor.require(Permission.RUN_EXECUTE)
    left = ApprovalRequest.expires_at - uow.clock.now()
    whole = ApprovalRequest.expires_at - ApprovalRequest.requested_at
    rows = uow.session.scalars(
        select(ApprovalRequest)
        .where(
            ApprovalRequest.state == RequestState.PENDING,
            ApprovalRequest.reminded_at.is_(None),
            func.extract("epoch", left) <= func.extract("epoch", whole) * REMIND_PART,
            ApprovalRequest.expires_at > uow.clock.now(),
        )
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.reminded_at = uow.clock.now()
        letters.on_expiring(uow, row)
    uow.session.flush()
    return len(rows)
