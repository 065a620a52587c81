"""The shipped definitions over a whole sandbox world, carried out by a real worker, from draft to the end."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.registry import known_jobs
from jobs.worker import Worker
from services import backfills, identity, payments, reconciliation, runs
from services.backfills import BackfillState
from services.bootstrap import KINDS, Application
from services.core.clock import Clock
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from services.reconciliation import NightlyParams
from tests.conftest import clone_database, drop_database
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Workshop, reject, request_of
from tests.fakes.sandbox_server import served_world
from tests.services.backfills.test_life import state

pytestmark = pytest.mark.timeout(600)

_UNFILLED = (
    "SELECT count(*) FROM payment WHERE {} IS NULL AND charge_ref IN"
    " (SELECT source_ref FROM balance_transaction WHERE reporting_category = 'charge')"
)
_FEW = 5
_LINKS = "SELECT stripe_id, payout_ref FROM balance_transaction ORDER BY id"
_LOSE = (
    "UPDATE balance_transaction SET payout_ref = NULL, changed_seq = nextval('payments_changed_seq')"
    " WHERE reporting_category = 'charge' AND payout_ref IS NOT NULL AND hashtext(stripe_id) % 7 = 0"
)


@pytest.fixture(scope="module")
def world(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """Two entities with payments, payouts, bank files and books, after their first night."""
    name = f"kontor_{worker_id}_world"
    database = Database(clone_database(name), clock=Clock())
    workshop = Workshop(database, count=0)
    with served_world(tmp_path_factory.mktemp("world"), seed="backfills", days=12, per_day=8) as folder:
        settings = Settings(data_dir=folder, sandbox=True)
        workshop.app = Application(settings, database, StripeGateway.of(settings))
        _first_night(workshop)
        yield workshop
    database.dispose()
    drop_database(name)


def _first_night(world: Workshop) -> None:
    for kind in KINDS:
        runs.declare(kind)
    with world.database.unit_of_work(ACTOR) as uow:
        for code, country, currency in (("mh-de", "DE", "EUR"), ("mh-ch", "CH", "CHF")):
            entity = identity.create_legal_entity(
                uow, code=code, name=code, country=country, currency=currency, time_zone="Europe/Berlin"
            )
            payments.connect_account(uow, entity_id=entity, code=code)
        runs.enqueue(uow, kind=reconciliation.NIGHTLY, params=NightlyParams())
    _work_until_idle(world)


def _work_until_idle(world: Workshop) -> None:
    Worker(world.app, known_jobs(), 2, until_idle=True).run()
    unwell = world.sql("SELECT kind, state, error FROM run WHERE state NOT IN ('succeeded', 'cancelled')")
    assert unwell == []


def _carried_out(world: Workshop, definition: str) -> uuid.UUID:
    """From draft to what its verification found."""
    made = world.call("Dev", backfills.draft, definition=definition, params={})
    world.call("Dev", backfills.start_dry_run, backfill_id=made)
    _work_until_idle(world)
    asked = world.call("Dev", backfills.ask_approval, backfill_id=made)
    for person in ("Ops", "Finance"):
        world.call(person, lambda uow: agree(uow, asked))
    assert world.call("Ops", backfills.start, backfill_id=made).problem is None
    _work_until_idle(world)
    assert state(world, made) is BackfillState.AWAITING_SIGNOFF
    return made


def _signed(world: Workshop, definition: str) -> tuple[uuid.UUID, list[dict[str, Any]]]:
    """Carried out as promised and signed by Finance; its reconciliations, before and after."""
    made = _carried_out(world, definition)
    seen = world.see(made).backfill
    assert seen.verification is not None
    assert seen.predicted
    assert [one for one in seen.verification["results"] if not one["held"]] == []
    world.call("Finance", lambda uow: agree(uow, request_of(world, made, "backfills.sign_off")))
    assert state(world, made) is BackfillState.SIGNED_OFF
    compared = [one for one in seen.verification["results"] if "reconciliation" in one]
    assert all(one["reconciliation"]["run"] for one in compared)
    return made, compared


def _as_before(compared: list[dict[str, Any]]) -> bool:
    """Both entities, each class and currency the same in number and amount."""
    lines = [line for one in compared for line in one["lines"]]
    same = all(line["before"] == line["after"] and line["before_minor"] == line["after_minor"] for line in lines)
    return same and {one["reconciliation"]["entity"] for one in compared} == {"mh-de", "mh-ch"}


def _left(compared: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """What each reconciliation has open at the end, by class and currency."""
    return {
        (named["definition"], named["entity"], line["class"], line["currency"], line["after"], line["after_minor"])
        for named, lines in ((one["reconciliation"], one["lines"]) for one in compared)
        for line in lines
        if line["after"]
    }


def _open_at_the_dry_run(world: Workshop, made: uuid.UUID) -> set[tuple[Any, ...]]:
    document = world.see(made).backfill.dry_run
    assert document is not None
    return {
        (one["definition"], one["entity"], line["class"], line["currency"], line["breaks"], line["delta_minor"])
        for one in document["reconciliations"]
        for line in one["classes"]
    }


def test_the_shipped_definitions_leave_the_books_of_a_whole_world_as_they_were(world: Workshop):
    assert _as_before(_signed(world, "payments.net_minor")[1])
    assert world.sql(_UNFILLED.format("net_minor"))[0][0] == 0
    assert _as_before(_signed(world, "payments.settlement_currency")[1])
    assert world.sql(_UNFILLED.format("settlement_currency"))[0][0] == 0

    sound = world.sql(_LINKS)
    lost = world.sql(_LOSE)
    made, compared = _signed(world, "payouts.missing_links")
    assert lost > _FEW
    assert world.sql(_LINKS) == sound
    assert _as_before([one for one in compared if one["reconciliation"]["definition"] == "settlement"])
    assert sum(one["found"] for one in compared) < sum(one["expected"] for one in compared)
    # The dry run saw the reconciliations of the time before the links were lost.
    assert _left(compared) == _open_at_the_dry_run(world, made)


def test_the_one_that_is_wrong_on_purpose_ends_where_it_began(world: Workshop):
    before = world.sql("SELECT id, net_minor FROM payment ORDER BY id")
    made = _carried_out(world, "training.net_without_fees")
    seen = world.see(made).backfill
    assert seen.verification is not None
    assert not seen.verification["held"]
    assert [one["code"] for one in seen.verification["results"] if not one["held"]] == ["net_differs"]
    world.call("Finance", lambda uow: reject(uow, request_of(world, made, "backfills.sign_off")))
    assert state(world, made) is BackfillState.REJECTED
    world.call("Ops", backfills.roll_back, backfill_id=made, reason="the fees are missing")
    _work_until_idle(world)
    assert state(world, made) is BackfillState.ROLLED_BACK
    assert world.sql("SELECT id, net_minor FROM payment ORDER BY id") == before
