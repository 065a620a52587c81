"""Workers as real processes: what they finish, hand over, refuse, and leave behind when killed."""

import signal
from pathlib import Path
from typing import Any

from services import runs
from services.core.db import Database
from tests.jobs.conftest import ACTOR, Processes, counter, state, until
from tests.jobs.worker_main import COUNT, FAIL, REFUSE, SLOW, Nothing, Steps


def _enqueue(database: Database, kind: runs.RunKind, params: Any, **more: Any) -> Any:
    with database.unit_of_work(ACTOR) as uow:
        return runs.enqueue(uow, kind=kind, params=params, **more)


def _detail(database: Database, run_id: Any) -> runs.RunDetail:
    with database.unit_of_work(ACTOR) as uow:
        return runs.run_detail(uow, run_id=run_id)


def test_a_worker_does_all_there_is_in_order_of_dependence_and_ends(database: Database, processes: Processes):
    first = _enqueue(database, COUNT, Steps(steps=3))
    second = _enqueue(database, COUNT, Steps(steps=2), after=[first])
    assert processes.start("worker", "--until-idle").wait(30) == 0
    assert counter(database) == 5
    one, two = _detail(database, first), _detail(database, second)
    assert (one.run.state, two.run.state) == (runs.RunState.SUCCEEDED, runs.RunState.SUCCEEDED)
    assert one.run.finished_at is not None
    assert two.run.started_at is not None
    assert two.run.started_at >= one.run.finished_at
    assert one.result == {"steps": 3}
    with database.unit_of_work(ACTOR) as uow:
        assert runs.run_log(uow, run_id=first)[-1].fields == {"steps": 3, "api_key": "[redacted]"}


def test_a_killed_workers_run_goes_on_within_two_seconds_and_counts_each_step_once(
    database: Database, processes: Processes
):
    run_id = _enqueue(database, COUNT, Steps(steps=600, pause=0.02))  # longer than a second worker takes to start
    victim = processes.start("worker")
    until(lambda: counter(database) > 10)
    processes.start("worker")
    until(lambda: _workers(database) == 2)
    processes.kill(victim)
    stopped_at = counter(database)
    assert until(lambda: counter(database) > stopped_at + 1) < 2.0
    until(lambda: state(database, run_id) is runs.RunState.SUCCEEDED, seconds=90)
    assert counter(database) == 600
    outcomes = [attempt.outcome for attempt in _detail(database, run_id).attempts]
    assert outcomes == [runs.AttemptOutcome.LOST, runs.AttemptOutcome.SUCCEEDED]


def test_a_frozen_worker_that_wakes_after_the_takeover_changes_nothing(database: Database, processes: Processes):
    run_id = _enqueue(database, COUNT, Steps(steps=200, pause=0.02))
    zombie = processes.start("worker")
    until(lambda: counter(database) > 10)
    zombie.send_signal(signal.SIGSTOP)
    frozen_at = counter(database)
    processes.start("worker")
    until(lambda: counter(database) > frozen_at + 3)
    zombie.send_signal(signal.SIGCONT)
    until(lambda: state(database, run_id) is runs.RunState.SUCCEEDED)
    assert counter(database) == 200


def test_a_failing_run_is_tried_again_and_then_becomes_a_dead_letter_without_secrets(
    database: Database, processes: Processes
):
    run_id = _enqueue(database, FAIL, Nothing())
    assert processes.start("worker", "--until-idle").wait(30) == 0
    detail = _detail(database, run_id)
    assert detail.run.state is runs.RunState.DEAD
    assert [attempt.outcome for attempt in detail.attempts] == [runs.AttemptOutcome.FAILED] * 2
    assert detail.run.error == "the key [redacted] was refused"
    assert "sk_live" not in (detail.attempts[0].traceback or "sk_live")


def test_what_cannot_get_better_is_not_tried_again(database: Database, processes: Processes):
    refused, slow = _enqueue(database, REFUSE, Nothing()), _enqueue(database, SLOW, Nothing())
    assert processes.start("worker", "--until-idle").wait(30) == 0
    assert _detail(database, refused).run.error == "The file is empty."
    assert len(_detail(database, refused).attempts) == 1
    assert "longer than 0.2 s" in (_detail(database, slow).run.error or "")


def test_pause_resume_and_cancel_are_met_at_a_safe_point(database: Database, processes: Processes):
    run_id = _enqueue(database, COUNT, Steps(steps=1000))
    processes.start("worker")
    until(lambda: counter(database) > 3)
    with database.unit_of_work(ACTOR) as uow:
        assert runs.pause(uow, run_id=run_id) is runs.RunState.RUNNING
    assert until(lambda: state(database, run_id) is runs.RunState.PAUSED) < 2.0
    paused_at = counter(database)
    with database.unit_of_work(ACTOR) as uow:
        assert runs.resume(uow, run_id=run_id) is runs.RunState.QUEUED
    until(lambda: counter(database) > paused_at)
    with database.unit_of_work(ACTOR) as uow:
        runs.cancel(uow, run_id=run_id)
    until(lambda: state(database, run_id) is runs.RunState.CANCELLED)


def test_a_worker_told_to_stop_hands_its_run_back_at_once(database: Database, processes: Processes, tmp_path: Path):
    run_id = _enqueue(database, COUNT, Steps(steps=1000))
    worker = processes.start("worker")
    until(lambda: counter(database) > 3)
    processes.kill(worker, signal.SIGTERM)
    assert worker.returncode == 0
    assert state(database, run_id) is runs.RunState.QUEUED
    assert _detail(database, run_id).attempts[-1].outcome is runs.AttemptOutcome.RELEASED


def _workers(database: Database) -> int:
    with database.unit_of_work(ACTOR) as uow:
        return runs.workers_seen(uow).workers
