"""Who acts, and what they may do where."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.core.errors import Forbidden, Invalid, NotFound, StepUpRequired
from services.core.money import Money
from services.core.permissions import Permission
from services.core.scope import EntityScope

PROOF_LASTS = dt.timedelta(minutes=10)


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action is about, as far as a narrowed right asks: whose it is, which teams', and how much it moves.

    `amount` is None where the caller does not know it; an action that moves no money says zero.
    """

    owner_id: uuid.UUID | None = None
    teams: frozenset[str] = frozenset()
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """Narrows a right: to one's own records or one's own team's, or up to an amount of one currency.

    `within` are the legal entities of the role that carries it. One that narrows nothing stands for the entities in
    which another role grants the same right in full.
    """

    only: str | None = None
    up_to: Money | None = None
    within: EntityScope = field(default_factory=EntityScope.everything)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Condition:
        """From a role's row. Raises Invalid for one that means nothing: a typing error must not widen a right."""
        only, amount, currency = stored.get("only"), stored.get("up_to"), stored.get("currency")
        known = set(stored) <= {"only", "up_to", "currency"} and (amount is None) == (currency is None)
        if not known or only not in {None, "own", "own_team"} or (only is None and amount is None):
            raise Invalid("A condition is “own”, “own_team”, an amount with its currency, or both.")
        if amount is not None and (not isinstance(amount, int) or amount < 0):
            raise Invalid("An amount limit is a number of minor units.")
        return cls(only, None if amount is None else Money(amount, str(currency)))

    @property
    def narrows(self) -> bool:
        return self.only is not None or self.up_to is not None

    def holds(self, actor: Actor, subject: Subject, entity_id: uuid.UUID | None = None) -> bool:
        """Whether `subject` lies within; what the subject does not say counts as outside."""
        if entity_id is not None and entity_id not in self.within:
            return False
        if self.only == "own" and (subject.owner_id is None or subject.owner_id != actor.id):
            return False
        if self.only == "own_team" and not subject.teams & actor.teams:
            return False
        return self.up_to is None or _at_most(subject.amount, self.up_to)


def _at_most(amount: Money | None, limit: Money) -> bool:
    """Nothing is within every limit, and an amount of another currency within none."""
    if amount is None or amount.minor == 0:
        return amount is not None
    return amount.currency == limit.currency and abs(amount.minor) <= limit.minor


@dataclass(frozen=True)
class Actor:
    """A person, or the console itself (worker, clock, command line).

    `grants` maps each permission to the entities it was granted for. `chosen` is what the reader picked in
    the header's entity switch; it narrows what is shown, never widens a right. `on_behalf_of` is the person
    whose request a worker carries out, or whom an administrator impersonates; the actor then stays the
    administrator. `proved_at` is when this session last proved by password or second factor who sits there, in
    the time of the unit of work's clock; None for the system and for API keys. `teams` are the codes of the roles
    held; `conditions` narrow rights that no role grants in full.
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
    teams: frozenset[str] = frozenset()
    conditions: Mapping[str, tuple[Condition, ...]] = field(default_factory=lambda: MappingProxyType({}))

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

    def require(
        self, permission: Permission, entity_id: uuid.UUID | None = None, *, subject: Subject | None = None
    ) -> None:
        """Raises Forbidden without the right; NotFound when the right exists but not for this entity.

        A right that a custom role narrows needs a `subject` within its conditions; without one it is refused.
        """
        self.require_some(permission, entity_id)
        narrowed = self.conditions.get(permission)
        about = subject or Subject()
        if narrowed and not any(condition.holds(self, about, entity_id) for condition in narrowed):
            raise Forbidden(
                "Your role allows this only for your own records, your team's, or up to an amount.",
                permission=str(permission),
            )

    def require_some(self, permission: Permission, entity_id: uuid.UUID | None = None) -> None:
        """The same for a right that may be narrowed, before it is known what the action is about."""
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
        """The entities a query under `permission` may read: granted in full and chosen. Raises Forbidden without."""
        self.require(permission)
        held = self.grants[permission] & self.chosen
        narrowed = self.conditions.get(permission)
        if not narrowed:
            return held
        in_full = EntityScope.of(())
        for condition in narrowed:
            in_full |= EntityScope.of(()) if condition.narrows else condition.within
        return held & in_full

    def reach(self, permission: Permission) -> EntityScope:
        """`scope` without what narrows the right: whoever finds a record by it has to `require` it with a subject."""
        self.require_some(permission)
        return self.grants[permission] & self.chosen
