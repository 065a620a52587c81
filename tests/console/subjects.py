"""Who knocks: the roles of the code, nobody, somebody without a right, an administrator as somebody else, and keys."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from console.kit import session
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.permissions import Permission
from services.identity import NOT_BY_KEY, NOT_WHILE_IMPERSONATING, PERMISSIONS, Role
from tests.factories.identity import PASSWORD, a_user

_SYSTEM = Actor.system("test")
_BUSINESS = tuple(role for role in Role if role is not Role.ADMIN)
_NOTHING = frozenset({Permission.SELF, Permission.OVERVIEW_READ})
_ALL = frozenset[Permission]().union(*PERMISSIONS.values())
_NARROW = frozenset({Permission.SELF, Permission.AUDIT_READ})


@dataclass
class Caller:
    """What somebody sends along: a cookie's secret or a key; `again` opens another session when one has ended."""

    again: Callable[[], str]
    secret: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)

    def refresh(self) -> None:
        if self.secret and session.look_up(self.secret) is None:
            self.secret = self.again()


@dataclass(frozen=True)
class Subject:
    """A column of the matrix: the rights it has by the policy, and how it comes in."""

    name: str
    rights: frozenset[Permission]
    arrive: Callable[[Application, Any], Caller]
    by_key: bool = False


def _anonymous(_: Application, __: Any) -> Caller:
    return Caller(lambda: "")


def _with_roles(*roles: Role) -> Callable[[Application, Any], Caller]:
    def arrive(web: Application, entity_id: uuid.UUID | None) -> Caller:
        with web.database.unit_of_work(_SYSTEM) as uow:
            a_user(uow, *roles, entities=(entity_id,))
        return _signed_in(web)

    return arrive


def _nothing(web: Application, _: Any) -> Caller:
    with web.database.unit_of_work(_SYSTEM) as uow:
        identity.create_role(uow, code="nothing", name="Nothing", permissions=[])
        identity.grant_role(uow, user_id=a_user(uow), role="nothing")
    return _signed_in(web)


def _impersonating(web: Application, _: Any) -> Caller:
    """Somebody with every role as somebody with every role but the administrator's."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        target = a_user(uow, *_BUSINESS, email="target@example.com")
        a_user(uow, *Role)

    def begin() -> str:
        person = session.look_up(_secret(web))
        assert person
        with web.database.unit_of_work(person.actor) as uow:
            return identity.impersonate(uow, user_id=target, reason="to see what they see").value

    return Caller(begin, begin())


def _key(scopes: frozenset[Permission]) -> Callable[[Application, Any], Caller]:
    def arrive(web: Application, _: Any) -> Caller:
        with web.database.unit_of_work(_SYSTEM) as uow:
            a_user(uow, *Role)
        person = session.look_up(_secret(web))
        assert person
        with web.database.unit_of_work(person.actor) as uow:
            made = identity.create_api_key(uow, name="A program", scopes=sorted(scopes))
        return Caller(lambda: "", bearer=made.secret)

    return arrive


def _signed_in(web: Application) -> Caller:
    return Caller(lambda: _secret(web), _secret(web))


def _secret(web: Application) -> str:
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = identity.authenticate(uow, email="ada@example.com", password=PASSWORD, address=None, user_agent=None)
    assert isinstance(found, identity.SessionSecret)
    return found.value


SUBJECTS = (
    Subject("anonymous", frozenset(), _anonymous),
    Subject("nothing", _NOTHING, _nothing),
    *(Subject(role.value, PERMISSIONS[role], _with_roles(role)) for role in Role),
    Subject(
        "impersonating",
        _ALL & frozenset[Permission]().union(*(PERMISSIONS[role] for role in _BUSINESS)) - NOT_WHILE_IMPERSONATING,
        _impersonating,
    ),
    Subject("key", _ALL - NOT_BY_KEY, _key(_ALL - NOT_BY_KEY), by_key=True),
    Subject("key-audit", _NARROW, _key(_NARROW), by_key=True),
)
