"""Breaks over runs: the same number, closed when explained, open again when it comes back; never half a run."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from sqlalchemy import text

from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.reconciliation import (
    BreakFilter,
    BreakState,
    Definition,
    Resolution,
    RunView,
    SourceKind,
    list_breaks,
    reconcile,
    resolve_break,
    sum_breaks,
)
from services.reconciliation.errors import OlderThanLastRun
from tests.factories.identity import an_entity
from tests.factories.reconciliation import DAY, Row, a_settlement, at_morning, load, some_payouts

ROOT = Path(__file__).resolve().parents[3]


def _run(
    uow: UnitOfWork,
    entity: uuid.UUID,
    definition: Definition = Definition.SETTLEMENT,
    through: dt.date | None = None,
) -> RunView:
    return reconcile(at_morning(uow), definition=definition, entity_id=entity, through=through)


def _one(uow: UnitOfWork):
    return list_breaks(at_morning(uow), filter=BreakFilter()).rows[0]


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [Row("a:charge", 500), Row("b:charge", 700)])
    load(uow, entity, SourceKind.STRIPE, [Row("b:charge", 700)])
    return entity


def test_the_same_break_keeps_its_number_and_an_unchanged_one_is_not_touched(uow: UnitOfWork, entity: uuid.UUID):
    _run(uow, entity)
    before = _one(uow)
    again = _run(uow, entity)
    assert (again.new_breaks, again.closed_breaks, again.breaks) == (0, 0, 1)
    assert _one(uow) == before


def test_a_break_changes_class_is_explained_and_comes_back_under_one_number(uow: UnitOfWork, entity: uuid.UUID):
    first = _run(uow, entity)
    number = _one(uow).number
    load(uow, entity, SourceKind.STRIPE, [Row("a:charge", 450, origin="late")])
    second = _run(uow, entity)
    assert (_one(uow).number, _one(uow).break_class, _one(uow).delta_minor) == (number, "amount", 50)
    load(uow, entity, SourceKind.STRIPE, [Row("a:charge", 500, origin="late")])
    third = _run(uow, entity)
    explained = _one(uow)
    assert (explained.state, explained.resolution, explained.closed_seq) == ("resolved", "explained", third.seq)
    assert third.closed_breaks == 1
    load(uow, entity, SourceKind.STRIPE, [Row("a:charge", 490, origin="late")])
    _run(uow, entity)
    back = _one(uow)
    assert (back.number, back.state, back.reopened, back.resolution) == (number, "open", 1, None)
    versions = uow.session.execute(
        text("SELECT since_seq, until_seq, break_class FROM recon_break_version ORDER BY since_seq")
    ).all()
    assert versions == [(first.seq, second.seq, "missing_right"), (second.seq, third.seq, "amount")]


def test_a_resolved_break_stays_so_until_its_facts_change(uow: UnitOfWork, entity: uuid.UUID):
    _run(uow, entity)
    found = _one(uow)
    resolve_break(
        at_morning(uow),
        number=found.number,
        version=found.version,
        resolution=Resolution.ACCEPTED,
        reason="Written off in the books",
    )
    run = _run(uow, entity)
    assert (_one(uow).state, run.deviation_ppm) == (BreakState.RESOLVED, 0)
    load(uow, entity, SourceKind.BOOKS, [Row("a:charge", 900, origin="books/a:charge/1")])
    _run(uow, entity)
    assert (_one(uow).state, _one(uow).reopened) == (BreakState.OPEN, 1)


def test_runs_do_not_go_back_in_time(uow: UnitOfWork, entity: uuid.UUID):
    _run(uow, entity)
    with pytest.raises(OlderThanLastRun):
        _run(uow, entity, through=DAY - dt.timedelta(days=1))


def test_the_same_input_gives_the_same_digest(uow: UnitOfWork):
    worlds = {Definition.SETTLEMENT: a_settlement(9), Definition.PAYOUTS: some_payouts(9)}
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, worlds[Definition.SETTLEMENT].left)
    load(uow, entity, SourceKind.STRIPE, worlds[Definition.SETTLEMENT].right)
    load(uow, entity, SourceKind.STRIPE_PAYOUTS, worlds[Definition.PAYOUTS].left)
    load(uow, entity, SourceKind.BANK, worlds[Definition.PAYOUTS].right)
    for definition in Definition:
        runs = [_run(uow, entity, definition) for _ in range(2)]
        assert runs[0].digest == runs[1].digest
        assert (runs[1].new_breaks, runs[1].closed_breaks) == (0, 0)
    assert uow.session.scalar(text("SELECT count(*) FROM recon_match WHERE closed_seq IS NOT NULL")) == 0


def test_taking_in_the_same_rows_again_changes_nothing(uow: UnitOfWork):
    entity, world = an_entity(uow), a_settlement(4)
    rows = [
        Row(r.key, r.minor, r.currency, r.fee, r.status, r.day, r.at, origin=f"o{n}") for n, r in enumerate(world.left)
    ]
    load(uow, entity, SourceKind.BOOKS, rows)
    again = load(uow, entity, SourceKind.BOOKS, rows)
    assert (again.new, again.changed) == (0, 0)
    rolled = uow.session.execute(text("SELECT sum(entries), sum(amount_minor) FROM recon_entry_total")).one()
    assert rolled == uow.session.execute(text("SELECT count(*), sum(amount_minor) FROM recon_entry")).one()


def test_sums_by_class_and_age_count_every_break_once(uow: UnitOfWork):
    entity, world = an_entity(uow), a_settlement(6)
    load(uow, entity, SourceKind.BOOKS, world.left)
    load(uow, entity, SourceKind.STRIPE, world.right)
    run = _run(uow, entity)
    sums = sum_breaks(at_morning(uow), filter=BreakFilter(seq=run.seq))
    assert sum(row.breaks for row in sums.classes) == run.breaks == sum(band.breaks for band in sums.ages)


_KILLED = """
import sys, uuid
from services.bootstrap import load_models
from services.core.actor import Actor
from services.core.db import Database
from services.reconciliation import Definition, reconcile
load_models()
from services.core.clock import FrozenClock
import datetime as dt
database = Database(sys.argv[1], clock=FrozenClock(dt.datetime(2026, 3, 17, 5, tzinfo=dt.UTC)))
with database.unit_of_work(Actor.system("test")) as uow:
    reconcile(uow, definition=Definition.SETTLEMENT, entity_id=uuid.UUID(sys.argv[2]))
    print("written", flush=True)
    sys.stdin.readline()
"""


def test_a_kill_in_the_middle_leaves_nothing_half_written(database: Database):
    with database.unit_of_work(Actor.system("test")) as uow:
        entity, world = an_entity(uow), a_settlement(8)
        load(uow, entity, SourceKind.BOOKS, world.left)
        load(uow, entity, SourceKind.STRIPE, world.right)
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, database.url, str(entity)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == "written"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    time.sleep(0.2)
    with database.unit_of_work(Actor.system("test")) as uow:
        for table in ("recon_run", "recon_break", "recon_total"):
            assert uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        assert (
            reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity).class_counts
            == world.counts()
        )
