"""What a reader is told has to be so: the load, what deviates, what changed since, and who is told of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from services import backfills, reconciliation
from services.backfills import BackfillState, LoadMeter
from services.backfills.load import load_of
from services.core.errors import Invalid
from services.identity import Role
from services.reconciliation.report_letter import backfill_told
from tests.factories.approvals import a_person, agree
from tests.factories.backfills import ACTOR, PLUS_ONE, Workshop, reject, request_of
from tests.factories.shop import a_shop
from tests.faults.ground import until
from tests.services.backfills.test_life import started

_TOLD = {"dev@example.com", "ops@example.com", "finance@example.com", "#releases"}


def test_the_load_is_what_the_database_is_busy_with(workshop: Workshop):
    """A transaction that stays open, somebody who waits for its lock, a burst of log, an event nobody has applied."""
    engine, meter, lock = workshop.database.engine, LoadMeter(), text("SELECT pg_advisory_xact_lock(811)")

    def wait() -> None:
        with engine.connect() as waiter:
            waiter.execute(lock)

    with engine.connect() as holder:
        holder.execute(lock)
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        with workshop.database.unit_of_work(ACTOR) as uow:
            load_of(uow, PLUS_ONE, meter)
        workshop.sql("UPDATE coin SET label = repeat(label, 400)")
        time.sleep(1.0)  # the meter reads once a second
        with workshop.database.unit_of_work(ACTOR) as uow:
            load = load_of(uow, PLUS_ONE, meter)
        holder.rollback()
        waiting.join()
    assert load.oldest_transaction_ms >= 1_000
    assert 1_000 <= load.lock_wait_ms <= load.oldest_transaction_ms
    assert load.wal_bytes_per_second > 100_000
    assert (load.replication_ms, load.payments_ms) == (0, 0)


def test_who_waits_in_another_database_does_not_hold_it_up(workshop: Workshop):
    with a_shop(1) as shop, ThreadPoolExecutor(1) as thread:
        with psycopg.connect(shop.owner.replace("+psycopg", "")) as holder:
            holder.execute("SELECT pg_advisory_xact_lock(811)")
            waits = thread.submit(shop.sql, "SELECT pg_advisory_xact_lock(811)")
            until(lambda: bool(workshop.sql("SELECT FROM pg_locks WHERE NOT granted AND objid = 811")), seconds=10)
            time.sleep(0.3)
            with workshop.database.unit_of_work(ACTOR) as uow:
                load = load_of(uow, PLUS_ONE, LoadMeter())
        waits.result(timeout=10)
    assert load.lock_wait_ms < 300


def test_rows_that_are_not_what_they_should_have_become_are_found_and_named(workshop: Workshop):
    made = started(workshop)
    workshop.work(backfills.EXECUTE)
    workshop.sql("UPDATE coin SET amount_minor = amount_minor + 5")
    workshop.work(backfills.VERIFY)
    document = workshop.see(made).backfill.verification
    assert document is not None
    (red,) = [one for one in document["results"] if not one["held"]]
    assert (red["code"], red["found"]) == ("sample_recomputed", 0)
    assert red["expected"] == document["sampled"] > 0
    assert all(one["found"] == [one["expected"][0] + 5] for one in document["differing"])


def test_the_dry_run_names_indexes_and_what_the_rows_are(workshop: Workshop):
    workshop.sql("CREATE INDEX coin_by_amount ON coin (amount_minor); CREATE INDEX coin_by_label ON coin (label)")
    checksums = []
    for _ in range(2):
        made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
        workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
        workshop.work(backfills.DRY_RUN)
        found = workshop.see(made).backfill.dry_run
        assert found is not None
        assert [(one["name"], one["bytes"] > 0) for one in found["indexes"]] == [("coin_by_amount", True)]
        checksums.append(found["frozen"]["checksum"])
        workshop.sql("UPDATE coin SET label = 'other' WHERE id = 1")
    assert checksums[0] != checksums[1]


def test_what_has_to_hold_before_refuses_the_request_and_the_start(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.whole", params={"least": 10})
    workshop.sql("UPDATE coin SET amount_minor = -3 WHERE id = 1")
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    with pytest.raises(Invalid, match="no_debts"):
        workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    workshop.sql("UPDATE coin SET amount_minor = 3 WHERE id = 1")
    agreed = workshop.agreed("tests.whole", least=10)
    workshop.sql("UPDATE coin SET amount_minor = -3 WHERE id = 1")  # a row that is not among those it changes
    begun = workshop.call("Ops", backfills.start, backfill_id=agreed)
    assert begun.problem == "What has to hold before it runs does not: no_debts."
    assert workshop.see(agreed).backfill.state is BackfillState.DRAFT


def test_everybody_is_told_before_and_after_which_columns_when_and_with_what_result(workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.plan_start, backfill_id=made)
    workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
    told = workshop.sql("SELECT * FROM notification WHERE purpose LIKE 'backfills.%'")
    for what in ("planned", "started", "verified", "signed_off"):
        letters = [row for row in told if row.purpose == f"backfills.{what}"]
        assert {row.recipient for row in letters} >= _TOLD, what
        assert all("coin.amount_minor" in str(row.content) for row in letters)
    verified = next(row for row in told if row.purpose == "backfills.verified" and row.recipient == "#releases")
    assert "8 of 8 checks hold" in str(verified.content)


def test_everybody_is_told_how_much_money_moved_and_is_given_back(workshop: Workshop):
    made = started(workshop)
    workshop.sql("UPDATE coin SET amount_minor = 0, currency = 'USD' WHERE id = 1")
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="does not add up")
    workshop.work(backfills.ROLL_BACK)
    told = _money_told(workshop)
    assert "Money, USD" not in told["started"]
    assert told["deviates"]["Money, USD"] == told["rejected"]["Money, USD"] == "0.01 moved, 0.01 net"
    assert told["rolled_back"]["Money, USD"] == "0.01 given back, −0.01 net"
    (report,) = workshop.sql("SELECT params FROM run WHERE params->'after'->>'result' = 'rolled_back'")
    back = reconciliation.BackfillDone.model_validate(report[0]["after"])
    assert "It gave back " in backfill_told(back, "en")
    assert "0.01\u00a0USD (net −0.01)" in backfill_told(back, "en")


def test_no_sum_is_told_to_be_given_back_where_rows_were_left_alone(workshop: Workshop):
    made = started(workshop)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.sql("UPDATE coin SET amount_minor = 7 WHERE id = 1")
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="does not add up")
    workshop.work(backfills.ROLL_BACK)
    assert workshop.see(made).backfill.state is BackfillState.ROLLED_BACK_WITH_CONFLICTS
    assert _money_told(workshop)["rolled_back"] == {}


@pytest.mark.parametrize("currency", ["", "eur"])
def test_money_of_no_known_currency_starts_and_is_told_in_minor_units(workshop: Workshop, currency: str):
    workshop.sql("UPDATE coin SET currency = :currency", currency=currency)
    workshop.people["Dev 2"] = workshop.call("", lambda uow: a_person(uow, "Dev 2", Role.DEV))
    made = workshop.agreed("tests.plus_one")
    workshop.call("Dev 2", lambda uow: agree(uow, request_of(workshop, made, "backfills.run")))
    workshop.call("Ops", backfills.start, backfill_id=made)
    assert _money_told(workshop)["started"] == {f"Money, {currency or '–'}": "3,000 moved, 3,000 net"}


def _money_told(workshop: Workshop) -> dict[str, dict[str, str]]:
    """The lines of money in what the chat was told, by occasion."""
    told = workshop.sql("SELECT purpose, content FROM notification WHERE recipient = '#releases'")
    lines = {row.purpose.removeprefix("backfills."): dict(row.content["facts"]) for row in told}
    return {what: {name: said for name, said in facts.items() if "Money" in name} for what, facts in lines.items()}
