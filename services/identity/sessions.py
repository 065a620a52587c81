"""Live sessions: who is behind one, what they chose, and how it ends."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, update

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.models import RoleGrant, User, UserSession
from services.identity.policy import Grant, rights
from services.identity.sign_in import secret_hash
from services.identity.views import SignedIn
from services.identity.vocabulary import Locale, Role, Theme

_TOUCH_AFTER = dt.timedelta(seconds=30)


def actor_for_session(uow: UnitOfWork, *, secret: str) -> SignedIn | None:
    """The person behind a cookie's secret with today's rights, or None when the session has ended.

    A session ends when it is revoked, idle for too long, past its absolute end, or its person is
    deactivated. Its use is noted at most every 30 s.
    """
    now = func.clock_timestamp()
    found = uow.session.execute(
        select(
            UserSession,
            User,
            (UserSession.last_seen_at < now - _TOUCH_AFTER).label("stale"),
            (now - UserSession.proved_at).label("proof_age"),
        )
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.secret_hash == secret_hash(secret),
            UserSession.revoked_at.is_(None),
            UserSession.stage == "open",
            UserSession.renew_at.is_(None),
            UserSession.expires_at > now,
            UserSession.last_seen_at + func.make_interval(0, 0, 0, 0, 0, 0, UserSession.idle_seconds) > now,
            User.deactivated_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        return None
    session, user, stale, proof_age = found
    if stale:
        uow.session.execute(update(UserSession).where(UserSession.id == session.id).values(last_seen_at=now))
    proved_at = None if proof_age is None else uow.clock.now() - proof_age
    return SignedIn(
        _actor(uow, session, user, proved_at), user.email, user.display_name, Locale(user.locale), Theme(user.theme)
    )


def _actor(uow: UnitOfWork, session: UserSession, user: User, proved_at: dt.datetime | None) -> Actor:
    """`proved_at` is in the time of the unit of work's clock, which may run ahead of the database's."""
    held = uow.session.execute(select(RoleGrant.role, RoleGrant.entity_id).where(RoleGrant.user_id == user.id))
    chosen = session.chosen_entities
    return Actor(
        ActorKind.USER,
        user.id,
        user.display_name,
        grants=rights(Grant(Role(role), entity_id) for role, entity_id in held),
        chosen=EntityScope.everything() if chosen is None else EntityScope.of(chosen),
        session_id=session.id,
        address=session.address,
        proved_at=proved_at,
    )


def sign_out(uow: UnitOfWork, *, secret: str) -> None:
    """Ends the session at once in every process; nothing to do when it has already ended."""
    ended = uow.session.execute(
        update(UserSession)
        .where(UserSession.secret_hash == secret_hash(secret), UserSession.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSession.id, UserSession.user_id)
    ).one_or_none()
    if ended is not None:
        audit.record(uow, action="identity.session.closed", subject_type="user", subject_id=ended.user_id)


def end_sessions(uow: UnitOfWork, *, user_id: uuid.UUID) -> int:
    """Ends every open session of a person and returns how many; one's own need no right."""
    if uow.actor.id != user_id:
        uow.actor.require(Permission.USER_MANAGE)
    ended = revoke_all(uow, user_id)
    audit.record(
        uow,
        action="identity.session.revoked",
        subject_type="user",
        subject_id=user_id,
        after={"sessions": ended},
    )
    return ended


def revoke_all(uow: UnitOfWork, user_id: uuid.UUID) -> int:
    ended = uow.session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > func.now())
        .values(revoked_at=func.now())
        .returning(UserSession.id)
    )
    return len(ended.all())


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
