"""The parameters of a run are no way around an approval: whoever may start runs by name still needs the votes."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

import pytest

from services import backfills, runs
from services.core.db import Database
from services.core.errors import DomainError
from tests.factories.backfills import Workshop


@pytest.fixture
def workshop(database: Database) -> Workshop:
    return Workshop(database)


def _unchanged(workshop: Workshop, made: uuid.UUID) -> tuple[Any, ...]:
    coins = workshop.sql("SELECT count(*), sum(amount_minor) FROM coin")[0]
    used = workshop.sql("SELECT count(*) AS uses FROM approval_consumption")[0].uses
    return (*coins, used, workshop.see(made).backfill.state)


@pytest.mark.parametrize("kind", [backfills.EXECUTE, backfills.VERIFY, backfills.ROLL_BACK])
def test_a_run_started_by_name_does_nothing_that_was_not_agreed_to(workshop: Workshop, kind: runs.RunKind):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    before = _unchanged(workshop, made)
    workshop.call("Ops", runs.start, kind=kind.name, params={"backfill_id": str(made)})
    with contextlib.suppress(DomainError):
        workshop.work(kind)
    assert _unchanged(workshop, made) == before
