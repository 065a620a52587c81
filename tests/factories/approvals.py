"""Requests for tests: a kind that writes nothing, and people of every team."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from services import approvals, identity
from services.approvals import ApprovalFacts, ApprovalKind, Decision, Description, RequestView, Team, Tier
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.words import Words
from services.identity import Grant, Role
from tests.factories.identity import PASSWORD, signed_in


def describe(_: UnitOfWork, asked: RequestView) -> Description:
    title = f"Do {asked.content.get('what', 'it')}"
    return Description(Words(title, title))


ONE = ApprovalKind("tests.one", Words("One", "Eins"), (Tier(quorum={Team.FINANCE: 1}),), describe)
TWO = ApprovalKind(
    "tests.two",
    Words("Two", "Zwei"),
    (
        Tier(quorum={Team.FINANCE: 1}, expires_hours=24),
        Tier(quorum={Team.FINANCE: 1, Team.OPS: 1}, from_amount={"EUR": 100_000}, from_rows=1_000),
    ),
    describe,
)
BIG = ApprovalFacts(amount_minor=250_000, currency="EUR")


def declare_kinds() -> None:
    for kind in (ONE, TWO):
        approvals.declare(kind)


def a_person(uow: UnitOfWork, name: str, *roles: Role, entity_id: uuid.UUID | None = None) -> uuid.UUID:
    grants = [Grant(role, entity_id) for role in roles]
    return identity.create_user(
        uow, email=f"{name.replace(' ', '.').lower()}@example.com", display_name=name, password=PASSWORD, grants=grants
    )


def actor_of(uow: UnitOfWork, person: uuid.UUID, *, proved: bool = True) -> Actor:
    """That person as they stand in the database, signed in a moment ago (or long ago)."""
    (contact,) = identity.contacts(uow, user_ids=[person])
    actor = signed_in(uow, contact.email).actor
    return actor if proved else dataclasses.replace(actor, proved_at=None)


def as_person(uow: UnitOfWork, person: uuid.UUID, *, proved: bool = True) -> UnitOfWork:
    """The same transaction, with that person as its actor."""
    return UnitOfWork(uow.session, actor_of(uow, person, proved=proved), uow.clock, uow.request_id)


def asked(
    uow: UnitOfWork,
    *,
    kind: str = ONE.name,
    subject: str = "s-1",
    content: dict[str, Any] | None = None,
    facts: ApprovalFacts | None = None,
    entity_id: uuid.UUID | None = None,
) -> RequestView:
    """A request in the name of the unit of work's actor."""
    return approvals.request(
        uow,
        kind=kind,
        subject_type="thing",
        subject_id=subject,
        entity_id=entity_id,
        content=content or {"what": "it"},
        facts=facts,
    )


def agree(uow: UnitOfWork, request: RequestView) -> RequestView:
    return approvals.vote(uow, request_id=request.id, digest=request.digest, decision=Decision.APPROVE)


def reject(uow: UnitOfWork, request: RequestView, reason: str = "not like this") -> RequestView:
    return approvals.vote(uow, request_id=request.id, digest=request.digest, decision=Decision.REJECT, reason=reason)
