"""A backfill that adds one to each row, under killed and frozen workers and a database that is stopped."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services import approvals, backfills, runs
from services.backfills import BackfillState
from services.bootstrap import wire
from services.core.errors import DatabaseUnavailable
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Workshop
from tests.faults.ground import Ground, ground, until
from tests.faults.postgres import wait_for_the_end

ROWS = 120_000
_ENDED = {BackfillState.AWAITING_SIGNOFF, BackfillState.FAILED, BackfillState.CANCELLED}


def storm(folder: Path, kills: int, chance: random.Random, *, pg_stops: int = 0, freezes: int = 0) -> dict[str, Any]:
    """Every row has to be one more afterwards: none twice, none left out, though `+ 1` is not idempotent.

    The table is changed again and again until all faults have struck; each time must come out exact.
    """
    deeds = ["kill"] * kills + ["stop"] * pg_stops + ["freeze"] * freezes
    chance.shuffle(deeds)
    wire()
    with ground(folder) as laid:
        workshop = Workshop(laid.database, ROWS)
        workers = [_start(laid) for _ in range(2)]
        until(lambda: _alive(laid) == 2, seconds=120)
        rounds, frozen = 0, 0
        while deeds:
            made = _agreed(workshop)
            rounds += 1
            while deeds and not _ended(workshop, made):
                time.sleep(chance.uniform(0.1, 0.6))
                frozen += _strike(laid, workers, deeds.pop(), chance)
            until(lambda made=made: _ended(workshop, made), seconds=300)
        result = _tally(laid, rounds)
    return {"kills": kills, "pg_stops": pg_stops, "freezes": frozen, "rounds": rounds, **result}


def _start(laid: Ground) -> Any:
    return laid.start("tests.faults.coins", "worker", "--concurrency", "2")


def _alive(laid: Ground) -> int:
    with laid.database.unit_of_work(ACTOR) as uow:
        return runs.workers_seen(uow).workers


def _agreed(workshop: Workshop) -> uuid.UUID:
    """A backfill that started; small batches, so that a fault meets many of them."""
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one")
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    until(lambda: workshop.see(made).backfill.state is BackfillState.DRY_RUN_READY, seconds=120)
    asked: approvals.RequestView = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, asked))
    workshop.call("Ops", backfills.set_pace, backfill_id=made, pace=backfills.Pace.SLOW)
    workshop.call("Ops", backfills.start, backfill_id=made)
    return made


def _ended(workshop: Workshop, made: uuid.UUID) -> bool:
    try:
        return workshop.see(made).backfill.state in _ENDED
    except DatabaseUnavailable:
        return False


def _strike(laid: Ground, workers: list[Any], deed: str, chance: random.Random) -> int:
    """One fault; returns 1 when it was a freeze."""
    victim = chance.randrange(len(workers))
    if deed == "stop":
        pid = int((laid.postgres.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_for_the_end(pid)
        laid.postgres.start()
    elif deed == "freeze":
        os.kill(workers[victim].pid, signal.SIGSTOP)
        time.sleep(chance.uniform(4.0, 6.0))  # longer than a lease: another worker takes over
        os.kill(workers[victim].pid, signal.SIGCONT)
        return 1
    else:
        laid.kill(workers[victim])
        workers[victim] = _start(laid)
    return 0


def _tally(laid: Ground, rounds: int) -> dict[str, Any]:
    with laid.database.unit_of_work(ACTOR) as uow:
        row = uow.session.execute(
            text(
                "SELECT count(*) FILTER (WHERE touched < :rounds) AS lost,"
                " count(*) FILTER (WHERE touched > :rounds) AS doubled,"
                " count(*) FILTER (WHERE amount_minor <> 100 + (id - id / 4) % 7 + :rounds) AS wrong,"
                " (SELECT count(*) FROM (SELECT after_key IS DISTINCT FROM lag(to_key) OVER"
                "   (PARTITION BY backfill ORDER BY number) AS apart FROM kontor_backfill.batch) b WHERE apart)"
                " AS gaps,"
                " (SELECT count(*) FROM kontor_backfill.batch) AS batches,"
                " (SELECT count(DISTINCT epoch) FROM kontor_backfill.batch) AS epochs,"
                " (SELECT count(*) FROM backfill WHERE state <> 'awaiting_finance_signoff') AS not_verified,"
                " (SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'coin'"
                "   AND l.pid <> pg_backend_pid()) AS locks_left FROM coin"
            ),
            {"rounds": rounds},
        ).one()
    found = {**row._mapping}
    found["lost"] += found.pop("wrong") + found.pop("gaps") + found.pop("not_verified") + found["locks_left"]
    return {"rows": ROWS, **found}
