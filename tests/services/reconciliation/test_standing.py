"""What a payment's page is told: the bank line that brought its payout, its breaks, and what people did."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from services import reconciliation
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.reconciliation import BreakFilter, Definition, Resolution, SourceKind
from tests.factories.identity import an_entity
from tests.factories.reconciliation import Row, at_morning, load, some_payouts


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    return an_entity(uow)


def test_the_bank_line_of_a_payout_is_named(uow: UnitOfWork, entity: uuid.UUID):
    world = some_payouts(3)
    load(uow, entity, SourceKind.STRIPE_PAYOUTS, world.left)
    load(uow, entity, SourceKind.BANK, world.right)
    reconciliation.reconcile(at_morning(uow), definition=Definition.PAYOUTS, entity_id=entity)
    payout, line = uow.session.execute(
        text(
            "SELECT l.ext_key, r.ext_key FROM recon_match_member l JOIN recon_match_member r USING (match_id) "
            "WHERE l.side = 'left' AND r.side = 'right' AND NOT l.closed ORDER BY l.ext_key LIMIT 1"
        )
    ).one()
    found = reconciliation.standing_of(uow, entity_id=entity, movements=[], payouts=[payout])
    assert [(one.payout_ref, one.ext_key) for one in found.bank_lines] == [(payout, line)]


def test_breaks_of_a_payments_movements_with_what_was_done(uow: UnitOfWork, entity: uuid.UUID):
    load(uow, entity, SourceKind.BOOKS, [Row("ch_1:charge", 500), Row("ch_2:charge", 700)])
    load(uow, entity, SourceKind.STRIPE, [Row("ch_1:charge", 450), Row("ch_2:charge", 800)])
    reconciliation.reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    (mine,) = [
        row for row in reconciliation.list_breaks(uow, filter=BreakFilter()).rows if row.subject_key == "ch_1:charge"
    ]
    reconciliation.resolve_break(
        uow, number=mine.number, version=mine.version, resolution=Resolution.ACCEPTED, reason="rounding at source"
    )
    found = reconciliation.standing_of(uow, entity_id=entity, movements=["ch_1:charge"], payouts=[])
    assert [one.number for one in found.breaks] == [mine.number]
    assert [(deed.action, deed.reason) for deed in found.deeds] == [
        ("reconciliation.break.resolved", "rounding at source")
    ]
    assert found.bank_lines == ()


def test_another_entity_is_not_there(uow: UnitOfWork, entity: uuid.UUID):
    other = EntityScope.of([uuid.uuid4()])
    reader = Actor(ActorKind.USER, uuid.uuid4(), "Reader", {Permission.RECONCILIATION_READ: other})
    with pytest.raises(NotFound):
        reconciliation.standing_of(
            UnitOfWork(uow.session, reader, uow.clock, "test"), entity_id=entity, movements=[], payouts=[]
        )
