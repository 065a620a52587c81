"""People of every team, and a unit of work for each of them in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from services.core.db import UnitOfWork
from services.identity import Role
from tests.factories.approvals import a_person, as_person, declare_kinds

declare_kinds()
As = Callable[[str], UnitOfWork]
PEOPLE = {
    "Finance A": (Role.FINANCE,),
    "Finance B": (Role.FINANCE,),
    "Finance C": (Role.FINANCE,),
    "Ops A": (Role.OPS,),
    "Both": (Role.FINANCE, Role.OPS),
    "Dev A": (Role.DEV,),
    "Auditor": (Role.AUDITOR,),
    "Admin": (Role.ADMIN,),
}


@pytest.fixture
def people(uow: UnitOfWork) -> dict[str, uuid.UUID]:
    return {name: a_person(uow, name, *roles) for name, roles in PEOPLE.items()}


@pytest.fixture
def as_(uow: UnitOfWork, people: dict[str, uuid.UUID]) -> As:
    """`as_("Finance A")` is the test's unit of work with that person as its actor."""
    known: dict[str, UnitOfWork] = {}

    def act(name: str) -> UnitOfWork:
        if name not in known:
            known[name] = as_person(uow, people[name])
        return known[name]

    return act
