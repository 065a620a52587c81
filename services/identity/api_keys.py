"""API keys: a program acts with what the key's scopes name, of what its owner may do today."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from types import MappingProxyType

from sqlalchemy import func, or_, select, update

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.factors import own_account
from services.identity.models import User
from services.identity.models_proof import ApiKey
from services.identity.opening import secret_hash
from services.identity.policy import NOT_BY_KEY, conditions, rights
from services.identity.sessions import held_roles
from services.identity.views import ApiKeyView, NewApiKey

_PREFIX = "kontor_"
_LONGEST = dt.timedelta(days=366)
_LONGEST_OVERLAP = 30  # days
_TOUCH_AFTER = dt.timedelta(seconds=30)


def create_api_key(
    uow: UnitOfWork,
    *,
    name: str,
    scopes: Sequence[Permission],
    days: int = 90,
    entity_ids: Sequence[uuid.UUID] | None = None,
) -> NewApiKey:
    """A key of one's own for one to 366 days; its secret is returned this once. Needs a fresh proof.

    Raises Invalid for a scope its owner does not hold or no key may hold.
    """
    user = _may_make(uow)
    wanted = _checked(uow, scopes)
    if not name.strip() or len(name) > 60:
        raise Invalid("A key needs a name of up to 60 characters: what uses it, and where.")
    if not 1 <= days <= _LONGEST.days:
        raise Invalid("A key lasts 1 to 366 days.")
    for entity_id in entity_ids or ():
        uow.actor.require(Permission.SELF, entity_id)
    key = ApiKey(
        user_id=user.id,
        name=name.strip(),
        scopes=wanted,
        entities=sorted(set(entity_ids)) if entity_ids else None,
        expires_at=_now(uow) + dt.timedelta(days=days),
    )
    return _issue(uow, key, "created")


def rotate_api_key(uow: UnitOfWork, *, key_id: uuid.UUID, overlap_days: int = 7) -> NewApiKey:
    """A successor with the same scopes and term: of one's own key, or of anybody's from the command line.

    Needs a fresh proof. The old key goes on for `overlap_days`, 0 to 30 and never beyond its own term; with 0 it ends
    at once. Raises Invalid for more, NotFound for a key that does not work any more.
    """
    if not 0 <= overlap_days <= _LONGEST_OVERLAP:
        raise Invalid("The old key can go on for 0 to 30 days.")
    owner = None if uow.actor.kind is ActorKind.SYSTEM else _may_make(uow).id
    old = _working(uow, owner, key_id)
    now = _now(uow)
    term = old.expires_at - old.created_at
    old.expires_at = min(old.expires_at, now + dt.timedelta(days=overlap_days))
    successor = ApiKey(
        user_id=old.user_id,
        name=old.name,
        scopes=_checked(uow, [Permission(scope) for scope in old.scopes]),
        entities=old.entities,
        expires_at=now + term,
        replaces_id=old.id,
    )
    return _issue(uow, successor, "rotated")


def revoke_api_key(uow: UnitOfWork, *, key_id: uuid.UUID) -> None:
    """Ends a key at once: one's own, or anybody's with the right to manage people."""
    uow.actor.require(Permission.SELF)
    key = uow.session.get(ApiKey, key_id)
    if key is None or key.user_id != uow.actor.id or uow.actor.impersonating is not None:
        uow.actor.require(Permission.USER_MANAGE)
    if key is None or key.revoked_at is not None:
        raise NotFound("There is no such key.")
    key.revoked_at = _now(uow)
    uow.session.flush()
    _audited(uow, key, "revoked")


def api_keys(uow: UnitOfWork) -> list[ApiKeyView]:
    """Keys that work or worked until lately, the newest first: everybody's with the right, else one's own."""
    uow.actor.require(Permission.KEY_MANAGE)
    everybody = uow.actor.may(Permission.USER_READ)
    whose = [] if everybody else [ApiKey.user_id == uow.actor.id]
    rows = uow.session.execute(
        select(ApiKey, User.display_name)
        .join(User, User.id == ApiKey.user_id)
        .where(*whose)
        .order_by(ApiKey.created_at.desc())
        .limit(200)
    )
    now = _now(uow)
    return [_view(uow, key, owner, now) for key, owner in rows]


def actor_for_api_key(uow: UnitOfWork, *, secret: str, address: str | None) -> Actor | None:
    """Who a key acts for, or None when it is unknown, revoked, expired, or its owner was deactivated.

    The rights are the scopes, of what the owner may do today; its use is noted at most every 30 s.
    """
    if not secret.startswith(_PREFIX) or len(secret) > 200:
        return None
    found = uow.session.execute(
        select(ApiKey, User)
        .join(User, User.id == ApiKey.user_id)
        .where(
            ApiKey.secret_hash == secret_hash(secret),
            ApiKey.revoked_at.is_(None),
            ApiKey.expires_at > func.clock_timestamp(),
            User.deactivated_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    key, owner = found
    _note_use(uow, key, address)
    held = held_roles(uow, owner.id)
    reach = EntityScope.everything() if key.entities is None else EntityScope.of(key.entities)
    grants = {right: scope & reach for right, scope in rights(held).items() if right in key.scopes}
    return Actor(
        ActorKind.API_KEY,
        owner.id,
        f"{key.name} ({key.prefix})",
        grants=MappingProxyType(grants),
        session_id=key.id,
        on_behalf_of=owner.display_name,
        address=address,
        teams=frozenset(grant.role for grant in held),
        conditions=conditions(held),
    )


def _note_use(uow: UnitOfWork, key: ApiKey, address: str | None) -> None:
    unused = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < func.clock_timestamp() - _TOUCH_AFTER)
    uow.session.execute(
        update(ApiKey)
        .where(ApiKey.id == key.id, unused)
        .values(last_used_at=func.clock_timestamp(), last_address=address)
    )


def _may_make(uow: UnitOfWork) -> User:
    uow.actor.require(Permission.KEY_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    return own_account(uow)


def _checked(uow: UnitOfWork, scopes: Sequence[Permission]) -> list[str]:
    wanted = {Permission(scope) for scope in scopes}
    if not wanted:
        raise Invalid("A key needs at least one scope.")
    if wanted & NOT_BY_KEY:
        raise Invalid("A key cannot sign, approve, or manage people and keys: only a person can.")
    for scope in wanted:
        uow.actor.require(scope)
    return sorted(scope.value for scope in wanted)


def _issue(uow: UnitOfWork, key: ApiKey, verb: str) -> NewApiKey:
    secret = _PREFIX + secrets.token_urlsafe(32)
    key.prefix, key.secret_hash = secret[: len(_PREFIX) + 5], secret_hash(secret)
    uow.session.add(key)
    uow.session.flush()
    _audited(uow, key, verb)
    return NewApiKey(key.id, key.prefix, secret, key.expires_at)


def _working(uow: UnitOfWork, owner: uuid.UUID | None, key_id: uuid.UUID) -> ApiKey:
    """The key, locked: of this owner, or with None of anybody."""
    key = uow.session.get(ApiKey, key_id, with_for_update=True)
    gone = key is None or key.revoked_at is not None or key.expires_at <= _now(uow)
    if key is None or gone or owner not in (None, key.user_id):
        raise NotFound("You have no such working key.")
    return key


def _audited(uow: UnitOfWork, key: ApiKey, verb: str) -> None:
    audit.record(
        uow,
        action=f"identity.api_key.{verb}",
        subject_type="api_key",
        subject_id=key.id,
        after={"name": key.name, "prefix": key.prefix, "scopes": key.scopes, "owner": str(key.user_id)},
    )


def _view(uow: UnitOfWork, key: ApiKey, owner: str, now: dt.datetime) -> ApiKeyView:
    working = "expired" if key.expires_at <= now else "active"
    state = "revoked" if key.revoked_at is not None else working
    return ApiKeyView(
        key.id,
        key.name,
        key.prefix,
        owner,
        key.user_id == uow.actor.id,
        tuple(key.scopes),
        key.created_at,
        key.expires_at,
        key.last_used_at,
        key.last_address or "",
        state,
        key.replaces_id is not None,
    )


def _now(uow: UnitOfWork) -> dt.datetime:
    return uow.session.execute(select(func.clock_timestamp())).scalar_one()
