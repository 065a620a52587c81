"""Who is behind a session: asked for every event of every page, so in one statement, sent as it stands."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from services.core.actor import Actor, ActorKind, Condition
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.opening import secret_hash
from services.identity.policy import PERMISSIONS, Held, conditions, rights, shared
from services.identity.views import SignedIn
from services.identity.vocabulary import Locale, Role, Theme

_Rights = tuple[Mapping[str, EntityScope], Mapping[str, tuple[Condition, ...]], frozenset[str]]
_KNOWN = {permission.value: permission for permission in Permission}

_HELD = (
    "(SELECT coalesce(jsonb_agg(jsonb_build_array(r.code, g.entity_id, r.built_in, r.permissions, r.conditions)"
    " ORDER BY r.code, g.entity_id), '[]')::text"
    " FROM role_grant g JOIN role_definition r ON r.code = g.role WHERE g.user_id = %s)"
)
_PRESENT = (
    "PREPARE kontor_present (bytea) AS"
    " SELECT s.id, s.address, s.chosen_entities, s.last_seen_at < t.now - interval '30 seconds', t.now - s.proved_at,"
    f" u.id, u.display_name, u.email, u.locale, u.theme, {_HELD % 'u.id'}, i.id, i.display_name,"
    f" CASE WHEN i.id IS NOT NULL THEN {_HELD % 'i.id'} END"
    " FROM (SELECT clock_timestamp() AS now) t CROSS JOIN user_session s JOIN user_account u ON u.id = s.user_id"
    " LEFT JOIN user_account i ON i.id = s.impersonator_id"
    " WHERE s.secret_hash = $1 AND s.stage = 'open' AND s.renew_at IS NULL AND u.deactivated_at IS NULL"
    " AND i.deactivated_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > t.now"
    " AND s.last_seen_at + make_interval(secs => s.idle_seconds) > t.now"
)
_PREPARED = "kontor_present"
_ACCOUNT_ALONE = MappingProxyType({Permission.SELF.value: EntityScope.everything()})
_TOUCH = "UPDATE user_session SET last_seen_at = clock_timestamp() WHERE id = %s"


def actor_for_session(uow: UnitOfWork, *, secret: str) -> SignedIn | None:
    """The person behind a cookie's secret with today's rights, or None when the session has ended.

    A session ends when it is revoked, idle for too long, past its absolute end, or its person is
    deactivated. Its use is noted at most every 30 s. While impersonating the actor is the administrator, on
    behalf of the person, with what both may do.
    """
    found = _present(uow, secret_hash(secret))
    if found is None:
        return None
    session_id, address, chosen, stale, proof_age, user_id, name, email, locale, theme, held, *impersonator = found
    if stale:
        uow.driver.execute(_TOUCH, (session_id,))
    grants, narrowed, teams = _rights(held)
    by_id, by_name, by_held = impersonator
    if by_id is not None:
        grants, narrowed = _in_common(_rights(by_held), (grants, narrowed, teams))
    actor = Actor(
        ActorKind.USER,
        by_id or user_id,
        by_name if by_id else name,
        grants=grants,
        chosen=EntityScope.everything() if chosen is None else EntityScope.of(chosen),
        session_id=session_id,
        on_behalf_of=name if by_id else None,
        address=address,
        # In the time of the unit of work's clock, which may run ahead of the database's.
        proved_at=None if proof_age is None else uow.clock.now() - proof_age,
        impersonating=user_id if by_id else None,
        teams=teams,
        conditions=narrowed,
    )
    return SignedIn(actor, email, name, Locale(locale), Theme(theme))


def _present(uow: UnitOfWork, hashed: bytes) -> tuple[Any, ...] | None:
    """The statement is planned once a connection: planning it costs more than carrying it out."""
    known = uow.session.connection().info
    if _PREPARED not in known:
        uow.driver.execute(_PRESENT)
        known[_PREPARED] = True
    return uow.driver.execute(f"EXECUTE {_PREPARED} ('\\x{hashed.hex()}')").fetchone()


@lru_cache(maxsize=512)
def _rights(held: str) -> _Rights:
    """What granted roles add up to; their text says all of it, so the same text means the same rights.

    Whoever holds none has their account, and pages that say what they may not see.
    """
    roles = [_held(*row) for row in orjson.loads(held)]
    return rights(roles) or _ACCOUNT_ALONE, conditions(roles), frozenset(role.role for role in roles)


def _held(code: str, entity_id: str | None, built_in: bool, stored: list[str], narrowed: dict[str, Any]) -> Held:
    """A stored right that the code no longer knows counts for nothing."""
    known = PERMISSIONS[Role(code)] if built_in else frozenset(_KNOWN[right] for right in stored if right in _KNOWN)
    return Held(code, uuid.UUID(entity_id) if entity_id else None, known, narrowed)


def _in_common(mine: _Rights, theirs: _Rights) -> tuple[Mapping[str, EntityScope], Mapping[str, tuple[Condition, ...]]]:
    """A right that each holds narrowed in their own way has no common part that could be told."""
    both, own, narrowed = shared(mine[0], theirs[0]), mine[1], theirs[1]
    grants = {right: both[right] for right in both if not (right in own and right in narrowed)}
    return MappingProxyType(grants), MappingProxyType({**narrowed, **own})
