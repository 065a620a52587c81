"""The clock as a real process: firings, edits without a restart, takeover."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from services import runs
from services.core.db import Database
from tests.jobs.conftest import ACTOR, Processes, until
from tests.jobs.worker_main import COUNT, Steps

SECONDLY = runs.Rule("Europe/Berlin", every_seconds=1)
RARELY = runs.Rule("Europe/Berlin", cron="0 3 1 jan *")


def _install(database: Database, rule: runs.Rule, catch_up: runs.CatchUp = runs.CatchUp.ALL) -> None:
    with database.unit_of_work(ACTOR) as uow:
        runs.install_schedule(uow, code="count", kind=COUNT, params=Steps(steps=1), rule=rule, catch_up=catch_up)


def _count(database: Database) -> int:
    with database.unit_of_work(ACTOR) as uow:
        return len(runs.list_runs(uow, kinds=[COUNT.name], limit=1000).rows)


def _clocks(database: Database) -> int:
    with database.unit_of_work(ACTOR) as uow:
        return runs.workers_seen(uow).clocks


def _exact(database: Database) -> tuple[int, int]:
    """Runs started, and firings that passed up to the watermark since the first one."""
    with database.unit_of_work(ACTOR) as uow:
        row = uow.session.execute(
            text(
                "SELECT count(*) AS started, extract(epoch FROM max(fire_at) - min(fire_at))::int + 1 AS passed"
                " FROM schedule_firing f JOIN schedule s ON s.id = f.schedule_id WHERE s.code = 'count'"
            )
        ).one()
        return row.started, row.passed


def test_another_clock_takes_over_and_no_firing_is_lost_or_doubled(database: Database, processes: Processes):
    _install(database, SECONDLY)
    leader = processes.start("clock")
    until(lambda: _count(database) >= 2)
    processes.start("clock")
    until(lambda: _clocks(database) == 2)
    processes.kill(leader)
    killed_at = _count(database)
    until(lambda: _count(database) >= killed_at + 3, seconds=8)
    started, passed = _exact(database)
    assert started == passed


def test_what_passed_while_no_clock_ran_is_caught_up_on(database: Database, processes: Processes):
    _install(database, runs.Rule("UTC", every_seconds=3600))
    with database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("UPDATE schedule SET watermark = now() - interval '5 hours'"))
    processes.start("clock")
    until(lambda: _count(database) == 5)


def test_an_edit_and_a_pause_reach_a_running_clock(database: Database, processes: Processes):
    _install(database, RARELY)
    processes.start("clock")
    until(lambda: _clocks(database) == 1)
    with database.unit_of_work(ACTOR) as uow:
        schedule = runs.schedule_named(uow, code="count")
        runs.edit_schedule(uow, schedule_id=schedule.id, version=1, rule=SECONDLY, catch_up=runs.CatchUp.ALL)
    assert until(lambda: _count(database) >= 2) < 6
    with database.unit_of_work(ACTOR) as uow:
        runs.pause_schedule(uow, schedule_id=schedule.id)
    paused_at = dt.datetime.now(dt.UTC)
    count = _count(database)
    until(lambda: dt.datetime.now(dt.UTC) > paused_at + dt.timedelta(seconds=2.5))
    assert _count(database) == count
