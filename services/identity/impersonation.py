"""Looking through another person's eyes: with a reason, for half an hour at most, and never with their hand."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, NotFound
from services.core.permissions import Permission
from services.identity import letters
from services.identity.factors import own_account
from services.identity.models import User, UserSession
from services.identity.opening import add_session, end
from services.identity.sessions import held_roles, live
from services.identity.views import SessionSecret
from services.identity.vocabulary import Role

_LONGEST = dt.timedelta(minutes=30)
_REASON = range(8, 501)


def impersonate(uow: UnitOfWork, *, user_id: uuid.UUID, reason: str) -> SessionSecret:
    """A session as somebody else, which replaces one's own; needs a fresh proof.

    Rights are what both may do, without approving, signing, people, keys and secrets. The person is told by mail.
    Raises Invalid for a reason that says nothing, Conflict for oneself, another administrator, or a second time.
    """
    uow.actor.require(Permission.IMPERSONATE)
    uow.actor.require_fresh_proof(uow.clock.now())
    admin, why = own_account(uow), reason.strip()
    if len(why) not in _REASON:
        raise Invalid("A reason of 8 to 500 characters is needed; it stands in the audit log.")
    target = uow.session.get(User, user_id)
    if target is None or target.deactivated_at is not None:
        raise NotFound("There is no such active person.")
    if target.id == admin.id or any(grant.role == Role.ADMIN for grant in held_roles(uow, target.id)):
        raise Conflict("Neither oneself nor another administrator can be impersonated.")
    own = uow.session.get_one(UserSession, uow.actor.session_id)
    secret = add_session(
        uow,
        UserSession(
            user_id=target.id,
            idle_seconds=own.idle_seconds,
            expires_at=min(own.expires_at, _now(uow) + _LONGEST),
            address=own.address,
            user_agent=own.user_agent,
            stage=own.stage,
            proved_at=own.proved_at,
            impersonator_id=admin.id,
            impersonation_reason=why,
            own_expires_at=own.expires_at,
        ),
    )
    end(uow, UserSession.id == own.id)
    audit.record(uow, action="identity.impersonation.begun", subject_type="user", subject_id=target.id, reason=why)
    letters.send_notice(uow, target, "impersonated")
    return secret


def end_impersonation(uow: UnitOfWork) -> SessionSecret:
    """Back to oneself, under a new id, until the end that one's own session had.

    Raises Forbidden when nobody is being impersonated.
    """
    uow.actor.require(Permission.SELF)
    session = uow.session.scalar(
        select(UserSession).where(
            UserSession.id == uow.actor.session_id, UserSession.impersonator_id.is_not(None), *live()
        )
    )
    if session is None or session.impersonator_id is None or session.own_expires_at is None:
        raise Forbidden("Nobody is being impersonated here.", permission=str(Permission.IMPERSONATE))
    back = add_session(
        uow,
        UserSession(
            user_id=session.impersonator_id,
            idle_seconds=session.idle_seconds,
            expires_at=session.own_expires_at,
            address=session.address,
            user_agent=session.user_agent,
            stage=session.stage,
            proved_at=session.proved_at,
        ),
    )
    end(uow, UserSession.id == session.id)
    audit.record(uow, action="identity.impersonation.ended", subject_type="user", subject_id=session.user_id)
    return back


def _now(uow: UnitOfWork) -> dt.datetime:
    return uow.session.execute(select(func.clock_timestamp())).scalar_one()
