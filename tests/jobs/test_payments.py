"""Sync, check and events against an HTTP server that stands for Stripe, by the real worker."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

import jobs.payments  # noqa: F401 - registers the bodies
from jobs.registry import known_jobs
from jobs.worker import Worker
from services import payments, runs
from services.bootstrap import Application
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from services.payments import SYNC, CheckParams, SyncParams
from tests.factories import payments as make
from tests.fakes.stripe_server import KEY, FakeStripe, error
from tests.jobs.conftest import ACTOR, ROOT, until

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
TABLES = ("customer", "charge", "invoice", "payment", "refund", "dispute", "payout", "balance_transaction")


@pytest.fixture
def stripe_server() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


@pytest.fixture
def app(database: Database, stripe_server: FakeStripe, tmp_path: Path) -> Application:
    """An installation with one connected account on the server above."""
    (tmp_path / "sandbox").mkdir()
    connection = {"api_base": stripe_server.url, "accounts": {"mh-de": {"api_key": KEY, "webhook_secret": "whsec_x"}}}
    (tmp_path / "sandbox" / "connection.json").write_text(json.dumps(connection))
    with database.unit_of_work(ACTOR) as uow:
        make.connected_account(uow)
    settings = Settings(data_dir=tmp_path, sandbox=True)
    return Application(settings, database, StripeGateway.of(settings))


def _trade(server: FakeStripe, count: int, *, days: int = 40) -> list[str]:
    """Payments spread over some days, each with charge and balance transaction; returns the charges."""
    charges = []
    for number in range(count):
        at = NOW - dt.timedelta(days=days) * (number + 1) / (count + 1)
        intent = make.intent(at=at)
        charge = make.charge(intent=intent["id"], at=at)
        charges.append(charge["id"])
        server.add("payment_intent", intent)
        server.add("charge", charge)
        server.add("balance_transaction", make.balance_transaction(source=charge["id"], at=at))
    return charges


def _run(app: Application, kind: runs.RunKind, params: Any) -> dict[str, Any]:
    with app.database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=kind, params=params)
    Worker(app, known_jobs(), 1, until_idle=True).run()
    with app.database.unit_of_work(ACTOR) as uow:
        detail = runs.run_detail(uow, run_id=run_id)
    assert detail.run.state is runs.RunState.SUCCEEDED, detail.attempts
    assert detail.result is not None
    return detail.result


def _counts(app: Application) -> dict[str, int]:
    with app.database.unit_of_work(ACTOR) as uow:
        return {name: uow.session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in TABLES}


def _versions(app: Application) -> list[Any]:
    with app.database.unit_of_work(ACTOR) as uow:
        return [
            list(uow.session.execute(text(f"SELECT stripe_id, xmin::text, changed_seq FROM {name} ORDER BY 1")))
            for name in TABLES
        ]


def test_a_sync_takes_all_in_and_again_changes_nothing(app: Application, stripe_server: FakeStripe):
    _trade(stripe_server, 250)
    first = _run(app, SYNC, SyncParams())
    assert first["accounts"]["mh-de"]["read"]["payment_intent"] == 250
    assert _counts(app)["payment"] == 250
    before = _versions(app)
    again = _run(app, SYNC, SyncParams())
    assert sum(again["accounts"]["mh-de"]["changed"].values()) == 0
    assert _versions(app) == before
    assert _run(app, payments.CHECK, CheckParams())["gapless"] is True


def test_what_changed_long_after_it_was_made_is_noticed(app: Application, stripe_server: FakeStripe):
    charges = _trade(stripe_server, 20)
    pending = make.charge(status="pending", method="sepa_debit", at=NOW - dt.timedelta(days=6))
    stripe_server.add("charge", pending)
    _run(app, SYNC, SyncParams())
    stripe_server.replace("charge", charges[-1], amount_refunded=700)
    refund = make.refund(charge=charges[-1], amount=700, at=NOW - dt.timedelta(minutes=5))
    stripe_server.add("refund", refund)
    stripe_server.replace("charge", pending["id"], status="succeeded")
    _run(app, SYNC, SyncParams())
    with app.database.unit_of_work(ACTOR) as uow:
        rows = dict(uow.session.execute(text("SELECT charge_ref, (refunded_minor, status)::text FROM payment")).all())  # pyright: ignore
    assert rows[charges[-1]] == "(700,succeeded)"
    assert rows[pending["id"]] == "(0,succeeded)"


def test_a_payout_gets_its_parts(app: Application, stripe_server: FakeStripe):
    _trade(stripe_server, 5)
    parts = [one["id"] for one in stripe_server.objects["balance_transaction"]]
    payout = make.payout(amount=5 * (1999 - 58), at=NOW - dt.timedelta(days=2))
    own = make.balance_transaction(source=payout["id"], category="payout", amount=-payout["amount"], fee=0)
    stripe_server.add("payout", payout)
    stripe_server.add("balance_transaction", own)
    stripe_server.parts[payout["id"]] = [*parts, own["id"]]
    _run(app, SYNC, SyncParams())
    with app.database.unit_of_work(ACTOR) as uow:
        (row,) = uow.session.execute(payments.payout_composition()).mappings().all()
    assert (row["net_sum_minor"], row["count"]) == (payout["amount"], 5)


def test_a_gap_is_named_and_repaired(app: Application, stripe_server: FakeStripe):
    charges = _trade(stripe_server, 30)
    _run(app, SYNC, SyncParams())
    with app.database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("DELETE FROM charge WHERE stripe_id = :ref"), {"ref": charges[3]})
    found = _run(app, payments.CHECK, CheckParams())
    assert found["gapless"] is False
    assert found["accounts"]["mh-de"]["charge"]["ids"] == [charges[3]]
    assert _run(app, payments.CHECK, CheckParams(repair=True))["accounts"]["mh-de"]["charge"]["repaired"] == 1
    assert _run(app, payments.CHECK, CheckParams())["gapless"] is True


def test_limits_and_faults_are_lived_through(app: Application, stripe_server: FakeStripe):
    _trade(stripe_server, 120)

    def fault(path: str, number: int) -> Any:
        if number % 11 == 0:
            return error(429, "rate_limit_error", Retry_After="0.05")
        return error(503, "api_error") if number % 13 == 0 else None

    stripe_server.fault = fault
    _run(app, SYNC, SyncParams())
    stripe_server.fault = lambda path, number: None
    assert _run(app, payments.CHECK, CheckParams())["gapless"] is True


def test_a_killed_sync_goes_on_where_it_was(app: Application, stripe_server: FakeStripe, tmp_path: Path):
    _trade(stripe_server, 2500, days=10)
    stripe_server.fault = lambda path, number: time.sleep(0.03)
    with app.database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=SYNC, params=SyncParams())
    environment = os.environ | {
        "DATABASE_URL": app.database.url.replace("postgresql+psycopg", "postgresql"),
        "KONTOR_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "jobs", "worker", "--until-idle"]
    victim = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    until(lambda: 0 < _counts(app)["charge"] < 2500, seconds=60)
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    asked, stored = len(stripe_server.requests), _counts(app)["charge"]
    assert 0 < stored < 2500
    stripe_server.fault = lambda path, number: None
    Worker(app, known_jobs(), 1, until_idle=True).run()
    with app.database.unit_of_work(ACTOR) as uow:
        assert runs.run_detail(uow, run_id=run_id).run.state is runs.RunState.SUCCEEDED
    assert _counts(app)["charge"] == _counts(app)["payment"] == 2500
    pages = [path for path in stripe_server.requests[asked:] if path == "/v1/charges"]
    assert len(pages) <= (2500 - stored) / 100 + 6, "pages that were stored were read again"  # one more per window
    assert _run(app, payments.CHECK, CheckParams())["gapless"] is True


def _soon() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)


def _received(app: Application, event_type: str, subject: dict[str, Any], *, at: dt.datetime) -> bool:
    event = {"id": make.ref("evt"), "type": event_type, "created": make.stamp(at), "data": {"object": subject}}
    with app.database.unit_of_work(ACTOR) as uow:
        return payments.receive_event(uow, code="mh-de", event=event, body=orjson.dumps(event))


def _charge_status(app: Application, ref: str) -> str:
    with app.database.unit_of_work(ACTOR) as uow:
        query = text("SELECT status FROM charge WHERE stripe_id = :ref")
        return uow.session.execute(query, {"ref": ref}).scalar_one()


def test_an_event_is_applied_and_an_older_one_is_not(app: Application, stripe_server: FakeStripe):
    charge = make.charge(status="pending", at=NOW - dt.timedelta(hours=1))
    stripe_server.add("charge", charge)
    _run(app, SYNC, SyncParams())
    _received(app, "charge.succeeded", charge | {"status": "succeeded"}, at=_soon())
    Worker(app, known_jobs(), 1, until_idle=True).run()
    assert _charge_status(app, charge["id"]) == "succeeded"
    _received(app, "charge.pending", charge, at=NOW - dt.timedelta(minutes=30))
    Worker(app, known_jobs(), 1, until_idle=True).run()
    assert _charge_status(app, charge["id"]) == "succeeded"
    with app.database.unit_of_work(ACTOR) as uow:
        states = uow.session.execute(text("SELECT state FROM webhook_event ORDER BY received_at")).scalars().all()
    assert states == ["applied", "superseded"]


def test_a_tie_is_settled_by_asking_stripe(app: Application, stripe_server: FakeStripe):
    charge = make.charge(status="pending", at=NOW - dt.timedelta(hours=1))
    stripe_server.add("charge", charge)
    _run(app, SYNC, SyncParams())
    stripe_server.replace("charge", charge["id"], status="failed")
    at = _soon()
    _received(app, "charge.succeeded", charge | {"status": "succeeded"}, at=at)
    _received(app, "charge.failed", charge | {"status": "failed"}, at=at)
    Worker(app, known_jobs(), 1, until_idle=True).run()
    assert _charge_status(app, charge["id"]) == "failed"


def test_an_event_is_stored_once_and_one_run_serves_many(app: Application):
    subject = make.charge()
    event = {"id": "evt_1", "type": "charge.succeeded", "created": make.stamp(NOW), "data": {"object": subject}}
    with app.database.unit_of_work(ACTOR) as uow:
        assert payments.receive_event(uow, code="mh-de", event=event, body=b"{}") is True
        assert payments.receive_event(uow, code="mh-de", event=event, body=b"{}") is False
        assert payments.receive_event(uow, code="mh-de", event=event | {"id": "evt_2"}, body=b"{}") is True
    with app.database.unit_of_work(ACTOR) as uow:
        queued = uow.session.execute(text("SELECT count(*) FROM run WHERE kind = 'payments.apply_events'")).scalar_one()
    assert queued == 1
