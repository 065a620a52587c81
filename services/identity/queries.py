"""Reading identity."""

from __future__ import annotations

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.models import LegalEntity
from services.identity.views import LegalEntityView


def legal_entities(uow: UnitOfWork, *, permission: Permission | None = None) -> list[LegalEntityView]:
    """The entities the actor may see (under `permission`, or under any right), ordered by name."""
    scope = uow.actor.scope(permission) if permission else _anywhere(uow)
    rows = uow.session.scalars(select(LegalEntity).where(scope.allows(LegalEntity.id)).order_by(LegalEntity.name))
    return [LegalEntityView(r.id, r.code, r.name, r.country, r.currency, r.time_zone) for r in rows]


def _anywhere(uow: UnitOfWork) -> EntityScope:
    scope = EntityScope.of(())
    for granted in uow.actor.grants.values():
        scope |= granted
    return scope
