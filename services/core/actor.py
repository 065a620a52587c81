"""Who acts, and what they may do where."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from services.core.errors import Forbidden, NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope


class ActorKind(StrEnum):
    USER = "user"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Actor:
    """A person, or the console itself (worker, clock, command line).

    `grants` maps each permission to the entities it was granted for. `chosen` is what the reader picked in
    the header's entity switch; it narrows what is shown, never widens a right. `on_behalf_of` is the person
    whose request a worker carries out.
    """

    kind: ActorKind
    id: uuid.UUID | None
    name: str
    grants: Mapping[str, EntityScope] = field(default_factory=lambda: MappingProxyType({}))
    chosen: EntityScope = field(default_factory=EntityScope.everything)
    session_id: uuid.UUID | None = None
    on_behalf_of: str | None = None
    address: str | None = None

    @classmethod
    def system(cls, name: str, *, on_behalf_of: str | None = None) -> Actor:
        """The console acting by itself, with every right; `name` says which part (`worker`, `clock`, `cli`)."""
        grants = MappingProxyType({permission.value: EntityScope.everything() for permission in Permission})
        return cls(ActorKind.SYSTEM, None, name, grants, on_behalf_of=on_behalf_of)

    def may(self, permission: Permission, entity_id: uuid.UUID | None = None) -> bool:
        """Whether the right is held at all, or for `entity_id` when one is given."""
        scope = self.grants.get(permission)
        if scope is None or scope.is_empty:
            return False
        return entity_id is None or entity_id in scope

    def require(self, permission: Permission, entity_id: uuid.UUID | None = None) -> None:
        """Raises Forbidden without the right; NotFound when the right exists but not for this entity."""
        if not self.may(permission):
            raise Forbidden(
                f"You need the right “{permission}” for this. An administrator can grant it under Access.",
                permission=str(permission),
            )
        if entity_id is not None and not self.may(permission, entity_id):
            raise NotFound("There is no such record in the entities you may see.", permission=str(permission))

    def scope(self, permission: Permission) -> EntityScope:
        """The entities a query under `permission` may read: granted and chosen. Raises Forbidden without the right."""
        self.require(permission)
        return self.grants[permission] & self.chosen
