"""Filters of the queue that a person gave a name."""

from __future__ import annotations

import uuid

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.saved_views import SavedView, SavedViews
from services.reconciliation.break_filter import BreakFilter
from services.reconciliation.models_desk import BreakSavedView

_VIEWS = SavedViews(BreakSavedView)


def break_views(uow: UnitOfWork) -> list[SavedView]:
    """The reader's own, by name."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    return _VIEWS.of_reader(uow)


def save_break_view(uow: UnitOfWork, *, name: str, query: dict[str, str]) -> None:
    """Keeps a filter under a name; a known name gets the new filter. Raises Invalid for one that is none."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    BreakFilter.from_address(query)
    _VIEWS.save(uow, name=name, query=query)


def remove_break_view(uow: UnitOfWork, *, view_id: uuid.UUID) -> None:
    """Forgets one of the reader's own. Raises NotFound for another's."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    _VIEWS.remove(uow, view_id=view_id)
