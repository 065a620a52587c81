"""Filters of the log that a person gave a name."""

from __future__ import annotations

import uuid

from services.audit.models import AuditSavedView
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.saved_views import SavedView, SavedViews

_VIEWS = SavedViews(AuditSavedView)


def saved_views(uow: UnitOfWork) -> list[SavedView]:
    """The reader's own, by name."""
    uow.actor.require(Permission.AUDIT_READ)
    return _VIEWS.of_reader(uow)


def save_view(uow: UnitOfWork, *, name: str, query: dict[str, str]) -> None:
    """Keeps a filter under a name; a known name gets the new filter. Raises Invalid for a name that is none."""
    uow.actor.require(Permission.AUDIT_READ)
    _VIEWS.save(uow, name=name, query=query)


def remove_view(uow: UnitOfWork, *, view_id: uuid.UUID) -> None:
    """Forgets one of the reader's own. Raises NotFound for another's."""
    uow.actor.require(Permission.AUDIT_READ)
    _VIEWS.remove(uow, view_id=view_id)
