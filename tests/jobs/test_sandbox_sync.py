"""Sync of a whole world over Stripe's own library from the sandbox's server, which makes trouble: nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
import stripe
from sqlalchemy import text

import jobs.payments  # noqa: F401 - registers the bodies
from jobs.registry import known_jobs
from jobs.worker import Worker
from services import identity, payments, runs
from services.bootstrap import KINDS, Application
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from services.payments import CHECK, SYNC, CheckParams, SyncParams
from tests.fakes.sandbox_server import served_world
from tests.jobs.conftest import ACTOR

_TROUBLE = {"every": {"429": 40, "500": 60}}
_LISTS = {
    "customer": "customers", "charge": "charges", "invoice": "invoices", "payment": "payment_intents",
    "refund": "refunds", "dispute": "disputes", "payout": "payouts", "balance_transaction": "balance_transactions",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A served world of two entities; the process ends with the test."""
    with served_world(tmp_path, seed="sync", days=4, per_day=20, faults=_TROUBLE) as served:
        yield served


@pytest.fixture
def app(database: Database, folder: Path) -> Application:
    """An installation with both of the sandbox's accounts connected."""
    for kind in KINDS:
        runs.declare(kind)
    with database.unit_of_work(ACTOR) as uow:
        for code, country, currency in (("mh-de", "DE", "EUR"), ("mh-ch", "CH", "CHF")):
            entity_id = identity.create_legal_entity(
                uow, code=code, name=code, country=country, currency=currency, time_zone="Europe/Berlin"
            )
            payments.connect_account(uow, entity_id=entity_id, code=code)
    settings = Settings(data_dir=folder, sandbox=True)
    return Application(settings, database, StripeGateway.of(settings))


def _run(app: Application, kind: runs.RunKind, params: pydantic.BaseModel) -> dict[str, Any]:
    with app.database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=kind, params=params)
    Worker(app, known_jobs(), 1, until_idle=True).run()
    with app.database.unit_of_work(ACTOR) as uow:
        detail = runs.run_detail(uow, run_id=run_id)
    assert detail.run.state is runs.RunState.SUCCEEDED, detail.attempts
    return detail.result or {}


def _listed(folder: Path, code: str) -> dict[str, set[str]]:
    """Every id that Stripe's library lists for an account."""
    told = json.loads((folder / "sandbox" / "connection.json").read_text())
    client = stripe.StripeClient(
        told["accounts"][code]["api_key"], base_addresses={"api": told["api_base"]}, max_network_retries=8
    )
    return {
        table: {one.id for one in getattr(client.v1, name).list({"limit": 100}).auto_paging_iter()}
        for table, name in _LISTS.items()
    }


def _stored(app: Application, code: str) -> dict[str, set[str]]:
    query = "SELECT t.stripe_id FROM {} t JOIN stripe_account a ON a.id = t.account_id WHERE a.code = :code"
    with app.database.unit_of_work(ACTOR) as uow:
        return {table: set(uow.session.scalars(text(query.format(table)), {"code": code})) for table in _LISTS}


def test_every_object_of_both_accounts_arrives_once_in_spite_of_trouble(app: Application, folder: Path):
    _run(app, SYNC, SyncParams())
    for code in ("mh-de", "mh-ch"):
        listed, stored = _listed(folder, code), _stored(app, code)
        assert all(listed[table] for table in ("customer", "charge", "invoice", "payment", "balance_transaction"))
        assert {table: listed[table] ^ stored[table] for table in _LISTS if listed[table] != stored[table]} == {}
    assert _run(app, CHECK, CheckParams())["gapless"] is True
