"""Firing: once per firing and per local day, catch-up recorded, edits and pauses."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from services import runs
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from tests.services.runs.kinds import PLAIN, Params

UTC = dt.UTC
START = dt.datetime(2027, 10, 29, 12, tzinfo=UTC)
runs.declare(PLAIN)


def _install(uow: UnitOfWork, rule: runs.Rule, catch_up: runs.CatchUp = runs.CatchUp.ALL) -> uuid.UUID:
    runs.install_schedule(uow, code="nightly", kind=PLAIN, params=Params(), rule=rule, catch_up=catch_up)
    uow.session.execute(text("UPDATE schedule SET watermark = :start"), {"start": START})
    return runs.schedule_named(uow, code="nightly").id


def _started(uow: UnitOfWork) -> int:
    return runs.count_runs(uow)[runs.RunState.QUEUED]


def test_each_firing_starts_one_run_however_often_it_is_asked(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("Europe/Berlin", every_seconds=3600))
    for minutes in (0, 0, 30, 60, 60, 125, 100):
        coming = runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(minutes=minutes))
    assert _started(uow) == 2
    assert coming == START + dt.timedelta(hours=3)


def test_racing_clocks_start_each_run_once(database: Database):
    actor = Actor.system("test")
    with database.unit_of_work(actor) as uow:
        schedule_id = _install(uow, runs.Rule("UTC", every_seconds=60))

    def fire(_: int) -> None:
        with database.unit_of_work(actor) as uow:
            runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(minutes=30))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(fire, range(12)))
    with database.unit_of_work(actor) as uow:
        assert _started(uow) == 30


def test_even_a_lost_watermark_doubles_nothing(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=60))
    for _ in range(2):
        runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(minutes=5))
        uow.session.execute(text("UPDATE schedule SET watermark = :start"), {"start": START})
    assert _started(uow) == 5


def test_moving_the_hour_of_a_daily_schedule_does_not_fire_twice_that_day(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("Europe/Berlin", daily_at=dt.time(15)))
    runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(hours=2))
    version = runs.schedule_named(uow, code="nightly").version
    later = runs.Rule("Europe/Berlin", daily_at=dt.time(18))
    runs.edit_schedule(uow, schedule_id=schedule_id, version=version, rule=later, catch_up=runs.CatchUp.ALL)
    uow.session.execute(text("UPDATE schedule SET watermark = :at"), {"at": START + dt.timedelta(hours=2)})
    runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(hours=8))
    assert _started(uow) == 1
    runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(hours=32))
    assert _started(uow) == 2


@pytest.mark.parametrize(
    ("catch_up", "started", "skipped"),
    [(runs.CatchUp.ALL, 48, 0), (runs.CatchUp.LAST, 1, 47), (runs.CatchUp.SKIP, 1, 47)],
)
def test_two_days_without_a_clock(uow: UnitOfWork, catch_up: runs.CatchUp, started: int, skipped: int):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=3600), catch_up)
    runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(days=2))
    assert _started(uow) == started
    recorded = uow.session.execute(
        text("SELECT coalesce(sum(count), 0) FROM schedule_firing WHERE outcome = 'skipped'")
    )
    assert recorded.scalar_one() == skipped


def test_a_long_backlog_is_caught_up_in_pieces(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=60))
    now = START + dt.timedelta(minutes=700)
    coming = runs.fire_due(uow, schedule_id=schedule_id, now=now)
    assert coming is not None
    assert coming < now
    runs.fire_due(uow, schedule_id=schedule_id, now=now)
    assert _started(uow) == 700


def test_a_paused_schedule_starts_nothing_and_what_passed_is_recorded_as_skipped(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=3600))
    runs.pause_schedule(uow, schedule_id=schedule_id, reason="Maintenance")
    assert runs.fire_due(uow, schedule_id=schedule_id, now=START + dt.timedelta(hours=3)) is None
    assert runs.schedule_named(uow, code="nightly").coming == ()
    uow.session.execute(text("UPDATE schedule SET watermark = now() - interval '3 hours'"))
    runs.resume_schedule(uow, schedule_id=schedule_id)
    view = runs.schedule_named(uow, code="nightly")
    assert (_started(uow), view.latest[0].outcome, view.latest[0].count) == (0, runs.FiringOutcome.SKIPPED, 3)
    assert len(view.coming) == 5


def test_a_stale_edit_is_a_conflict(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=3600))
    rule = runs.Rule("UTC", every_seconds=60)
    runs.edit_schedule(uow, schedule_id=schedule_id, version=1, rule=rule, catch_up=runs.CatchUp.ALL)
    with pytest.raises(runs.StaleSchedule):
        runs.edit_schedule(uow, schedule_id=schedule_id, version=1, rule=rule, catch_up=runs.CatchUp.ALL)


def test_a_schedule_is_laid_down_once_and_edits_stay(uow: UnitOfWork):
    schedule_id = _install(uow, runs.Rule("UTC", every_seconds=3600))
    rule = runs.Rule("UTC", every_seconds=60)
    runs.edit_schedule(uow, schedule_id=schedule_id, version=1, rule=rule, catch_up=runs.CatchUp.ALL)
    _install(uow, runs.Rule("UTC", every_seconds=3600))
    assert runs.schedule_named(uow, code="nightly").every_seconds == 60
