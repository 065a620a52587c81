"""Whose run it was decides who may sign it, so nobody may say so from outside."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

import jobs.reconciliation  # noqa: F401 - registers the bodies
from jobs.registry import known_jobs
from jobs.worker import Worker
from services import reconciliation, runs
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from services.reconciliation import Definition, OnBehalf, ReconcileParams
from tests.factories.identity import an_entity


@pytest.mark.parametrize(("queued_by", "named"), [("command line (root)", False), ("worker", True)])
def test_only_the_chain_of_a_worker_names_somebody_else(database: Database, tmp_path, queued_by: str, *, named: bool):
    somebody = OnBehalf(id=uuid.uuid4(), name="Finance A")
    with database.unit_of_work(Actor.system(queued_by)) as uow:
        params = ReconcileParams(definition=Definition.SETTLEMENT, entity_id=an_entity(uow), on_behalf_of=somebody)
        runs.enqueue(uow, kind=reconciliation.RUN, params=params)
    settings = Settings(data_dir=tmp_path, sandbox=True)
    Worker(Application(settings, database, StripeGateway.of(settings)), known_jobs(), 1, until_idle=True).run()
    with database.unit_of_work(Actor.system("test")) as uow:
        started_by = uow.session.execute(text("SELECT started_by FROM recon_run")).scalar_one()
    assert (started_by == somebody.id) is named
