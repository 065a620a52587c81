"""The shipped definitions on mirrored payments, with the reconciliations they must not disturb and closed periods."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from services import backfills, payments, reconciliation
from services.backfills import BackfillState
from services.payments.ingest import link_payout
from services.payments.vocabulary import StripeObject
from tests.factories import payments as make
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Workshop, reject, request_of
from tests.services.backfills.test_life import state

_DAY = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
_COUNT = 12


@pytest.fixture
def merchant(workshop: Workshop) -> payments.AccountView:
    """Twelve settled payments from before the account was connected, one unsettled; one payout with all but two."""
    with workshop.database.unit_of_work(ACTOR) as uow:
        account = make.connected_account(uow)
        intents = [make.intent(at=_DAY + dt.timedelta(hours=n)) for n in range(_COUNT + 1)]
        charges = [make.charge(intent=one["id"], at=_DAY + dt.timedelta(hours=n)) for n, one in enumerate(intents)]
        moved = [make.balance_transaction(source=one["id"]) for one in charges[:_COUNT]]
        paid = make.payout(amount=sum(one["net"] for one in moved), at=_DAY + dt.timedelta(days=4))
        make.stored(uow, account, StripeObject.CHARGE, *charges)
        make.stored(uow, account, StripeObject.PAYMENT_INTENT, *intents)
        make.stored(uow, account, StripeObject.BALANCE_TRANSACTION, *moved)
        make.stored(uow, account, StripeObject.PAYOUT, paid)
        parts = [one["id"] for one in moved[2:]]
        link_payout(uow, account=account, payout=paid["id"], parts=parts, complete_at=make.SEEN)
    return account


def _run(workshop: Workshop, definition: str) -> uuid.UUID:
    """Up to its verification, with the reconciliations before and after."""
    made = workshop.agreed(definition)
    begun = workshop.call("Ops", backfills.start, backfill_id=made)
    assert begun.problem is None
    _reconcile(workshop)
    workshop.work(backfills.EXECUTE)
    _reconcile(workshop)
    workshop.work(backfills.VERIFY)
    return made


def _reconcile(workshop: Workshop) -> None:
    waiting = "SELECT count(*) FROM run WHERE kind = 'reconciliation.run' AND state = 'queued'"
    while workshop.sql(waiting)[0][0]:
        workshop.work(reconciliation.RUN)


def _results(workshop: Workshop, made: uuid.UUID) -> dict[str, Any]:
    document = workshop.see(made).backfill.verification
    assert document is not None
    return {one["code"]: one for one in document["results"]}


@pytest.mark.usefixtures("merchant")
def test_the_net_amount_is_filled_and_the_books_still_agree(workshop: Workshop):
    made = _run(workshop, "payments.net_minor")
    seen = workshop.see(made).backfill
    assert seen.dry_run is not None
    assert seen.dry_run["frozen"]["rows"] == _COUNT
    (money,) = seen.dry_run["frozen"]["money"]
    assert (money["currency"], money["before"], money["after"]) == ("EUR", 0, _COUNT * 1941)
    results = _results(workshop, made)
    assert all(one["held"] for one in results.values()), results
    settled = results["reconciliation.settlement.Musterhandel mh-de"]
    assert settled["found"] == settled["expected"] == _COUNT  # the books are empty: each movement is a break
    assert {(line["class"], line["currency"]) for line in settled["lines"]} == {("missing_left", "EUR")}
    assert workshop.sql("SELECT count(*), min(net_minor) FROM payment WHERE net_minor IS NOT NULL")[0] == (_COUNT, 1941)
    assert workshop.sql("SELECT count(*) FROM run WHERE kind = 'reconciliation.report'")[0][0] == 1


@pytest.mark.usefixtures("merchant")
def test_currency_and_links_are_put_right(workshop: Workshop):
    _run(workshop, "payments.settlement_currency")
    assert workshop.sql("SELECT count(*) FROM payment WHERE settlement_currency = 'EUR'")[0][0] == _COUNT
    made = _run(workshop, "payouts.missing_links")
    assert workshop.see(made).backfill.predicted == 2
    assert workshop.sql("SELECT count(*) FROM balance_transaction WHERE payout_ref IS NULL")[0][0] == 0
    assert all(one["held"] for one in _results(workshop, made).values()), _results(workshop, made)


def test_a_payout_that_is_whole_is_passed_over_and_so_it_is_when_computed_again(
    workshop: Workshop, merchant: payments.AccountView
):
    with workshop.database.unit_of_work(ACTOR) as uow:
        early = make.payout(amount=5_000, at=_DAY + dt.timedelta(days=3))
        part = make.balance_transaction(source="ch_of_the_early_one", amount=5_000, fee=0)
        make.stored(uow, merchant, StripeObject.BALANCE_TRANSACTION, part)
        make.stored(uow, merchant, StripeObject.PAYOUT, early)
        link_payout(uow, account=merchant, payout=early["id"], parts=[part["id"]], complete_at=make.SEEN)
    made = _run(workshop, "payouts.missing_links")
    loose = workshop.sql("SELECT count(*) FROM balance_transaction WHERE payout_ref IS NULL")
    assert (workshop.see(made).backfill.predicted, loose[0][0]) == (2, 0)
    assert _results(workshop, made)["sample_recomputed"]["held"], workshop.see(made).backfill.verification


@pytest.mark.usefixtures("merchant")
def test_the_one_that_is_wrong_on_purpose_is_found_rejected_and_taken_back(workshop: Workshop):
    made = _run(workshop, "training.net_without_fees")
    (red,) = [one for one in _results(workshop, made).values() if not one["held"]]
    assert (red["code"], red["found"], len(red["named"])) == ("net_differs", _COUNT, _COUNT)
    known = {str(row.id): row.charge_ref for row in workshop.sql("SELECT id, charge_ref FROM payment")}
    assert all(one["shown"]["charge_ref"] == known[one["key"]] for one in red["named"])
    assert {(one["shown"]["net_minor"], one["shown"]["credited_minor"]) for one in red["named"]} == {(1999, 1941)}
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="it forgets the fees")
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    assert workshop.sql("SELECT count(*) FROM payment WHERE net_minor IS NOT NULL")[0][0] == 0


def test_payments_made_from_now_on_carry_their_net_amount(workshop: Workshop, merchant: payments.AccountView):
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    with workshop.database.unit_of_work(ACTOR) as uow:
        for first in (StripeObject.CHARGE, StripeObject.BALANCE_TRANSACTION):
            intent = make.intent(at=later)
            charge = make.charge(intent=intent["id"], at=later)
            moved = make.balance_transaction(source=charge["id"], at=later)
            told = {
                StripeObject.CHARGE: [charge],
                StripeObject.PAYMENT_INTENT: [intent],
                StripeObject.BALANCE_TRANSACTION: [moved],
            }
            seen_at = later + dt.timedelta(minutes=1)
            for kind in (first, *[kind for kind in told if kind is not first]):
                make.stored(uow, merchant, kind, *told[kind], seen_at=seen_at)
    filled = workshop.sql("SELECT net_minor, settlement_currency FROM payment WHERE net_minor IS NOT NULL")
    assert [tuple(row) for row in filled] == [(1941, "EUR")] * 2


def test_what_touches_a_signed_period_takes_all_three_teams(workshop: Workshop, merchant: payments.AccountView):
    _sign_march(workshop, merchant)
    made = workshop.call("Dev", backfills.draft, definition="payments.net_minor", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    (touched,) = asked.content["closed_periods"]
    assert (touched["first_day"], touched["last_day"], touched["rows"]) == ("2026-03-01", "2026-03-31", _COUNT)
    assert (asked.kind, asked.seats) == ("backfills.run_in_closed_period", 3)
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, asked))
    assert state(workshop, made) is BackfillState.AWAITING_APPROVAL


def test_a_period_signed_after_the_agreement_refuses_the_start(workshop: Workshop, merchant: payments.AccountView):
    made = workshop.agreed("payments.net_minor")
    _sign_march(workshop, merchant)
    begun = workshop.call("Ops", backfills.start, backfill_id=made)
    assert begun.problem == "Periods that it touches were closed or opened since the dry run."
    assert state(workshop, made) is BackfillState.DRAFT


def test_a_reconciliation_that_got_worse_deviates_with_its_rows(workshop: Workshop, merchant: payments.AccountView):
    made = workshop.agreed("payments.net_minor")
    workshop.call("Ops", backfills.start, backfill_id=made)
    _reconcile(workshop)
    with workshop.database.unit_of_work(ACTOR) as uow:
        came = make.balance_transaction(source="ch_that_came_meanwhile")
        make.stored(uow, merchant, StripeObject.BALANCE_TRANSACTION, came)
    workshop.work(backfills.EXECUTE)
    _reconcile(workshop)
    workshop.work(backfills.VERIFY)
    worse = _results(workshop, made)["reconciliation.settlement.Musterhandel mh-de"]
    assert (worse["held"], worse["expected"], worse["found"], len(worse["rows"])) == (False, _COUNT, _COUNT + 1, 1)


def _sign_march(workshop: Workshop, merchant: payments.AccountView) -> None:
    other = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.start, backfill_id=other)  # an approval that was used stands for Finance's
    workshop.sql(
        "INSERT INTO recon_period (id, definition, entity_id, span, first_day, last_day, state, signed_by,"
        " signed_by_name, signed_at, digest, statement, request_id)"
        " SELECT gen_random_uuid(), 'settlement', :entity, 'month', '2026-03-01', '2026-03-31', 'signed_off', :who,"
        " 'F', now(), 'd', '{}', request_id FROM approval_consumption",
        entity=merchant.entity_id,
        who=workshop.people["Finance"],
    )
