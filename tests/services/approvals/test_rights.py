"""Giving people a say needs somebody else, once there is anybody else."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from services import approvals, identity
from services.approvals import ContentChanged, Decision, OwnRequest, RequestState, RequestView
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, NotFound
from services.core.permissions import Permission
from services.identity import Role
from tests.factories.approvals import a_person, as_person

SIGNING = [Permission.RECONCILIATION_READ, Permission.RECONCILIATION_SIGN]


def _held(uow: UnitOfWork, person: uuid.UUID) -> list[str]:
    return list(identity.standing_of(uow, user_id=person).roles)


def _agree(uow: UnitOfWork, who: uuid.UUID, asked: RequestView) -> RequestView:
    return approvals.vote(as_person(uow, who), request_id=asked.id, digest=asked.digest, decision=Decision.APPROVE)


def _asked(found: RequestView | bool | None) -> RequestView:
    assert isinstance(found, RequestView)
    return found


def test_the_first_people_of_a_console_need_nobody_else(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    ops, finance, third = (a_person(uow, name) for name in ("Ops", "Finance", "Third"))
    assert approvals.give_role(boss, user_id=ops, role="ops") is True
    assert approvals.give_role(boss, user_id=finance, role="finance") is True
    assert approvals.give_role(boss, user_id=finance, role="finance") is False
    waits = _asked(approvals.give_role(boss, user_id=third, role="finance"))
    assert (waits.state, _held(uow, finance), _held(uow, third)) == (RequestState.PENDING, ["finance"], [])


def test_a_role_that_weighs_is_given_when_finance_agrees(uow: UnitOfWork):
    admin, finance = a_person(uow, "Boss", Role.ADMIN), a_person(uow, "Fin", Role.FINANCE)
    new = a_person(uow, "New")
    boss = as_person(uow, admin)
    assert approvals.give_role(boss, user_id=new, role="auditor") is True
    asked = _asked(approvals.give_role(boss, user_id=new, role="admin"))
    assert (asked.title.en, asked.title.de) == ("Give New the role Admin", "New die Rolle Admin geben")
    told = approvals.request_detail(as_person(uow, finance), request_id=asked.id).description
    assert (told.lines[1].value, told.href) == ("new@example.com", None)
    assert approvals.request_detail(boss, request_id=asked.id).description.href == "/access"
    with pytest.raises(OwnRequest):
        _agree(uow, admin, asked)
    assert _held(uow, new) == ["auditor"]
    assert _agree(uow, finance, asked).state is RequestState.CONSUMED
    assert _held(uow, new) == ["admin", "auditor"]
    said = uow.session.scalars(text("SELECT convert_from(canonical, 'UTF8') FROM audit_entry ORDER BY id")).all()
    (given,) = [
        entry for entry in said if "identity.role.granted" in entry and '"role":"admin"' in entry and str(new) in entry
    ]
    assert f'"asked_by":"Boss","entities":"all","request":"{asked.id}"' in given


def test_roles_asked_for_one_person_do_not_supersede_each_other(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    finance, new = a_person(uow, "Fin", Role.FINANCE), a_person(uow, "New")
    both = [_asked(approvals.give_role(boss, user_id=new, role=role)) for role in ("ops", "dev")]
    again = _asked(approvals.give_role(boss, user_id=new, role="ops"))
    assert again.id == both[0].id
    assert [_agree(uow, finance, one).state for one in both] == [RequestState.CONSUMED] * 2
    assert _held(uow, new) == ["dev", "ops"]


def test_nobody_gets_out_of_it_by_sending_those_away_who_would_agree(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    finance, new = a_person(uow, "Fin", Role.FINANCE), a_person(uow, "New")
    _agree(uow, finance, _asked(approvals.give_role(boss, user_id=new, role="ops")))
    identity.deactivate_user(boss, user_id=finance)
    alone = _asked(approvals.give_role(boss, user_id=a_person(uow, "Puppet"), role="finance"))
    back = _asked(approvals.let_in_again(boss, user_id=finance))
    assert (alone.state, back.state) == (RequestState.PENDING, RequestState.PENDING)


def test_somebody_whose_word_counts_is_let_in_again_by_two(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    finance, gone, reader = (
        a_person(uow, "Fin", Role.FINANCE),
        a_person(uow, "Gone", Role.FINANCE),
        a_person(uow, "Reader", Role.AUDITOR),
    )
    for person in (gone, reader):
        identity.deactivate_user(boss, user_id=person)
    assert approvals.let_in_again(boss, user_id=reader) is None
    asked = _asked(approvals.let_in_again(boss, user_id=gone))
    active = {person.id for person in identity.users(boss) if person.active}
    assert reader in active
    assert gone not in active
    _agree(uow, finance, asked)
    assert gone in {person.id for person in identity.users(boss) if person.active}


def test_what_moved_since_it_was_asked_for_is_not_carried_out(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    finance, gone = a_person(uow, "Fin", Role.FINANCE), a_person(uow, "Gone", Role.FINANCE)
    identity.deactivate_user(boss, user_id=gone)
    asked = _asked(approvals.let_in_again(boss, user_id=gone))
    identity.grant_role(uow, user_id=gone, role=Role.ADMIN)
    with pytest.raises(ContentChanged), uow.session.begin_nested():
        _agree(uow, finance, asked)
    assert gone not in {person.id for person in identity.users(boss) if person.active}


def test_a_held_role_comes_to_sign_when_somebody_agrees(uow: UnitOfWork):
    boss = as_person(uow, a_person(uow, "Boss", Role.ADMIN))
    finance, clerk = a_person(uow, "Fin", Role.FINANCE), a_person(uow, "Clerk")
    identity.create_role(boss, code="clerk", name="Clerk", permissions=[Permission.BREAK_WORK])
    assert approvals.change_role(boss, code="clerk", version=1, name="Clerks", permissions=SIGNING) is None
    assert approvals.change_role(boss, code="clerk", version=2, name="Clerks", permissions=[]) is None
    assert approvals.give_role(boss, user_id=clerk, role="clerk") is True
    asked = _asked(approvals.change_role(boss, code="clerk", version=3, name="Clerks", permissions=SIGNING))
    assert "reconciliation.run.sign" not in identity.rights_carried(uow, code="clerk")
    assert approvals.request_detail(boss, request_id=asked.id).description.lines[1].value == "reconciliation.run.sign"
    _agree(uow, finance, asked)
    assert "reconciliation.run.sign" in identity.rights_carried(uow, code="clerk")
    with pytest.raises(Conflict):
        approvals.change_role(boss, code="clerk", version=3, name="Clerks", permissions=SIGNING)


def test_asking_needs_the_right_and_a_fresh_proof_and_what_there_is(uow: UnitOfWork):
    admin, finance = a_person(uow, "Boss", Role.ADMIN), a_person(uow, "Fin", Role.FINANCE)
    for asker in (as_person(uow, finance), as_person(uow, admin, proved=False)):
        with pytest.raises(Forbidden):
            approvals.give_role(asker, user_id=finance, role="admin")
        with pytest.raises(Forbidden):
            approvals.let_in_again(asker, user_id=finance)
        with pytest.raises(Forbidden):
            approvals.change_role(asker, code="clerk", version=1, name="Clerk", permissions=SIGNING)
    boss = as_person(uow, admin)
    for user, role, entity in ((uuid.uuid4(), "ops", None), (finance, "king", None), (finance, "ops", uuid.uuid4())):
        with pytest.raises(NotFound):
            approvals.give_role(boss, user_id=user, role=role, entity_id=entity)
    assert not approvals.requests(boss).requests
