"""Which legal entities a query or a right reaches."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, true


@dataclass(frozen=True, slots=True)
class EntityScope:
    """All legal entities (`ids is None`) or the named ones. Every query of business rows applies one."""

    ids: frozenset[uuid.UUID] | None

    @classmethod
    def everything(cls) -> EntityScope:
        return cls(None)

    @classmethod
    def of(cls, ids: Iterable[uuid.UUID]) -> EntityScope:
        return cls(frozenset(ids))

    def __contains__(self, entity_id: uuid.UUID) -> bool:
        return self.ids is None or entity_id in self.ids

    def __and__(self, other: EntityScope) -> EntityScope:
        if self.ids is None:
            return other
        return self if other.ids is None else EntityScope(self.ids & other.ids)

    def __or__(self, other: EntityScope) -> EntityScope:
        if self.ids is None or other.ids is None:
            return EntityScope(None)
        return EntityScope(self.ids | other.ids)

    @property
    def is_empty(self) -> bool:
        return self.ids is not None and not self.ids

    def allows(self, column: Any) -> ColumnElement[bool]:
        """The WHERE clause: `column` (an entity id) lies in this scope."""
        if self.ids is None:
            return true()
        return column.in_(sorted(self.ids)) if self.ids else false()
