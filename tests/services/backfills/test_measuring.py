"""While a worker measures for minutes nobody waits for it, and what it found is kept only if it is still waited for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from services import backfills
from services.backfills import BackfillState, Pace, TargetAddress
from services.core.db import UnitOfWork
from tests.factories.backfills import ACTOR, Killed, Shout, Workshop
from tests.factories.shop import Shop, a_shop
from tests.services.backfills.test_life import started, state


class Meddled(Shout):
    """What is in `meanwhile` is done once, while its rows are computed."""

    name = "tests.meddled"
    meanwhile: ClassVar[list[Callable[[], object]]] = []

    def change_batch(self, rows: Sequence[Mapping[str, Any]], params: Any) -> Mapping[Any, Mapping[str, Any]]:
        while self.meanwhile:
            self.meanwhile.pop()()
        return super().change_batch(rows, params)


class MeddledAbroad(Meddled):
    name = "tests.meddled_abroad"
    database = "shop"


HERE, ABROAD = Meddled(), MeddledAbroad()


@pytest.fixture(autouse=True)
def shop() -> Iterator[Shop]:
    for definition in (HERE, ABROAD):
        backfills.register(definition)
    with a_shop(300) as made:
        backfills.know_targets({"shop": TargetAddress(made.dsn)})
        yield made
        backfills.know_targets({})
        Meddled.meanwhile.clear()


def meanwhile(workshop: Workshop, person: str, act: Any, **arguments: Any) -> None:
    """`act` in the middle of the next measurement; a second is as long as it may wait for a lock."""

    def hurried(uow: UnitOfWork, **given: Any) -> None:
        uow.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        act(uow, **given)

    Meddled.meanwhile.append(lambda: workshop.call(person, hurried, **arguments))


def dry_running(workshop: Workshop, definition: str) -> uuid.UUID:
    made = workshop.call("Dev", backfills.draft, definition=definition, params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    return made


@pytest.mark.parametrize("definition", [HERE.name, ABROAD.name])
def test_a_draft_is_thrown_away_or_changed_while_it_is_measured(workshop: Workshop, definition: str):
    for act, more, reached in (
        (backfills.cancel, {"reason": "not needed any more"}, BackfillState.DISCARDED),
        (backfills.change_params, {"params": {}}, BackfillState.DRAFT),
    ):
        made = dry_running(workshop, definition)
        meanwhile(workshop, "Dev", act, backfill_id=made, **more)
        assert list(workshop.work(backfills.DRY_RUN)) == ["nothing_left"]
        assert state(workshop, made) is reached
        assert workshop.see(made).backfill.dry_run is None


@pytest.mark.parametrize("definition", [HERE.name, ABROAD.name])
def test_asked_for_anew_while_it_is_measured_the_new_one_counts(workshop: Workshop, definition: str):
    made = dry_running(workshop, definition)
    meanwhile(workshop, "Ops", backfills.start_dry_run, backfill_id=made)
    assert list(workshop.work(backfills.DRY_RUN)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.DRY_RUNNING
    workshop.work(backfills.DRY_RUN)
    assert state(workshop, made) is BackfillState.DRY_RUN_READY


@pytest.mark.parametrize("definition", [HERE.name, ABROAD.name])
def test_killed_while_it_measures_nothing_is_written_and_the_next_attempt_measures(
    workshop: Workshop, shop: Shop, definition: str
):
    made = dry_running(workshop, definition)
    Meddled.meanwhile.append(_die)
    with pytest.raises(Killed):
        workshop.work(backfills.DRY_RUN)
    assert (state(workshop, made), workshop.see(made).backfill.dry_run) == (BackfillState.DRY_RUNNING, None)
    workshop.give_up()
    workshop.work(backfills.DRY_RUN)
    assert state(workshop, made) is BackfillState.DRY_RUN_READY
    laid = "SELECT count(*) FROM pg_tables WHERE schemaname = 'kontor_backfill'"
    assert (workshop.sql(laid)[0][0], shop.sql(laid)[0][0]) == (0, 0)


def test_while_another_database_is_measured_no_transaction_stands_idle_here(workshop: Workshop):
    """The console's own would be ended after a minute of that."""
    seen: list[int] = []
    here = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
    made = dry_running(workshop, ABROAD.name)
    Meddled.meanwhile.append(lambda: seen.append(workshop.sql(here)[0][0]))
    workshop.work(backfills.DRY_RUN)
    assert (seen, state(workshop, made)) == ([0], BackfillState.DRY_RUN_READY)


@pytest.mark.parametrize("definition", [HERE.name, ABROAD.name])
def test_what_is_set_while_a_verification_measures_waits_for_nobody_and_stays(workshop: Workshop, definition: str):
    made = started(workshop, definition)
    workshop.work(backfills.EXECUTE)
    meanwhile(workshop, "Ops", backfills.set_pace, backfill_id=made, pace=Pace.SLOW)
    workshop.work(backfills.VERIFY)
    seen = workshop.see(made).backfill
    assert (seen.state, seen.pace) == (BackfillState.AWAITING_SIGNOFF, Pace.SLOW)


def test_a_verification_that_is_not_waited_for_any_more_asks_nobody_to_sign(workshop: Workshop):
    made = started(workshop, HERE.name)
    workshop.work(backfills.EXECUTE)
    Meddled.meanwhile.append(lambda: _failed_and_resumed(workshop, made))
    assert list(workshop.work(backfills.VERIFY)) == ["nothing_left"]
    seen = workshop.see(made).backfill
    assert (seen.state, seen.verification, seen.signoff_request_id) == (BackfillState.VERIFYING, None, None)
    workshop.work(backfills.VERIFY)
    assert state(workshop, made) is BackfillState.AWAITING_SIGNOFF


def _failed_and_resumed(workshop: Workshop, made: uuid.UUID) -> None:
    with workshop.database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("SET LOCAL lock_timeout = '1s'"))
        uow.session.execute(text("UPDATE backfill SET state = 'failed' WHERE id = :id"), {"id": made})
    workshop.call("Ops", backfills.resume, backfill_id=made)


def _die() -> None:
    raise Killed
