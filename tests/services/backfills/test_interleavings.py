"""Attempts that come too late, twice, or for another: none resets what people agreed to, none ends as a failure."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from typing import Any

import pytest

from jobs.runner import AtSafePoint, RunContext, Signal, execute
from services import backfills, runs
from services.backfills import BackfillState
from services.core.errors import Forbidden
from tests.factories.approvals import agree
from tests.factories.backfills import Workshop, reject, request_of
from tests.services.backfills.test_life import done, started, state


def test_an_attempt_after_the_dry_run_was_taken_leaves_what_was_agreed_to_since(workshop: Workshop):
    """The worker was killed after the commit of the dry run and before that of its run's success."""
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN, recorded=False)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    workshop.call("Ops", lambda uow: agree(uow, asked))
    assert list(workshop.work(backfills.DRY_RUN, recorded=False)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.AWAITING_APPROVAL
    workshop.call("Finance", lambda uow: agree(uow, asked))
    assert list(workshop.work(backfills.DRY_RUN)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.APPROVED
    assert workshop.call("Ops", backfills.start, backfill_id=made).problem is None


def test_of_two_dry_runs_only_the_one_asked_for_last_measures(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.call("Dev", backfills.change_params, backfill_id=made, params={"least": 1_000})
    last = workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    assert list(workshop.work(backfills.DRY_RUN)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.DRY_RUNNING
    workshop.work(backfills.DRY_RUN)
    seen = workshop.see(made).backfill
    assert (seen.state, seen.run_id) == (BackfillState.DRY_RUN_READY, last)
    assert seen.dry_run is not None
    assert seen.dry_run["params"] == {"least": 1_000}


def test_a_dry_run_of_what_is_a_draft_again_measures_nothing(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.call("Dev", backfills.change_params, backfill_id=made, params={"least": 5})
    assert list(workshop.work(backfills.DRY_RUN)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.DRAFT


def test_each_work_is_done_once_though_its_end_was_not_written_down(workshop: Workshop):
    made = started(workshop)
    for kind in (backfills.EXECUTE, backfills.VERIFY):
        workshop.work(kind, recorded=False)
        reached = workshop.see(made).backfill
        assert list(workshop.work(kind)) == ["nothing_left"]
        assert workshop.see(made).backfill == reached
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="take it back")
    workshop.work(backfills.ROLL_BACK, recorded=False)
    assert list(workshop.work(backfills.ROLL_BACK)) == ["nothing_left"]
    assert state(workshop, made) is BackfillState.ROLLED_BACK


def test_a_verification_that_comes_late_does_not_take_the_place_of_the_one_asked_for_since(workshop: Workshop):
    made = started(workshop)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY, recorded=False)
    first = workshop.see(made).backfill.run_id
    again = workshop.call("Ops", backfills.verify_again, backfill_id=made)
    assert again != first
    results = {str(workshop.work(backfills.VERIFY)) for _ in range(2)}
    assert any("nothing_left" in one for one in results)
    assert any("held" in one for one in results)
    assert state(workshop, made) is BackfillState.AWAITING_SIGNOFF


def test_a_dead_letter_tried_again_does_not_disturb_the_run_that_took_its_place(workshop: Workshop):
    made = started(workshop)
    dead = _died(workshop, backfills.EXECUTE)
    assert state(workshop, made) is BackfillState.FAILED
    workshop.call("Ops", backfills.resume, backfill_id=made)
    workshop.call("", runs.retry, run_id=dead)
    results = [workshop.work(backfills.EXECUTE) for _ in range(2)]
    assert sorted("nothing_left" in one for one in results) == [False, True]
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin")[0] == (1, 1)
    assert workshop.sql("SELECT epoch FROM kontor_backfill.cursor")[0][0] == 1


@pytest.mark.parametrize(
    ("kind", "died_as", "reached"),
    [
        (backfills.DRY_RUN, BackfillState.DRAFT, BackfillState.DRY_RUN_READY),
        (backfills.EXECUTE, BackfillState.FAILED, BackfillState.VERIFYING),
        (backfills.VERIFY, BackfillState.FAILED, BackfillState.AWAITING_SIGNOFF),
        (backfills.ROLL_BACK, BackfillState.FAILED, BackfillState.ROLLED_BACK),
    ],
)
def test_a_dead_letter_tried_again_takes_its_backfill_along(
    workshop: Workshop, kind: runs.RunKind, died_as: BackfillState, reached: BackfillState
):
    made = _on_the_way_to(workshop, kind)
    dead = _died(workshop, kind)
    assert state(workshop, made) is died_as
    workshop.call("", runs.retry, run_id=dead)
    workshop.work(kind)
    seen = workshop.see(made).backfill
    assert (seen.state, seen.problem) == (reached, None)


def test_paused_after_the_last_batch_it_is_paused_and_nothing_failed(workshop: Workshop):
    made = started(workshop)

    def pause(signal: Signal) -> None:
        if signal.wish is runs.Desired.RUN and workshop.sql("SELECT done FROM kontor_backfill.cursor")[0][0]:
            workshop.call("Ops", backfills.pause, backfill_id=made)
            signal.wish = runs.Desired.PAUSE

    with pytest.raises(AtSafePoint):
        workshop.work(backfills.EXECUTE, at_progress=pause)


def test_resumed_before_its_worker_heard_of_the_pause_it_goes_on_and_nothing_failed(workshop: Workshop):
    made = started(workshop)
    resumed: list[threading.Timer] = []

    def pause(_: Signal) -> None:
        if not resumed:
            workshop.call("Ops", backfills.pause, backfill_id=made)
            resumed.append(threading.Timer(0.5, lambda: workshop.call("Ops", backfills.resume, backfill_id=made)))
            resumed[0].start()

    workshop.work(backfills.EXECUTE, at_progress=pause)
    resumed[0].join()
    assert state(workshop, made) is BackfillState.VERIFYING
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin")[0] == (1, 1)


def test_resumed_after_its_worker_has_met_the_pause_it_is_taken_up_again(workshop: Workshop):
    """The worker is on its way out of the body, and has not yet given its run back."""
    made = started(workshop)
    claim = workshop.claim(backfills.EXECUTE)
    signal = Signal()

    def body(ctx: RunContext, _: Any) -> dict[str, Any]:
        workshop.call("Ops", backfills.pause, backfill_id=made)
        signal.wish = runs.Desired.PAUSE
        try:
            ctx.safe_point()
        finally:
            workshop.call("Ops", backfills.resume, backfill_id=made)
        return {}

    execute(workshop.app, claim, backfills.EXECUTE, body, signal)
    assert state(workshop, made) is BackfillState.RUNNING
    workshop.work(backfills.EXECUTE)
    assert state(workshop, made) is BackfillState.VERIFYING


def _on_the_way_to(workshop: Workshop, kind: runs.RunKind) -> uuid.UUID:
    """A backfill whose run of that kind is queued."""
    if kind is backfills.DRY_RUN:
        made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
        workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
        return made
    if kind is backfills.ROLL_BACK:
        made = done(workshop)
        workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
        workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="take it back")
        return made
    made = started(workshop)
    if kind is backfills.VERIFY:
        workshop.work(backfills.EXECUTE)
    return made


def _died(workshop: Workshop, kind: runs.RunKind) -> uuid.UUID:
    """The next queued run of a kind becomes a dead letter."""
    claim = dataclasses.replace(workshop.claim(kind), max_attempts=1)
    execute(workshop.app, claim, kind, _breaks, Signal())
    return claim.id


def _breaks(*_: Any) -> dict[str, Any]:
    raise RuntimeError("the disk is full")


def test_whoever_may_control_runs_but_not_run_backfills_lets_none_go_on(workshop: Workshop):
    made = started(workshop)
    dead = _died(workshop, backfills.EXECUTE)
    with pytest.raises(Forbidden, match=r"backfills\.backfill\.run"):
        workshop.call("Dev", runs.retry, run_id=dead)
    assert state(workshop, made) is BackfillState.FAILED
    allowed = {team: workshop.call(team, runs.run_detail, run_id=dead).may_go_on for team in ("Dev", "Ops")}
    assert allowed == {"Dev": False, "Ops": True}
    workshop.call("Ops", runs.retry, run_id=dead)
    with pytest.raises(Forbidden):
        workshop.call("Dev", runs.resume, run_id=dead)
