"""Signing in: the password checked, attempts counted, a session opened."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid

from sqlalchemy import func, select

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.identity import throttle
from services.identity.models import User, UserSession
from services.identity.passwords import matches
from services.identity.policy import SessionLifetime
from services.identity.views import SessionSecret, SignInRefused

_LOOKS_LIKE_AN_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_DEFAULT_LIFETIME = SessionLifetime()

_FREE_PER_EMAIL = 5
_FREE_PER_ADDRESS = 50


def authenticate(
    uow: UnitOfWork,
    *,
    email: str,
    password: str,
    address: str | None,
    user_agent: str | None,
    lifetime: SessionLifetime = _DEFAULT_LIFETIME,
) -> SessionSecret | SignInRefused:
    """Opens a session, or refuses; commit the unit of work in both cases, since a refusal counts the attempt.

    After 5 wrong passwords for an e-mail address (50 from a network address) each further attempt waits:
    30 s, doubling up to 15 minutes; a day without a wrong one clears the count. Answer, time taken and
    waiting are the same whether the person exists or not. Sign-ins and refusals are audited; attempts
    during a wait are not looked at, so that a flood cannot fill the log.
    """
    wanted = email.strip().lower()[:254]
    for key, free in _keys(wanted, address):
        wait = throttle.count_attempt(uow, key, free)
        if wait:
            return SignInRefused(retry_after=wait)
    user = uow.session.scalar(select(User).where(User.email == wanted, User.deactivated_at.is_(None)))
    if not matches(user.password_hash if user else None, password[:1024]) or user is None:
        _audit_refusal(uow, wanted, user, address)
        return SignInRefused()
    _forget_attempts(uow, wanted, address)
    return _open_session(uow, user, address, user_agent, lifetime)


def _keys(email: str, address: str | None) -> list[tuple[str, int]]:
    """Always in this order, so that two sign-ins cannot wait for each other in a circle."""
    keys = [] if address is None else [(f"address:{address}", _FREE_PER_ADDRESS)]
    return [*keys, (_email_key(email), _FREE_PER_EMAIL)]


def _email_key(email: str) -> str:
    return "email:" + hashlib.sha256(email.encode()).hexdigest()


def _forget_attempts(uow: UnitOfWork, email: str, address: str | None) -> None:
    """A right password clears the person's count; the network address only gets this attempt back."""
    throttle.forget(uow, _email_key(email))
    if address is not None:
        throttle.give_back(uow, f"address:{address}")


def _open_session(
    uow: UnitOfWork, user: User, address: str | None, user_agent: str | None, lifetime: SessionLifetime
) -> SessionSecret:
    secret = secrets.token_urlsafe(32)
    instant = uow.session.execute(select(func.now())).scalar_one()
    session = UserSession(
        user_id=user.id,
        secret_hash=secret_hash(secret),
        idle_seconds=int(lifetime.idle.total_seconds()),
        expires_at=instant + lifetime.absolute,
        address=address,
        user_agent=user_agent and user_agent[:400],
        chosen_entities=_last_choice(uow, user.id),
        proved_at=instant,
    )
    user.last_sign_in_at = instant
    uow.session.add(session)
    uow.session.flush()
    actor = Actor(ActorKind.USER, user.id, user.display_name, session_id=session.id, address=address)
    audit.record(
        UnitOfWork(uow.session, actor, uow.clock, uow.request_id),
        action="identity.session.opened",
        subject_type="user",
        subject_id=user.id,
    )
    return SessionSecret(secret, session.expires_at, user.id)


def _last_choice(uow: UnitOfWork, user_id: uuid.UUID) -> list[uuid.UUID] | None:
    return uow.session.scalar(
        select(UserSession.chosen_entities)
        .where(UserSession.user_id == user_id)
        .order_by(UserSession.created_at.desc())
        .limit(1)
    )


def _audit_refusal(uow: UnitOfWork, email: str, user: User | None, address: str | None) -> None:
    """Names what was typed only when it has the form of an address: people type passwords into that field."""
    typed = email if _LOOKS_LIKE_AN_ADDRESS.fullmatch(email) else "not an e-mail address"
    audit.record(
        UnitOfWork(uow.session, Actor(ActorKind.ANONYMOUS, None, typed, address=address), uow.clock, uow.request_id),
        action="identity.session.refused",
        subject_type="user",
        subject_id=user.id if user else "unknown",
        outcome="refused",
    )


def secret_hash(secret: str) -> bytes:
    """SHA-256 is enough here: the secret has 256 random bits, so nobody can guess it back."""
    return hashlib.sha256(secret.encode()).digest()
