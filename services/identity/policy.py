"""What each role may do, and what a password must be. Pure rules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from services.core.actor import Condition
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.vocabulary import Role

_EVERYONE = frozenset({Permission.SELF, Permission.OVERVIEW_READ, Permission.REVIEW_READ})
_READS = frozenset(p for p in Permission if p.value.endswith(".read"))
_MONEY_READS = frozenset(
    {
        Permission.PAYMENT_READ,
        Permission.DUNNING_READ,
        Permission.BANK_READ,
        Permission.BOOKS_READ,
        Permission.RECONCILIATION_READ,
        Permission.RUN_READ,
        Permission.APPROVAL_READ,
        Permission.BACKFILL_READ,
    }
)

# Who proves the books does not move the machinery, and who gives rights out does not sign for figures.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.FINANCE: _EVERYONE
        | _MONEY_READS
        | {
            Permission.PAYMENT_SYNC,
            Permission.BANK_IMPORT,
            Permission.BOOKS_IMPORT,
            Permission.RECONCILIATION_RUN,
            Permission.BREAK_WORK,
            Permission.RECONCILIATION_SIGN,
            Permission.RULES_EDIT,
            Permission.APPROVAL_VOTE_FINANCE,
            Permission.APPROVAL_POLICY,
            Permission.AUDIT_READ,
        },
        Role.OPS: _EVERYONE
        | _MONEY_READS
        | {
            Permission.PAYMENT_SYNC,
            Permission.BANK_IMPORT,
            Permission.BOOKS_IMPORT,
            Permission.RUN_CONTROL,
            Permission.SCHEDULE_EDIT,
            Permission.NOTIFICATION_READ,
            Permission.NOTIFICATION_SEND,
            Permission.APPROVAL_VOTE_OPS,
            Permission.BACKFILL_DRAFT,
            Permission.BACKFILL_RUN,
            Permission.BACKFILL_CALENDAR,
        },
        Role.DEV: _EVERYONE
        | _MONEY_READS
        | {Permission.RUN_CONTROL, Permission.KEY_MANAGE, Permission.APPROVAL_VOTE_DEV, Permission.BACKFILL_DRAFT},
        Role.AUDITOR: _EVERYONE | _READS | {Permission.AUDIT_VERIFY},
        Role.ADMIN: _EVERYONE
        | _READS
        | {
            Permission.USER_MANAGE,
            Permission.KEY_MANAGE,
            Permission.IMPERSONATE,
            Permission.SETUP_MANAGE,
            Permission.AUDIT_VERIFY,
            Permission.AUDIT_ERASE,
            Permission.NOTIFICATION_SEND,
            Permission.APPROVAL_POLICY,
            Permission.SCHEDULE_EDIT,
            Permission.RUN_CONTROL,
            Permission.PAYMENT_SYNC,
            Permission.BANK_IMPORT,
            Permission.BOOKS_IMPORT,
            Permission.BOOKS_QUERY,
            Permission.RECONCILIATION_RUN,
        },
    }
)


# Whose word counts for somebody else's: votes and signatures.
APPROVING = frozenset(p for p in Permission if ".vote." in p.value or p.value.endswith(".sign"))


def needs_factor_by_default(role: str, custom: Iterable[str]) -> bool:
    """Admin and whoever may approve; `custom` are the rights of a role that the code does not define."""
    if role == Role.ADMIN:
        return True
    held = PERMISSIONS[Role(role)] if role in PERMISSIONS else custom
    return any(right in APPROVING for right in held)


# Held by nobody through a custom role: whoever can give rights could take them all, and workers are not people.
NEVER_CUSTOM = frozenset({Permission.USER_MANAGE, Permission.IMPERSONATE, Permission.RUN_EXECUTE})
# What an administrator cannot do in another person's place, whatever both may do.
NOT_WHILE_IMPERSONATING = APPROVING | {
    Permission.USER_MANAGE,
    Permission.KEY_MANAGE,
    Permission.IMPERSONATE,
    Permission.SETUP_MANAGE,
}


# What no program does with a key: sign, vote, and whatever gives rights.
NOT_BY_KEY = NOT_WHILE_IMPERSONATING | {Permission.RUN_EXECUTE, Permission.REVIEW_READ}


@dataclass(frozen=True, slots=True)
class Agreed:
    """A change of rights that somebody else has agreed to: who asked for it, and the request."""

    asked_by: uuid.UUID
    asked_by_name: str
    request: uuid.UUID


@dataclass(frozen=True, slots=True)
class Grant:
    """A role (one of the code's, or the code of a custom one) for one legal entity, or for all when None."""

    role: Role | str
    entity_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A granted role with what it carries."""

    role: str
    entity_id: uuid.UUID | None
    permissions: frozenset[Permission]
    conditions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SessionLifetime:
    """A session ends `idle` after its last use, and `absolute` after sign-in whatever happens."""

    idle: dt.timedelta = dt.timedelta(minutes=60)
    absolute: dt.timedelta = dt.timedelta(hours=12)


def rights(held: Iterable[Held]) -> Mapping[str, EntityScope]:
    """Each permission that the granted roles add up to, with the entities it holds for."""
    reach: dict[str, EntityScope] = {}
    for grant in held:
        scope = EntityScope.everything() if grant.entity_id is None else EntityScope.of([grant.entity_id])
        for permission in grant.permissions:
            reach[permission.value] = reach.get(permission.value, EntityScope.of(())) | scope
    return MappingProxyType(reach)


def conditions(held: Iterable[Held]) -> Mapping[str, tuple[Condition, ...]]:
    """The rights that are not granted in full everywhere, each with the conditions of which one has to hold."""
    found: dict[str, list[Condition]] = {}
    for grant in held:
        within = EntityScope.everything() if grant.entity_id is None else EntityScope.of([grant.entity_id])
        for permission in grant.permissions:
            stored = grant.conditions.get(permission.value)
            condition = Condition() if stored is None else Condition.read(stored)
            found.setdefault(permission.value, []).append(replace(condition, within=within))
    return MappingProxyType({right: tuple(each) for right, each in found.items() if _narrowed(each)})


def _narrowed(found: Sequence[Condition]) -> bool:
    """Whether one of the roles narrows the right, and none grants it in full for all entities."""
    in_full = any(not condition.narrows and condition.within.ids is None for condition in found)
    return not in_full and any(condition.narrows for condition in found)


def shared(mine: Mapping[str, EntityScope], theirs: Mapping[str, EntityScope]) -> Mapping[str, EntityScope]:
    """What an administrator may do in another's place: what both may, without what is never done so."""
    barred = {permission.value for permission in NOT_WHILE_IMPERSONATING}
    return MappingProxyType(
        {right: mine[right] & scope for right, scope in theirs.items() if right in mine and right not in barred}
    )


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """`Firefox, Windows`: what a browser says of itself, in two words, or the start of it."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent[:40]
