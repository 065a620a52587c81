"""Backfills that add one to each row, under killed and frozen workers and a database that is stopped.

One works in the console's own database, one in another whose transactions cannot join: both have to be exact.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from services import approvals, backfills, runs
from services.backfills import BackfillState
from services.bootstrap import wire
from services.core.db import Database
from services.core.errors import DatabaseUnavailable
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Workshop, fill_coins
from tests.faults.ground import Ground, ground, until
from tests.faults.postgres import wait_for_the_end

ROWS = 120_000
_ENDED = {BackfillState.AWAITING_SIGNOFF, BackfillState.CANCELLED}


def storm(folder: Path, kills: int, chance: random.Random, *, pg_stops: int = 0, freezes: int = 0) -> dict[str, Any]:
    """Every row has to be one more afterwards: none twice, none left out, though `+ 1` is not idempotent.

    Both tables are changed again and again until all faults have struck, each at work on a batch; each time must come
    out exact.
    """
    deeds = ["kill"] * kills + ["stop"] * pg_stops + ["freeze"] * freezes
    chance.shuffle(deeds)
    wire()
    with ground(folder) as laid:
        workshop = Workshop(laid.database, ROWS)
        shop = _Shop(laid)
        workers = [_start(laid, shop) for _ in range(2)]
        until(lambda: _alive(laid) == 2, seconds=120)
        rounds, frozen = 0, 0
        while deeds:
            made = [_agreed(workshop, name) for name in ("tests.plus_one", "tests.abroad")]
            rounds += 1
            while deeds and not _ended(workshop, made):
                _until_at_work(workshop, made)
                time.sleep(chance.uniform(0.0, 0.3))
                frozen += _strike(laid, shop, workers, deeds.pop(), chance)
            until(lambda made=made: _ended(workshop, made), seconds=600)
        result = _tally(laid, shop, rounds)
    return {"kills": kills, "pg_stops": pg_stops, "freezes": frozen, "rounds": rounds, **result}


class _Shop:
    """The other database, with coins of its own, on the same server: a stop hits both."""

    def __init__(self, laid: Ground) -> None:
        url = laid.postgres.url
        with create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE shop"))
        self.database = Database(url.replace("/kontor?", "/shop?"))
        with self.database.unit_of_work(ACTOR) as uow:
            fill_coins(uow.session.connection(), ROWS)
        self.dsn = self.database.url.replace("postgresql+psycopg", "postgresql")
        backfills.know_targets({"shop": backfills.TargetAddress(self.dsn)})

    @property
    def setting(self) -> str:
        return json.dumps({"shop": {"dsn": self.dsn}})


def _until_at_work(workshop: Workshop, made: list[uuid.UUID]) -> None:
    """Until another batch has committed, so that a fault meets work; at most for half a minute."""
    before, deadline = _batches(workshop), time.monotonic() + 30
    while _batches(workshop) == before and time.monotonic() < deadline and not _ended(workshop, made):
        time.sleep(0.02)


def _batches(workshop: Workshop) -> int:
    try:
        return workshop.sql("SELECT count(*) FROM kontor_backfill.batch")[0][0]
    except (DatabaseUnavailable, ProgrammingError):
        return -1


def _start(laid: Ground, shop: _Shop) -> Any:
    return laid.start("tests.faults.coins", "worker", "--concurrency", "2", KONTOR_BACKFILLS__TARGETS=shop.setting)


def _alive(laid: Ground) -> int:
    with laid.database.unit_of_work(ACTOR) as uow:
        return runs.workers_seen(uow).workers


def _agreed(workshop: Workshop, definition: str) -> uuid.UUID:
    """A backfill that started; small batches, so that a fault meets many of them."""
    made = workshop.call("Dev", backfills.draft, definition=definition)
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    until(lambda: workshop.see(made).backfill.state is BackfillState.DRY_RUN_READY, seconds=120)
    asked: approvals.RequestView = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, asked))
    workshop.call("Ops", backfills.set_pace, backfill_id=made, pace=backfills.Pace.SLOW)
    workshop.call("Ops", backfills.start, backfill_id=made)
    return made


def _ended(workshop: Workshop, made: list[uuid.UUID]) -> bool:
    """A run that lost its worker too often is given up; its backfill is resumed, as a person would."""
    try:
        states = {one: workshop.see(one).backfill.state for one in made}
        for one, found in states.items():
            if found is BackfillState.FAILED:
                workshop.call("Ops", backfills.resume, backfill_id=one)
        return all(found in _ENDED for found in states.values())
    except DatabaseUnavailable:
        return False


def _strike(laid: Ground, shop: _Shop, workers: list[Any], deed: str, chance: random.Random) -> int:
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
        workers[victim] = _start(laid, shop)
    return 0


_COINS = """
    SELECT count(*) FILTER (WHERE touched < :rounds) AS lost, count(*) FILTER (WHERE touched > :rounds) AS doubled,
           count(*) FILTER (WHERE amount_minor <> 100 + (id - id / 4) % 7 + :rounds) AS wrong,
           (SELECT count(*) FROM (
               SELECT after_key IS DISTINCT FROM lag(to_key) OVER (PARTITION BY backfill ORDER BY number) AS apart
               FROM kontor_backfill.batch) b WHERE apart) AS gaps,
           (SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE c.relname = 'coin' AND l.pid <> pg_backend_pid()
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS locks_left
    FROM coin
"""
_WORK = """
    SELECT (SELECT count(*) FROM kontor_backfill.batch) AS batches,
           (SELECT count(*) FROM (SELECT DISTINCT backfill, epoch FROM kontor_backfill.batch) e) AS epochs,
           (SELECT count(*) FROM run_attempt WHERE outcome = 'lost') AS fenced,
           (SELECT count(*) FROM backfill WHERE state <> 'awaiting_finance_signoff') AS not_verified
"""


def _tally(laid: Ground, shop: _Shop, rounds: int) -> dict[str, Any]:
    """`lost` and `doubled` rows of both tables, gaps between batches, locks left; `fenced` attempts lost their run."""
    found: dict[str, Any] = {}
    for database in (laid.database, shop.database):
        with database.unit_of_work(ACTOR) as uow:
            row = uow.session.execute(text(_COINS), {"rounds": rounds}).one()
        for name, value in row._mapping.items():
            found[name] = found.get(name, 0) + value
    with laid.database.unit_of_work(ACTOR) as uow:
        found |= uow.session.execute(text(_WORK)).one()._mapping
    shop.database.dispose()
    found["lost"] += found.pop("wrong") + found["gaps"] + found.pop("not_verified") + found["locks_left"]
    return {"rows": 2 * ROWS, **found}
