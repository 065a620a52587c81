"""Live sessions: who is behind one, what they chose, and how it ends."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import aliased

from services import audit
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, NotFound
from services.core.permissions import Permission
from services.identity.models import RoleDefinition, RoleGrant, User, UserSession
from services.identity.opening import add_session, end, secret_hash
from services.identity.policy import Held, device_of
from services.identity.roles import rights_of
from services.identity.views import SessionSecret, SessionView
from services.identity.vocabulary import Locale, SessionStage, Theme


def held_roles(uow: UnitOfWork, user_id: uuid.UUID) -> list[Held]:
    """The roles granted to a person, with what each carries today."""
    rows = uow.session.execute(
        select(RoleDefinition, RoleGrant.entity_id)
        .join(RoleGrant, RoleGrant.role == RoleDefinition.code)
        .where(RoleGrant.user_id == user_id)
    )
    return [Held(role.code, entity_id, rights_of(role), role.conditions) for role, entity_id in rows]


def live(now: Any = func.clock_timestamp()) -> list[Any]:  # noqa: B008 - an expression, not a value
    """What makes a session count: neither revoked nor expired nor idle for too long."""
    return [
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
        UserSession.last_seen_at + func.make_interval(0, 0, 0, 0, 0, 0, UserSession.idle_seconds) > now,
    ]


def renew_session(uow: UnitOfWork, *, secret: str) -> SessionSecret | None:
    """A new id for a session whose rights changed, or None when there is nothing to renew."""
    old = uow.session.scalar(
        select(UserSession)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.secret_hash == secret_hash(secret),
            UserSession.renew_at.is_not(None),
            User.deactivated_at.is_(None),
            *live(),
        )
        .with_for_update(of=UserSession)
    )
    if old is None:
        return None
    kept = ("user_id", "idle_seconds", "expires_at", "address", "user_agent", "chosen_entities", "stage", "proved_at")
    mine = ("impersonator_id", "impersonation_reason", "own_expires_at")
    fresh = add_session(uow, UserSession(**{name: getattr(old, name) for name in (*kept, *mine)}))
    end(uow, UserSession.id == old.id)
    audit.record(uow, action="identity.session.renewed", subject_type="user", subject_id=old.user_id)
    return fresh


def sign_out(uow: UnitOfWork, *, secret: str) -> None:
    """Ends the session at once in every process; nothing to do when it has already ended."""
    for _, user_id in end(uow, UserSession.secret_hash == secret_hash(secret)):
        audit.record(uow, action="identity.session.closed", subject_type="user", subject_id=user_id)


def end_sessions(uow: UnitOfWork, *, user_id: uuid.UUID, but_mine: bool = False) -> int:
    """Ends every open session of a person and returns how many; one's own need a fresh proof in place of a right.

    `but_mine` leaves the one that asks.
    """
    if uow.actor.id != user_id or uow.actor.impersonating is not None:
        uow.actor.require(Permission.USER_MANAGE)
    else:
        uow.actor.require_fresh_proof(uow.clock.now())
    others = [UserSession.id != uow.actor.session_id] if but_mine and uow.actor.session_id else []
    ended = len(end(uow, _of(user_id), *others))
    audit.record(
        uow,
        action="identity.session.revoked",
        subject_type="user",
        subject_id=user_id,
        after={"sessions": ended},
    )
    return ended


def end_session(uow: UnitOfWork, *, session_id: uuid.UUID) -> None:
    """Ends one session: one's own (after a proof), or anybody's by right. Raises NotFound for an ended one."""
    uow.actor.require(Permission.SELF)
    owner = uow.session.scalar(select(UserSession.user_id).where(UserSession.id == session_id))
    if owner != uow.actor.id or uow.actor.impersonating is not None:
        uow.actor.require(Permission.USER_MANAGE)
    elif session_id != uow.actor.session_id:
        uow.actor.require_fresh_proof(uow.clock.now())
    if not end(uow, UserSession.id == session_id):
        raise NotFound("This session has already ended.")
    audit.record(
        uow,
        action="identity.session.revoked",
        subject_type="user",
        subject_id=owner or "unknown",
        after={"session": str(session_id), "sessions": 1},
    )


def revoke_all(uow: UnitOfWork, user_id: uuid.UUID) -> int:
    return len(end(uow, _of(user_id)))


def _of(user_id: uuid.UUID) -> ColumnElement[bool]:
    """What a person has open: as themselves, in another's place, and what another has open in theirs."""
    return or_(UserSession.user_id == user_id, UserSession.impersonator_id == user_id)


def open_sessions(uow: UnitOfWork, *, user_id: uuid.UUID | None = None) -> list[SessionView]:
    """Open sessions, the last used first: of one person, or of everybody. One's own need no right."""
    if user_id is None or user_id != uow.actor.id:
        uow.actor.require(Permission.USER_READ)
    whose = [] if user_id is None else [UserSession.user_id == user_id]
    other = aliased(User)
    rows = uow.session.execute(
        select(UserSession, User.display_name, other.display_name)
        .join(User, User.id == UserSession.user_id)
        .outerjoin(other, other.id == UserSession.impersonator_id)
        .where(*whose, UserSession.stage == SessionStage.OPEN, *live())
        .order_by(UserSession.last_seen_at.desc())
        .limit(200)
    )
    return [_session_view(uow, session, person, by) for session, person, by in rows]


def ended_among(uow: UnitOfWork, *, session_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these sessions are over, by whatever means; a web process asks it about its open sockets."""
    alive = uow.session.scalars(select(UserSession.id).where(UserSession.id.in_(session_ids), *live()))
    return set(session_ids) - set(alive)


def _session_view(uow: UnitOfWork, session: UserSession, person: str, impersonator: str | None) -> SessionView:
    return SessionView(
        session.id,
        session.user_id,
        person,
        device_of(session.user_agent or ""),
        session.address or "",
        session.created_at,
        session.last_seen_at,
        session.expires_at,
        session.id == uow.actor.session_id,
        impersonator,
    )


def choose_entities(uow: UnitOfWork, *, entity_ids: Sequence[uuid.UUID] | None) -> None:
    """Narrows what this session shows to some entities; None or an empty choice shows all one may see.

    Raises NotFound for an entity outside the actor's rights.
    """
    uow.actor.require(Permission.SELF)
    for entity_id in entity_ids or ():
        if not uow.actor.may(Permission.SELF, entity_id):
            raise NotFound("There is no such entity among those you may see.")
    uow.session.execute(
        update(UserSession)
        .where(UserSession.id == _own_session(uow.actor))
        .values(chosen_entities=sorted(set(entity_ids)) if entity_ids else None)
    )


def set_preferences(uow: UnitOfWork, *, locale: Locale | None = None, theme: Theme | None = None) -> None:
    """Keeps the reader's language and appearance; None leaves one as it is."""
    uow.actor.require(Permission.SELF)
    chosen = {"locale": locale and Locale(locale).value, "theme": theme and Theme(theme).value}
    values = {name: value for name, value in chosen.items() if value}
    if values:
        uow.session.execute(update(User).where(User.id == uow.actor.id).values(**values))


def _own_session(actor: Actor) -> uuid.UUID:
    if actor.session_id is None:
        raise Forbidden("Only somebody who is signed in can do this.", permission=str(Permission.SELF))
    return actor.session_id
