import uuid

import pytest

from services import payments
from services.core.db import UnitOfWork
from services.core.errors import Conflict, NotFound
from tests.factories.payments import connected_account


def test_connecting_twice_changes_nothing(uow: UnitOfWork):
    account = connected_account(uow)
    assert payments.connect_account(uow, entity_id=account.entity_id, code=account.code) == account.id
    assert [a.code for a in payments.accounts(uow)] == ["mh-de"]


def test_a_code_belongs_to_one_entity(uow: UnitOfWork):
    first, second = connected_account(uow), connected_account(uow, code="mh-ch", currency="CHF")
    with pytest.raises(Conflict):
        payments.connect_account(uow, entity_id=second.entity_id, code=first.code)


def test_a_key_of_another_stripe_account_is_refused(uow: UnitOfWork):
    account = connected_account(uow)
    payments.connect_account(uow, entity_id=account.entity_id, code=account.code, stripe_account_id="acct_1")
    with pytest.raises(Conflict, match="Check the key"):
        payments.connect_account(uow, entity_id=account.entity_id, code=account.code, stripe_account_id="acct_2")


def test_an_unknown_entity_is_refused(uow: UnitOfWork):
    with pytest.raises(NotFound):
        payments.connect_account(uow, entity_id=uuid.uuid4(), code="mh-xx")


@pytest.mark.parametrize(
    "select", [payments.settlement_entries(), payments.payout_entries(), payments.payout_composition()]
)
def test_entries_can_be_selected(uow: UnitOfWork, select):
    assert uow.session.execute(select).all() == []
