"""Who hears by mail that somebody else's word begins to count."""

from __future__ import annotations

from sqlalchemy import text

from services import identity
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.identity import Role
from tests.factories.identity import a_user, acting_as


def _witnesses(uow: UnitOfWork) -> dict[str, str]:
    """Who was told that somebody's word counts from now on, and what; forgotten once it was read."""
    rows = uow.session.execute(
        text("SELECT recipient, subject FROM notification WHERE purpose = 'identity.role_given'")
    ).all()
    uow.session.execute(text("DELETE FROM notification"))
    return {row.recipient: row.subject for row in rows}


def _colleagues(uow: UnitOfWork) -> UnitOfWork:
    a_user(uow, Role.ADMIN)
    for role in (Role.ADMIN, Role.FINANCE, Role.OPS, Role.AUDITOR):
        a_user(uow, role, email=f"{role.value}@example.com")
    gone = a_user(uow, Role.FINANCE, email="gone@example.com")
    identity.deactivate_user(uow, user_id=gone)
    assert not _witnesses(uow)
    return acting_as(uow)


def test_whoever_agrees_or_signs_hears_of_everybody_who_begins_to(uow: UnitOfWork):
    boss = _colleagues(uow)
    new = identity.create_user(boss, email="new@example.com", display_name="New Person", password=None, grants=[])
    identity.grant_role(boss, user_id=new, role=Role.AUDITOR)
    assert not _witnesses(uow)
    identity.grant_role(boss, user_id=new, role=Role.FINANCE)
    told = _witnesses(uow)
    assert set(told) == {"admin@example.com", "finance@example.com", "ops@example.com"}
    assert set(told.values()) == {"New at Kontor with the role Finance: New Person"}
    identity.grant_role(boss, user_id=new, role=Role.FINANCE)
    assert not _witnesses(uow)


def test_a_role_that_comes_to_sign_and_a_person_who_comes_back_are_told_of_too(uow: UnitOfWork):
    boss = _colleagues(uow)
    held = identity.create_user(boss, email="new@example.com", display_name="New Person", password=None, grants=[])
    identity.create_role(boss, code="clerk", name="Clerk", permissions=[Permission.BREAK_WORK])
    identity.grant_role(boss, user_id=held, role="clerk")
    identity.change_role(boss, code="clerk", version=1, name="Clerk", permissions=[Permission.PAYMENT_READ])
    assert not _witnesses(uow)
    signing = [Permission.RECONCILIATION_READ, Permission.RECONCILIATION_SIGN]
    identity.change_role(boss, code="clerk", version=2, name="Clerk", permissions=signing)
    assert set(_witnesses(uow)) == {"admin@example.com", "finance@example.com", "ops@example.com"}
    identity.change_role(boss, code="clerk", version=3, name="Signer", permissions=signing)
    assert not _witnesses(uow)
    identity.deactivate_user(boss, user_id=held)
    identity.reactivate_user(boss, user_id=held)
    assert _witnesses(uow)["ops@example.com"] == "New at Kontor with the role Signer: New Person"
