"""Claims: limits, fairness, races over separate connections, the fence, lost workers."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import text

from services import runs
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from tests.services.runs.kinds import OTHER, PLAIN, WIDE, Params

ACTOR = Actor.system("test")


@pytest.fixture
def worker(database: Database) -> Iterator[uuid.UUID]:
    session = runs.ProcessSession(database, role=runs.WorkerRole.WORKER, concurrency=9, channels=[runs.RUN_CHANNEL])
    with closing(session):
        yield session.id


def _queue(database: Database, kind: runs.RunKind, count: int = 1) -> list[uuid.UUID]:
    with database.unit_of_work(ACTOR) as uow:
        return [runs.enqueue(uow, kind=kind, params=Params(number=n)) for n in range(count)]


def _claim(database: Database, worker: uuid.UUID, *kinds: runs.RunKind, count: int = 1) -> list[runs.Claim]:
    limits = {kind.name: kind.concurrency for kind in kinds}
    with database.unit_of_work(ACTOR) as uow:
        return runs.claim_runs(uow, worker_id=worker, limits=limits, count=count, lease_seconds=10)


def _succeed(database: Database, claim: runs.Claim) -> None:
    with database.unit_of_work(ACTOR) as uow:
        runs.succeed(uow, claim=claim, result={})


def test_racing_claims_never_hand_out_a_run_twice_or_pass_the_limit(database: Database, worker: uuid.UUID):
    queued = _queue(database, WIDE, 60)
    _queue(database, PLAIN, 20)
    with ThreadPoolExecutor(8) as pool:
        claims = [
            c for batch in pool.map(lambda _: _claim(database, worker, WIDE, PLAIN, count=8), range(12)) for c in batch
        ]
    counted = Counter(claim.kind for claim in claims)
    assert len({claim.id for claim in claims}) == len(claims)
    assert counted == {"tests.wide": len(queued), "tests.plain": PLAIN.concurrency}


def test_a_lower_priority_goes_first_within_a_kind_and_then_the_older(database: Database, worker: uuid.UUID):
    with database.unit_of_work(ACTOR) as uow:
        late, early, urgent = (
            runs.enqueue(uow, kind=WIDE, params=Params(), priority=priority) for priority in (20, 10, 1)
        )
    assert [claim.id for claim in _claim(database, worker, WIDE, count=3)] == [urgent, early, late]


def test_a_flood_of_one_kind_does_not_starve_another(database: Database, worker: uuid.UUID):
    _queue(database, OTHER, 200)
    single = _claim(database, worker, OTHER, PLAIN)[0]
    (waiting,) = _queue(database, PLAIN)
    _succeed(database, single)
    assert _claim(database, worker, OTHER, PLAIN)[0].id == waiting


def test_a_run_is_taken_by_its_successor_only_after_those_before_it_succeeded(database: Database, worker: uuid.UUID):
    with database.unit_of_work(ACTOR) as uow:
        first = runs.enqueue(uow, kind=PLAIN, params=Params())
        runs.enqueue(uow, kind=PLAIN, params=Params(), after=[first])
    claims = _claim(database, worker, PLAIN, count=2)
    assert [claim.id for claim in claims] == [first]
    _succeed(database, claims[0])
    assert len(_claim(database, worker, PLAIN, count=2)) == 1


def test_nothing_of_an_older_epoch_is_written(database: Database, worker: uuid.UUID):
    _queue(database, PLAIN)
    (old,) = _claim(database, worker, PLAIN)
    _expire(database)
    assert _collect(database) == 1
    (new,) = _claim(database, worker, PLAIN)
    assert (new.id, new.epoch) == (old.id, old.epoch + 1)
    late: list[tuple[str, dict[str, object]]] = [
        ("fence", {"lease_seconds": 10, "memory": {"step": 9}}),
        ("succeed", {"result": {}}),
        ("note_progress", {"done": 1, "total": 2, "phase": None}),
        ("hand_back", {}),
    ]
    for name, arguments in late:
        with pytest.raises(runs.LeaseLost), database.unit_of_work(ACTOR) as uow:
            getattr(runs, name)(uow, claim=old, **arguments)
    with database.unit_of_work(ACTOR) as uow:
        runs.write_log(uow, claim=old, event="too.late", fields={})
        assert runs.run_log(uow, run_id=old.id) == []
        assert runs.run_detail(uow, run_id=old.id).memory == {}
    _succeed(database, new)


def test_a_worker_that_signs_off_leaves_its_runs_to_others(database: Database):
    _queue(database, PLAIN)
    session = runs.ProcessSession(database, role=runs.WorkerRole.WORKER, concurrency=1, channels=[])
    (claim,) = _claim(database, session.id, PLAIN)
    assert _collect(database) == 0
    session.close()
    assert _collect(database) == 1
    with database.unit_of_work(ACTOR) as uow:
        detail = runs.run_detail(uow, run_id=claim.id)
        assert runs.workers_seen(uow).workers == 0
    assert detail.run.state is runs.RunState.QUEUED
    assert detail.attempts[0].outcome is runs.AttemptOutcome.LOST


def test_a_run_that_takes_its_workers_with_it_becomes_a_dead_letter(database: Database, worker: uuid.UUID):
    (run_id,) = _queue(database, PLAIN)
    for _ in range(10):
        assert len(_claim(database, worker, PLAIN)) == 1
        _expire(database)
        _collect(database)
    with database.unit_of_work(ACTOR) as uow:
        assert runs.run_detail(uow, run_id=run_id).run.state is runs.RunState.DEAD
        runs.retry(uow, run_id=run_id)
    assert len(_claim(database, worker, PLAIN)) == 1


def test_a_heartbeat_tells_the_wish_and_keeps_only_what_is_named(database: Database, worker: uuid.UUID):
    first, second = _queue(database, PLAIN, 2)
    _claim(database, worker, PLAIN, count=2)
    with database.unit_of_work(ACTOR) as uow:
        runs.pause(uow, run_id=first)
    with database.unit_of_work(ACTOR) as uow:
        wishes = runs.heartbeat(uow, worker_id=worker, holding=[first], lease_seconds=10)
    assert wishes == {first: (1, runs.Desired.PAUSE)}
    assert second not in wishes


@pytest.mark.parametrize(
    ("wishes", "reached", "outcome"),
    [
        ([], runs.RunState.QUEUED, runs.AttemptOutcome.RELEASED),
        (["pause"], runs.RunState.PAUSED, runs.AttemptOutcome.PAUSED),
        (["pause", "resume"], runs.RunState.QUEUED, runs.AttemptOutcome.RELEASED),
        (["pause", "cancel"], runs.RunState.CANCELLED, runs.AttemptOutcome.CANCELLED),
    ],
)
def test_a_run_given_up_goes_where_people_want_it_by_then(
    database: Database, worker: uuid.UUID, wishes: list[str], reached: runs.RunState, outcome: runs.AttemptOutcome
):
    _queue(database, PLAIN)
    (claim,) = _claim(database, worker, PLAIN)
    for wish in wishes:
        with database.unit_of_work(ACTOR) as uow:
            getattr(runs, wish)(uow, run_id=claim.id)
    with database.unit_of_work(ACTOR) as uow:
        assert runs.hand_back(uow, claim=claim) is reached
        detail = runs.run_detail(uow, run_id=claim.id)
    assert (detail.run.state, detail.attempts[0].outcome) == (reached, outcome)


def test_progress_gives_rate_and_time_left(uow: UnitOfWork, database: Database, worker: uuid.UUID):
    (run_id,) = _queue(database, PLAIN)
    (claim,) = _claim(database, worker, PLAIN)
    with database.unit_of_work(ACTOR) as own:
        runs.note_progress(own, claim=claim, done=0, total=100, phase="rows")
        own.session.execute(text("UPDATE run SET phase_at = phase_at - interval '10 s'"))
        runs.note_progress(own, claim=claim, done=50, total=100, phase="rows")
        progress = runs.run_detail(own, run_id=run_id).run.progress
    assert progress is not None
    assert progress.rate == pytest.approx(5, rel=0.1)
    assert progress.seconds_left == pytest.approx(10, abs=1)


def _expire(database: Database) -> None:
    with database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("UPDATE run SET lease_until = now() - interval '1 s' WHERE state = 'running'"))


def _collect(database: Database) -> int:
    with database.unit_of_work(ACTOR) as uow:
        return runs.collect_lost(uow)
