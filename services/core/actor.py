"""Who acts, and what they may do where."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from services.core.errors import Forbidden, NotFound, StepUpRequired
from services.core.permissions import Permission
from services.core.scope import EntityScope

PROOF_LASTS = dt.timedelta(minutes=10)


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Actor:
    """A person, or the console itself (worker, clock, command line).

    `grants` maps each permission to the entities it was granted for. `chosen` is what the reader picked in
    the header's entity switch; it narrows what is shown, never widens a right. `on_behalf_of` is the person
    whose request a worker carries out, or whom an administrator impersonates; the actor then stays the
    administrator. `proved_at` is when this session last proved by password or second factor who sits there, in
    the time of the unit of work's clock; None for the system and for API keys.
    """

    kind: ActorKind
    id: uuid.UUID | None
    name: str
    grants: Mapping[str, EntityScope] = field(default_factory=lambda: MappingProxyType({}))
    chosen: EntityScope = field(default_factory=EntityScope.everything)
    session_id: uuid.UUID | None = None
    on_behalf_of: str | None = None
    address: str | None = None
    proved_at: dt.datetime | None = None
    impersonating: uuid.UUID | None = None

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

    def require_fresh_proof(self, now: dt.datetime) -> None:
        """Before a signature, a vote, a change of rights or of keys: `now` is the unit of work's clock.

        The system needs no proof. Raises StepUpRequired when the last proof is older than 10 minutes, and
        Forbidden for an API key and while impersonating: nobody signs with another person's hand.
        """
        if self.kind is ActorKind.SYSTEM:
            return
        if self.kind is not ActorKind.USER or self.impersonating is not None:
            raise Forbidden("Only the person can do this, signed in by themselves.")
        if self.proved_at is None or not now - PROOF_LASTS <= self.proved_at:
            raise StepUpRequired("Confirm that it is you: this step asks for your password or second factor again.")

    def scope(self, permission: Permission) -> EntityScope:
        """The entities a query under `permission` may read: granted and chosen. Raises Forbidden without the right."""
        self.require(permission)
        return self.grants[permission] & self.chosen
