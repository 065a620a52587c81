"""Filters of a list that a person gave a name: their columns, and what one does with them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.ids import new_id

_MOST, _LONGEST = 50, 60
_PLACE = frozenset({"after", "before"})


class SavedViewColumns:
    """A named filter of one person; the table adds `UniqueConstraint("user_id", "name")`."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID]
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named filter as the page's address writes it."""

    id: uuid.UUID
    name: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class SavedViews:
    """The saved views of one list; its service has checked the right to read the list."""

    table: type[Any]

    def of_reader(self, uow: UnitOfWork) -> list[SavedView]:
        """The reader's own, by name."""
        table = self.table
        rows = uow.session.scalars(select(table).where(table.user_id == uow.actor.id).order_by(table.name))
        return [SavedView(row.id, row.name, row.query) for row in rows]

    def save(self, uow: UnitOfWork, *, name: str, query: dict[str, str]) -> None:
        """Keeps a filter under a name; a known name gets the new filter. Raises Invalid for a name that is none."""
        name = name.strip()
        if uow.actor.id is None or not 0 < len(name) <= _LONGEST:
            raise Invalid(f"Give the view a name of at most {_LONGEST} characters.")
        if len(self.of_reader(uow)) >= _MOST:
            raise Invalid(f"You have {_MOST} saved views; remove one first.")
        kept = {key: value for key, value in query.items() if key not in _PLACE and value}
        row = insert(self.table).values(id=new_id(), user_id=uow.actor.id, name=name, query=kept)
        uow.session.execute(row.on_conflict_do_update(index_elements=["user_id", "name"], set_={"query": kept}))

    def remove(self, uow: UnitOfWork, *, view_id: uuid.UUID) -> None:
        """Forgets one of the reader's own. Raises NotFound for another's."""
        table = self.table
        gone = delete(table).where(table.id == view_id, table.user_id == uow.actor.id).returning(table.id)
        if uow.session.scalar(gone) is None:
            raise NotFound("There is no such saved view of yours.")
