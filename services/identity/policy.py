"""What each role may do, and what a password must be. Pure rules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity.errors import WeakPassword
from services.identity.vocabulary import Role

_EVERYONE = frozenset({Permission.SELF, Permission.OVERVIEW_READ})
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
        },
        Role.DEV: _EVERYONE | _MONEY_READS | {Permission.RUN_CONTROL, Permission.APPROVAL_VOTE_DEV},
        Role.AUDITOR: _EVERYONE | _READS | {Permission.AUDIT_VERIFY},
        Role.ADMIN: _EVERYONE
        | _READS
        | {
            Permission.USER_MANAGE,
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
            Permission.RECONCILIATION_RUN,
        },
    }
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for one legal entity, or for all of them when `entity_id` is None."""

    role: Role
    entity_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class SessionLifetime:
    """A session ends `idle` after its last use, and `absolute` after sign-in whatever happens."""

    idle: dt.timedelta = dt.timedelta(minutes=60)
    absolute: dt.timedelta = dt.timedelta(hours=12)


def rights(grants: Iterable[Grant]) -> Mapping[str, EntityScope]:
    """Each permission that the grants add up to, with the entities it holds for."""
    reach: dict[str, EntityScope] = {}
    for grant in grants:
        scope = EntityScope.everything() if grant.entity_id is None else EntityScope.of([grant.entity_id])
        for permission in PERMISSIONS[grant.role]:
            reach[permission.value] = reach.get(permission.value, EntityScope.of(())) | scope
    return MappingProxyType(reach)


def check_password(password: str, email: str) -> None:
    """Length is what counts (NIST SP 800-63B): 12 to 256 characters, not built around the address."""
    if not 12 <= len(password) <= 256:
        raise WeakPassword("A password takes 12 to 256 characters; a few words in a row are good.")
    if email.partition("@")[0].lower() in password.lower() and len(password) < 24:
        raise WeakPassword("The password contains the name of the e-mail address; choose another.")
