"""Work on breaks by somebody whose role narrows it: to their own, their team's, or up to an amount."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.permissions import Permission
from services.identity import Role
from services.reconciliation import (
    Definition,
    Resolution,
    SourceKind,
    assign_break,
    break_report,
    comment_on_break,
    groups_of,
    match_by_hand,
    reconcile,
    reopen_break,
    resolve_break,
    take_apart,
)
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, at_morning, load

_RIGHTS = [Permission.RECONCILIATION_READ, Permission.BREAK_WORK]
_WHY = "known and agreed with the bank"


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    """Breaks of 4.00 and 60.00 that the books have and Stripe has not, and one of 3.00 the other way round."""
    a_user(uow, Role.FINANCE)
    entity = an_entity(uow)
    both = [Row("ch_same:charge", 900)]
    load(uow, entity, SourceKind.BOOKS, [Row("ch_small:charge", 400), Row("ch_large:charge", 6000), *both])
    load(uow, entity, SourceKind.STRIPE, [Row("py_other:refund", 300), *both])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    return entity


def _number(uow: UnitOfWork, key: str) -> int:
    found = text("SELECT number FROM recon_break WHERE subject_key = :key")
    return uow.session.execute(found, {"key": key}).scalar_one()


def _clerk(uow: UnitOfWork, entity: uuid.UUID, condition: dict[str, Any], code: str = "clerk") -> UnitOfWork:
    identity.create_role(
        uow, code=code, name="Clerk", permissions=_RIGHTS, conditions={Permission.BREAK_WORK.value: condition}
    )
    user_id = a_user(uow, email=f"{code}@example.com")
    identity.grant_role(uow, user_id=user_id, role=code, entity_id=entity)
    return acting_as(at_morning(uow), f"{code}@example.com")


def _version(uow: UnitOfWork, number: int) -> int:
    return uow.session.execute(text("SELECT version FROM recon_break WHERE number = :n"), {"n": number}).scalar_one()


def _resolve(uow: UnitOfWork, number: int) -> int:
    return resolve_break(uow, number=number, version=_version(uow, number), resolution=Resolution.ACCEPTED, reason=_WHY)


def _everything(uow: UnitOfWork) -> list[Any]:
    return list(uow.session.execute(text("SELECT b::text FROM recon_break b ORDER BY number")).scalars())


def test_a_limit_refuses_above_and_allows_below(uow: UnitOfWork, entity: uuid.UUID):
    clerk = _clerk(uow, entity, {"up_to": 5000, "currency": "EUR"})
    small, large = _number(uow, "ch_small:charge"), _number(uow, "ch_large:charge")
    before = _everything(uow)
    with pytest.raises(Forbidden):
        _resolve(clerk, large)
    assert _everything(uow) == before
    comment_on_break(clerk, number=large, body="Too much for me; please look.")
    _resolve(clerk, small)
    reopen_break(clerk, number=small, version=_version(uow, small), reason="it came back after all")


def test_a_limit_of_another_currency_allows_no_amount(uow: UnitOfWork, entity: uuid.UUID):
    clerk = _clerk(uow, entity, {"up_to": 500000, "currency": "CHF"})
    with pytest.raises(Forbidden):
        _resolve(clerk, _number(uow, "ch_small:charge"))


def test_a_forced_match_leaves_a_residual_within_the_limit_alone(uow: UnitOfWork, entity: uuid.UUID):
    clerk = _clerk(uow, entity, {"up_to": 5000, "currency": "EUR"})
    small, large, other = (_number(uow, f"{key}") for key in ("ch_small:charge", "ch_large:charge", "py_other:refund"))
    with pytest.raises(Forbidden):
        match_by_hand(clerk, numbers=[large, other], reason=_WHY, force=True)
    match_by_hand(clerk, numbers=[small, other], reason=_WHY, force=True)


def test_ones_own_breaks_and_nobody_elses(uow: UnitOfWork, entity: uuid.UUID):
    clerk = _clerk(uow, entity, {"only": "own"})
    number = _number(uow, "ch_small:charge")
    for refused in (
        lambda: _resolve(clerk, number),
        lambda: comment_on_break(clerk, number=number, body="Mine?"),
        lambda: assign_break(clerk, number=number, version=1, person_id=clerk.actor.id),
        lambda: match_by_hand(clerk, numbers=[number], reason=_WHY, force=True),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert break_report(clerk, name=f"B-{number}").view.number == number
    boss = acting_as(at_morning(uow))
    assign_break(boss, number=number, version=1, person_id=clerk.actor.id)
    _resolve(clerk, number)


def test_a_teams_breaks_are_those_of_whoever_shares_a_role(uow: UnitOfWork, entity: uuid.UUID):
    clerk = _clerk(uow, entity, {"only": "own_team"})
    peer = a_user(uow, email="peer@example.com")
    identity.grant_role(uow, user_id=peer, role="clerk", entity_id=entity)
    boss = acting_as(at_morning(uow))
    theirs, ours = _number(uow, "ch_large:charge"), _number(uow, "ch_small:charge")
    assign_break(boss, number=theirs, version=1, person_id=boss.actor.id)
    assign_break(boss, number=ours, version=1, person_id=peer)
    with pytest.raises(Forbidden):
        comment_on_break(clerk, number=theirs, body="May I?")
    _resolve(clerk, ours)


def test_a_group_comes_apart_within_the_limit_alone(uow: UnitOfWork, entity: uuid.UUID):
    uow.session.execute(
        text(
            'UPDATE recon_rule_set SET parameters = parameters || \'{"order": ["S-95"]}\' '
            "WHERE definition = 'settlement'"
        )
    )
    load(uow, entity, SourceKind.BOOKS, [Row("left", 1234)])
    load(uow, entity, SourceKind.STRIPE, [Row("right", 1234)])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    (group,) = groups_of(uow, run_id=run.id)
    below = _clerk(uow, entity, {"up_to": 1233, "currency": "EUR"})
    with pytest.raises(Forbidden):
        take_apart(below, match_id=group.id, reason=_WHY)
    at_it = _clerk(uow, entity, {"up_to": 1234, "currency": "EUR"}, "senior")
    assert take_apart(at_it, match_id=group.id, reason=_WHY)


def test_full_in_one_entity_does_not_widen_another(uow: UnitOfWork, entity: uuid.UUID):
    clerk_id = _clerk(uow, entity, {"only": "own"}).actor.id
    other = an_entity(uow, "mh-ch", currency="CHF", country="CH")
    assert clerk_id
    identity.grant_role(uow, user_id=clerk_id, role=Role.FINANCE, entity_id=other)
    both = acting_as(at_morning(uow), "clerk@example.com")
    assert both.actor.scope(Permission.BREAK_WORK).ids == {other}
    assert both.actor.reach(Permission.BREAK_WORK).ids == {entity, other}
    with pytest.raises(Forbidden):
        _resolve(both, _number(uow, "ch_small:charge"))
