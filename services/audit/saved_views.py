"""Filters of the log that a person gave a name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.audit.models import AuditSavedView
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.ids import new_id
from services.core.permissions import Permission

_MOST, _LONGEST = 50, 60


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named filter as the page's address writes it."""

    id: uuid.UUID
    name: str
    query: dict[str, str]


def saved_views(uow: UnitOfWork) -> list[SavedView]:
    """The reader's own, by name."""
    uow.actor.require(Permission.AUDIT_READ)
    rows = uow.session.scalars(
        select(AuditSavedView).where(AuditSavedView.user_id == uow.actor.id).order_by(AuditSavedView.name)
    )
    return [SavedView(row.id, row.name, row.query) for row in rows]


def save_view(uow: UnitOfWork, *, name: str, query: dict[str, str]) -> None:
    """Keeps a filter under a name; a known name gets the new filter. Raises Invalid for a name that is none."""
    uow.actor.require(Permission.AUDIT_READ)
    name = name.strip()
    if uow.actor.id is None or not 0 < len(name) <= _LONGEST:
        raise Invalid(f"Give the view a name of at most {_LONGEST} characters.")
    if len(saved_views(uow)) >= _MOST:
        raise Invalid(f"You have {_MOST} saved views; remove one first.")
    kept = {key: value for key, value in query.items() if key not in {"after", "before"} and value}
    row = insert(AuditSavedView).values(id=new_id(), user_id=uow.actor.id, name=name, query=kept)
    uow.session.execute(row.on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": kept}))


def remove_view(uow: UnitOfWork, *, view_id: uuid.UUID) -> None:
    """Forgets one of the reader's own. Raises NotFound for another's."""
    uow.actor.require(Permission.AUDIT_READ)
    own = (AuditSavedView.id == view_id, AuditSavedView.user_id == uow.actor.id)
    if uow.session.scalar(delete(AuditSavedView).where(*own).returning(AuditSavedView.id)) is None:
        raise NotFound("There is no such saved view of yours.")
