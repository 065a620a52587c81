"""Reading identity."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select

from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.factors import factor_counts
from services.identity.models import LegalEntity, RoleGrant, User, UserSession
from services.identity.policy import Grant
from services.identity.roles import holders_of
from services.identity.views import ContactView, LegalEntityView, PersonView, UserView
from services.identity.vocabulary import role_named


def legal_entities(uow: UnitOfWork, *, permission: Permission | None = None) -> list[LegalEntityView]:
    """The entities the actor may see (under `permission`, or under any right), ordered by name."""
    scope = uow.actor.scope(permission) if permission else _anywhere(uow)
    rows = uow.session.scalars(select(LegalEntity).where(scope.allows(LegalEntity.id)).order_by(LegalEntity.name))
    return [_entity_view(row) for row in rows]


def entity_by_code(uow: UnitOfWork, *, code: str) -> LegalEntityView:
    """The entity called `code`, e.g. `mh-de`. Raises NotFound, also for one outside the actor's rights."""
    row = uow.session.scalar(select(LegalEntity).where(LegalEntity.code == code, _anywhere(uow).allows(LegalEntity.id)))
    if row is None:
        raise NotFound(f"There is no legal entity “{code}” among those you may see.")
    return _entity_view(row)


def users(uow: UnitOfWork) -> list[UserView]:
    """Everybody, by name, with their roles and open sessions."""
    uow.actor.require(Permission.USER_READ)
    grants: dict[uuid.UUID, list[Grant]] = {}
    for row in uow.session.scalars(select(RoleGrant).order_by(RoleGrant.role, RoleGrant.entity_id)):
        grants.setdefault(row.user_id, []).append(Grant(role_named(row.role), row.entity_id))
    open_sessions = (
        select(func.count())
        .where(UserSession.user_id == User.id, UserSession.revoked_at.is_(None), UserSession.expires_at > func.now())
        .scalar_subquery()
    )
    rows = uow.session.execute(select(User, open_sessions).order_by(User.display_name, User.email))
    factors = factor_counts(uow)
    return [_user_view(user, sessions, grants.get(user.id, []), factors.get(user.id, 0)) for user, sessions in rows]


def user_by_email(uow: UnitOfWork, *, email: str) -> UserView:
    """The person with this address. Raises NotFound."""
    wanted = email.strip().lower()
    for view in users(uow):
        if view.email == wanted:
            return view
    raise NotFound(f"Nobody has the address {wanted}.")


def colleagues(uow: UnitOfWork, *, permission: Permission, entity_id: uuid.UUID) -> list[PersonView]:
    """Active people who hold the same right as the actor for one entity, by name: whom work can be given to."""
    uow.actor.require_some(permission, entity_id)
    return [PersonView(person.id, person.name) for person in holders(uow, permission=permission, entity_id=entity_id)]


def holders(uow: UnitOfWork, *, permission: Permission, entity_id: uuid.UUID | None) -> list[ContactView]:
    """Active people who hold a right for one entity, or for all of them when `entity_id` is None; by name.

    For services that ask people for something; the caller decides who may learn the names.
    """
    held = select(RoleGrant.user_id).where(
        RoleGrant.role.in_(holders_of(uow, permission)),
        or_(RoleGrant.entity_id.is_(None), RoleGrant.entity_id == entity_id),
    )
    return _contacts(uow, User.id.in_(held))


def teams_of(uow: UnitOfWork, *, user_id: uuid.UUID) -> frozenset[str]:
    """Codes of the roles a person holds: whose team a record is, for a right that is narrowed to one's own."""
    return frozenset(uow.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user_id)))


def contacts(uow: UnitOfWork, *, user_ids: Sequence[uuid.UUID]) -> list[ContactView]:
    """Where these people are reached, by name; those who were deactivated are left out."""
    return _contacts(uow, User.id.in_(user_ids)) if user_ids else []


def _contacts(uow: UnitOfWork, which: ColumnElement[bool]) -> list[ContactView]:
    rows = uow.session.execute(
        select(User.id, User.display_name, User.email, User.locale)
        .where(which, User.deactivated_at.is_(None))
        .order_by(User.display_name, User.email)
    )
    return [ContactView(*row) for row in rows]


def has_users(uow: UnitOfWork) -> bool:
    """Whether anybody can sign in at all; the sign-in page of an empty installation asks."""
    return uow.session.scalar(select(select(User.id).where(User.deactivated_at.is_(None)).exists())) or False


def home_zone(uow: UnitOfWork) -> str:
    """The merchant's time zone: that of its first legal entity, UTC before there is one. Asks for no right."""
    return uow.session.scalar(select(LegalEntity.time_zone).order_by(LegalEntity.id).limit(1)) or "UTC"


def _anywhere(uow: UnitOfWork) -> EntityScope:
    """Wherever the actor has any right but that to their own account, which everybody has."""
    scope = EntityScope.of(())
    for right, granted in uow.actor.grants.items():
        if right != Permission.SELF:
            scope |= granted
    return scope


def _entity_view(row: LegalEntity) -> LegalEntityView:
    return LegalEntityView(row.id, row.code, row.name, row.country, row.currency, row.time_zone)


def _user_view(user: User, sessions: int, grants: list[Grant], factors: int) -> UserView:
    return UserView(
        user.id,
        user.email,
        user.display_name,
        user.deactivated_at is None,
        user.created_at,
        user.last_sign_in_at,
        sessions,
        tuple(grants),
        user.password_hash is None,
        factors,
    )
