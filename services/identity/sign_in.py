"""Signing in: the password checked, attempts counted, a session opened."""

from __future__ import annotations

import re

from sqlalchemy import select

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.identity import throttle
from services.identity.factors import stage_after_password
from services.identity.models import User
from services.identity.opening import Browser, open_session
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
    require_factors: bool = False,
) -> SessionSecret | SignInRefused:
    """Opens a session, or refuses; commit the unit of work in both cases, since a refusal counts the attempt.

    The session's stage says what is still missing: the second factor of whoever has one, its enrolment where a
    role asks for it (`require_factors` is what roles ask for when nobody decided otherwise).

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
    return open_session(
        uow,
        user,
        Browser(address, user_agent),
        lifetime,
        stage=stage_after_password(uow, user, require_factors=require_factors),
    )


def _keys(email: str, address: str | None) -> list[tuple[str, int]]:
    """Always in this order, so that two sign-ins cannot wait for each other in a circle."""
    keys = [] if address is None else [(f"address:{address}", _FREE_PER_ADDRESS)]
    return [*keys, (throttle.email_key(email), _FREE_PER_EMAIL)]


def _forget_attempts(uow: UnitOfWork, email: str, address: str | None) -> None:
    """A right password clears the person's count; the network address only gets this attempt back."""
    throttle.forget(uow, throttle.email_key(email))
    if address is not None:
        throttle.give_back(uow, f"address:{address}")


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
