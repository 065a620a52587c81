"""Links that set a password once: invitations and forgotten passwords."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

from sqlalchemy import func, select, update

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Conflict, NotFound
from services.core.permissions import Permission
from services.identity import letters, throttle
from services.identity.errors import LinkSpent
from services.identity.models import User
from services.identity.models_proof import OneTimeLink
from services.identity.opening import secret_hash
from services.identity.passwords import VettedPassword, replace_password, retract
from services.identity.sessions import revoke_all
from services.identity.vocabulary import LinkPurpose

_LASTS = {LinkPurpose.INVITATION: dt.timedelta(hours=72), LinkPurpose.RESET: dt.timedelta(minutes=30)}
# Behind the `#` a browser keeps it to itself: no server, proxy or log of addresses sees the secret.
_PATH = "/auth/password#"


def invite(uow: UnitOfWork, *, user_id: uuid.UUID) -> None:
    """Sends somebody the link with which they set their first password. Raises Conflict when they have one."""
    uow.actor.require(Permission.USER_MANAGE)
    user = uow.session.get(User, user_id)
    if user is None or user.deactivated_at is not None:
        raise NotFound("There is no such active person.")
    if user.password_hash is not None:
        raise Conflict("This person already has a password and can ask for a new one at the sign-in.")
    _send(uow, user, LinkPurpose.INVITATION)
    audit.record(uow, action="identity.user.invited", subject_type="user", subject_id=user.id)


def retract_password(uow: UnitOfWork, *, user_id: uuid.UUID) -> int:
    """For a password that others may know: it works no more, every session ends, and a link goes to the person, who
    alone learns the new one. Needs a fresh proof; returns how many sessions ended.
    """
    uow.actor.require(Permission.USER_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    user = uow.session.get(User, user_id)
    if user is None or user.deactivated_at is not None:
        raise NotFound("There is no such active person.")
    retract(uow, user)
    ended = revoke_all(uow, user.id)
    _send(uow, user, LinkPurpose.INVITATION, letter="retracted")
    audit.record(
        uow,
        action="identity.password.retracted",
        subject_type="user",
        subject_id=user.id,
        after={"sessions_ended": ended},
    )
    return ended


def ask_for_reset(uow: UnitOfWork, *, email: str) -> None:
    """Sends the link when the address belongs to an active person; says nothing either way."""
    user = uow.session.scalar(select(User).where(User.email == email.strip().lower(), User.deactivated_at.is_(None)))
    if user is None:
        return
    purpose = LinkPurpose.RESET if user.password_hash else LinkPurpose.INVITATION
    _send(uow, user, purpose)
    audit.record(_as(uow, user), action="identity.password.forgotten", subject_type="user", subject_id=user.id)


def link_purpose(uow: UnitOfWork, *, secret: str) -> LinkPurpose | None:
    """What a link is for, None when it has been used or has run out."""
    link = _live(uow, secret)
    return LinkPurpose(link.purpose) if link else None


def set_password_by_link(uow: UnitOfWork, *, secret: str, password: VettedPassword) -> None:
    """Sets the password, ends every session, lifts the wait. Raises LinkSpent, or WeakPassword (the link stays)."""
    link = _live(uow, secret, lock=True)
    user = uow.session.get(User, link.user_id) if link else None
    if link is None or user is None or user.deactivated_at is not None:
        raise LinkSpent("This link has been used or has run out. Ask for a new one.")
    replace_password(uow, user, password.value)
    uow.session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None))
        .values(used_at=func.clock_timestamp())
    )
    throttle.forget(uow, throttle.email_key(user.email))
    audit.record(
        _as(uow, user),
        action="identity.password.set",
        subject_type="user",
        subject_id=user.id,
        after={"by": link.purpose, "sessions_ended": revoke_all(uow, user.id)},
    )
    if link.purpose == LinkPurpose.RESET:
        letters.send_notice(uow, user, "password_changed")


def _send(uow: UnitOfWork, user: User, purpose: LinkPurpose, *, letter: str | None = None) -> None:
    secret = secrets.token_urlsafe(32)
    uow.session.add(
        OneTimeLink(
            user_id=user.id,
            purpose=purpose.value,
            secret_hash=secret_hash(secret),
            expires_at=dt.datetime.now(dt.UTC) + _LASTS[purpose],
        )
    )
    letters.send_link(uow, user, letter or purpose.value, _PATH + secret)
    uow.session.flush()


def _live(uow: UnitOfWork, secret: str, *, lock: bool = False) -> OneTimeLink | None:
    query = select(OneTimeLink).where(
        OneTimeLink.secret_hash == secret_hash(secret),
        OneTimeLink.used_at.is_(None),
        OneTimeLink.expires_at > func.clock_timestamp(),
    )
    return uow.session.scalar(query.with_for_update() if lock else query)


def _as(uow: UnitOfWork, user: User) -> UnitOfWork:
    actor = Actor(ActorKind.USER, user.id, user.display_name, address=uow.actor.address)
    return UnitOfWork(uow.session, actor, uow.clock, uow.request_id)
