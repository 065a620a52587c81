"""Opening sessions, giving them new ids, and ending them everywhere at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, func, select, text, update

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.identity.models import User, UserSession
from services.identity.policy import SessionLifetime
from services.identity.views import SessionSecret
from services.identity.vocabulary import SESSION_CHANNEL, SessionStage

# Whoever has proved only half of it gets this long for the rest.
_UNFINISHED = {SessionStage.FACTOR: dt.timedelta(minutes=10), SessionStage.ENROLMENT: dt.timedelta(minutes=30)}


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a sign-in comes from."""

    address: str | None
    user_agent: str | None


def secret_hash(secret: str) -> bytes:
    """SHA-256 is enough here: the secret has 256 random bits, so nobody can guess it back."""
    return hashlib.sha256(secret.encode()).digest()


def open_session(
    uow: UnitOfWork,
    user: User,
    browser: Browser,
    lifetime: SessionLifetime,
    *,
    stage: SessionStage = SessionStage.OPEN,
    by: str = "password",
    proved_at: dt.datetime | Literal["now"] | None = "now",
) -> SessionSecret:
    """A new session of `user`; `by` is what was proved, for the log, and `proved_at` when."""
    instant = uow.session.execute(select(func.clock_timestamp())).scalar_one()
    session = UserSession(
        user_id=user.id,
        idle_seconds=int(lifetime.idle.total_seconds()),
        expires_at=instant + _UNFINISHED.get(stage, lifetime.absolute),
        address=browser.address,
        user_agent=browser.user_agent and browser.user_agent[:400],
        chosen_entities=_last_choice(uow, user.id),
        proved_at=instant if proved_at == "now" else proved_at and min(proved_at, instant),
        stage=stage.value,
    )
    if stage is SessionStage.OPEN:
        user.last_sign_in_at = instant
    opened = add_session(uow, session)
    actor = Actor(ActorKind.USER, user.id, user.display_name, session_id=session.id, address=browser.address)
    audit.record(
        UnitOfWork(uow.session, actor, uow.clock, uow.request_id),
        action="identity.session.opened" if stage is SessionStage.OPEN else "identity.session.begun",
        subject_type="user",
        subject_id=user.id,
        after={"by": by},
    )
    return opened


def add_session(uow: UnitOfWork, session: UserSession) -> SessionSecret:
    """Writes the row under a new id and a new secret, which is returned this once."""
    secret = secrets.token_urlsafe(32)
    session.secret_hash = secret_hash(secret)
    uow.session.add(session)
    uow.session.flush()
    return SessionSecret(secret, session.expires_at, session.user_id, SessionStage(session.stage))


def end(uow: UnitOfWork, *which: ColumnElement[bool]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Ends live sessions; the processes that hold their sockets hear of it with the commit. (session, user) pairs."""
    ended = uow.session.execute(
        update(UserSession)
        .where(*which, UserSession.revoked_at.is_(None), UserSession.expires_at > func.now())
        .values(revoked_at=func.clock_timestamp())
        .returning(UserSession.id, UserSession.user_id)
    ).all()
    for session_id, _ in ended:
        uow.session.execute(
            text("SELECT pg_notify(:channel, :id)"), {"channel": SESSION_CHANNEL, "id": str(session_id)}
        )
    return [(row.id, row.user_id) for row in ended]


def ask_for_renewal(uow: UnitOfWork, *which: ColumnElement[bool]) -> None:
    """After a change of rights: the next page of these sessions gets a new id, and nothing before it."""
    uow.session.execute(
        update(UserSession).where(*which, UserSession.revoked_at.is_(None)).values(renew_at=func.clock_timestamp())
    )


def _last_choice(uow: UnitOfWork, user_id: uuid.UUID) -> list[uuid.UUID] | None:
    return uow.session.scalar(
        select(UserSession.chosen_entities)
        .where(UserSession.user_id == user_id, UserSession.impersonator_id.is_(None))
        .order_by(UserSession.created_at.desc(), UserSession.id.desc())
        .limit(1)
    )
