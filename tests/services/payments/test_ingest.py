import datetime as dt

import pytest
from sqlalchemy import text

from services import payments
from services.core.db import UnitOfWork
from services.payments.ingest import link_payout
from services.payments.vocabulary import StripeObject
from tests.factories import payments as make
from tests.factories.payments import SEEN, START, stored


@pytest.fixture
def account(uow: UnitOfWork) -> payments.AccountView:
    return make.connected_account(uow)


def _one(uow: UnitOfWork, statement: str) -> dict:
    return dict(uow.session.execute(text(statement)).mappings().one())


def test_a_payment_takes_the_facts_of_its_newest_charge(uow: UnitOfWork, account: payments.AccountView):
    intent = make.intent()
    declined = make.charge(intent=intent["id"], status="failed", decline="insufficient_funds", country="FR")
    taken = make.charge(intent=intent["id"], at=START + dt.timedelta(days=1), country="AT", amount_refunded=500)
    stored(uow, account, StripeObject.CHARGE, declined, taken)
    stored(uow, account, StripeObject.PAYMENT_INTENT, intent)
    row = _one(uow, "SELECT * FROM payment")
    assert (row["status"], row["country"], row["attempts"], row["refunded_minor"]) == ("succeeded", "AT", 2, 500)
    assert (row["charge_ref"], row["failure_reason"]) == (taken["id"], "")


def test_a_later_charge_moves_payment_and_rollup(uow: UnitOfWork, account: payments.AccountView):
    intent = make.intent(status="requires_payment_method")
    stored(uow, account, StripeObject.PAYMENT_INTENT, intent)
    assert _one(uow, "SELECT status FROM payment")["status"] == "incomplete"
    charge = make.charge(intent=intent["id"], status="failed", decline="do_not_honor")
    stored(uow, account, StripeObject.CHARGE, charge)
    row = _one(uow, "SELECT status, failure_reason, country FROM payment")
    assert row == {"status": "failed", "failure_reason": "do_not_honor", "country": "DE"}
    rolled = uow.session.execute(text("SELECT status, count FROM payment_rollup WHERE count <> 0")).all()
    assert rolled == [("failed", 1)]


def test_a_charge_without_an_intent_is_a_payment(uow: UnitOfWork, account: payments.AccountView):
    charge = make.charge()
    stored(uow, account, StripeObject.CHARGE, charge)
    row = _one(uow, "SELECT stripe_id, status, received_minor FROM payment")
    assert row == {"stripe_id": charge["id"], "status": "succeeded", "received_minor": 1999}


def test_the_same_again_changes_nothing(uow: UnitOfWork, account: payments.AccountView):
    intents = [make.intent() for _ in range(5)]
    assert stored(uow, account, StripeObject.PAYMENT_INTENT, *intents) == 5
    before = uow.session.execute(text("SELECT stripe_id, xmin::text, changed_seq FROM payment ORDER BY 1")).all()
    assert stored(uow, account, StripeObject.PAYMENT_INTENT, *intents, seen_at=SEEN + dt.timedelta(days=1)) == 0
    assert (
        uow.session.execute(text("SELECT stripe_id, xmin::text, changed_seq FROM payment ORDER BY 1")).all() == before
    )


def test_an_older_state_never_overwrites_a_newer_one(uow: UnitOfWork, account: payments.AccountView):
    intent = make.intent()
    stored(uow, account, StripeObject.PAYMENT_INTENT, intent)
    older = intent | {"status": "processing", "amount_received": 0}
    assert stored(uow, account, StripeObject.PAYMENT_INTENT, older, seen_at=SEEN - dt.timedelta(seconds=1)) == 0
    assert _one(uow, "SELECT status FROM payment")["status"] == "succeeded"


def test_twice_in_one_batch_the_newest_counts(uow: UnitOfWork, account: payments.AccountView):
    intent = make.intent()
    stored(uow, account, StripeObject.PAYMENT_INTENT, intent, intent)
    assert _one(uow, "SELECT count FROM payment_rollup")["count"] == 1


def test_hours_are_the_merchants_own(uow: UnitOfWork):
    account = make.connected_account(uow, code="mh-in", time_zone="Asia/Kolkata")
    stored(uow, account, StripeObject.PAYMENT_INTENT, make.intent(at=dt.datetime(2026, 3, 2, 9, 40, tzinfo=dt.UTC)))
    assert _one(uow, "SELECT hour FROM payment")["hour"] == dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


def test_a_settlement_entry_carries_the_present_state_of_its_source(uow: UnitOfWork, account: payments.AccountView):
    charge = make.charge(status="pending", method="sepa_debit")
    stored(uow, account, StripeObject.CHARGE, charge)
    stored(uow, account, StripeObject.BALANCE_TRANSACTION, make.balance_transaction(source=charge["id"]))
    (entry,) = uow.session.execute(payments.settlement_entries()).mappings()
    assert (entry["ext_key"], entry["status"], entry["amount_minor"], entry["fee_minor"]) == (
        f"{charge['id']}:charge",
        "pending",
        1999,
        58,
    )
    seen = entry["changed_seq"]
    assert uow.session.execute(payments.settlement_entries(after_seq=seen)).all() == []
    stored(uow, account, StripeObject.CHARGE, charge | {"status": "failed"}, seen_at=SEEN + dt.timedelta(days=1))
    (entry,) = uow.session.execute(payments.settlement_entries(after_seq=seen)).mappings()
    assert entry["status"] == "failed"


def test_a_payout_is_the_sum_of_its_parts(uow: UnitOfWork, account: payments.AccountView):
    parts = [make.balance_transaction(source=make.ref("ch")) for _ in range(3)]
    payout = make.payout(amount=3 * (1999 - 58))
    own = make.balance_transaction(source=payout["id"], category="payout", amount=-payout["amount"], fee=0)
    stored(uow, account, StripeObject.PAYOUT, payout)
    stored(uow, account, StripeObject.BALANCE_TRANSACTION, *parts, own)
    assert uow.session.execute(payments.payout_composition()).all() == []
    ids = [part["id"] for part in (*parts, own)]
    assert link_payout(uow, account=account, payout=payout["id"], parts=ids, complete_at=SEEN) == 4
    assert link_payout(uow, account=account, payout=payout["id"], parts=ids, complete_at=SEEN) == 0
    (row,) = uow.session.execute(payments.payout_composition()).mappings()
    assert (row["payout"], row["net_sum_minor"], row["count"]) == (payout["id"], payout["amount"], 3)
    (entry,) = uow.session.execute(payments.payout_entries()).mappings()
    assert (entry["amount_minor"], entry["booked_on"]) == (payout["amount"], dt.date(2026, 3, 3))
    assert {e["batch_ref"] for e in uow.session.execute(payments.settlement_entries()).mappings()} == {payout["id"]}
