"""People and entities for tests."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services import identity
from services.core.db import UnitOfWork
from services.identity import Grant, Role

PASSWORD = "correct horse battery"


def an_entity(uow: UnitOfWork, code: str = "mh-de", **changes: str) -> uuid.UUID:
    german = {"name": "Musterhandel GmbH", "country": "DE", "currency": "EUR", "time_zone": "Europe/Berlin"}
    return identity.create_legal_entity(uow, code=code, **(german | changes))


def a_user(
    uow: UnitOfWork, *roles: Role, entities: Sequence[uuid.UUID | None] = (None,), email: str = "ada@example.com"
) -> uuid.UUID:
    """Somebody with `roles` for each of `entities` (None: all) and the password PASSWORD."""
    grants = [Grant(role, entity) for role in roles for entity in entities]
    return identity.create_user(uow, email=email, display_name="Ada Kontor", password=PASSWORD, grants=grants)


def signed_in(uow: UnitOfWork, email: str = "ada@example.com") -> identity.SignedIn:
    """A live session of that person, as a page would see it."""
    secret = identity.authenticate(uow, email=email, password=PASSWORD, address=None, user_agent=None)
    assert isinstance(secret, identity.SessionSecret)
    person = identity.actor_for_session(uow, secret=secret.value)
    assert person is not None
    return person


def acting_as(uow: UnitOfWork, email: str = "ada@example.com") -> UnitOfWork:
    """The same transaction, with that person as its actor."""
    return UnitOfWork(uow.session, signed_in(uow, email).actor, uow.clock, uow.request_id)
