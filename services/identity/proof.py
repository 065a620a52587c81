"""Step-up: the person at the browser proves again who they are."""

from __future__ import annotations

from sqlalchemy import func, update

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.permissions import Permission
from services.identity import throttle
from services.identity.models import User, UserSession
from services.identity.passwords import matches
from services.identity.views import SignInRefused

FREE_GUESSES = 5


def prove_by_password(uow: UnitOfWork, *, password: str) -> SignInRefused | None:
    """Notes a fresh proof for this session; commit in both cases, since a refusal counts.

    Returns None when the password is right, else how long to wait before the next attempt.
    """
    user, wait = begin_proof(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    if not matches(user.password_hash, password[:1024]):
        return refuse_proof(uow, user, "password")
    note_proof(uow, user, "password")
    return None


def begin_proof(uow: UnitOfWork) -> tuple[User, int]:
    """The person to be proved and the seconds to wait. Raises Forbidden for whoever has no session of their own."""
    uow.actor.require(Permission.SELF)
    if uow.actor.session_id is None or uow.actor.impersonating is not None:
        raise Forbidden("Only the person can do this, signed in by themselves.")
    user = uow.session.get_one(User, uow.actor.id)
    return user, throttle.count_attempt(uow, _key(user), FREE_GUESSES)


def note_proof(uow: UnitOfWork, user: User, by: str) -> None:
    throttle.forget(uow, _key(user))
    uow.session.execute(
        update(UserSession).where(UserSession.id == uow.actor.session_id).values(proved_at=func.clock_timestamp())
    )
    audit.record(uow, action="identity.proof.renewed", subject_type="user", subject_id=user.id, after={"by": by})


def refuse_proof(uow: UnitOfWork, user: User, by: str) -> SignInRefused:
    audit.record(
        uow,
        action="identity.proof.refused",
        subject_type="user",
        subject_id=user.id,
        after={"by": by},
        outcome="refused",
    )
    return SignInRefused()


def _key(user: User) -> str:
    return f"proof:{user.id}"
