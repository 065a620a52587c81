"""`python -m tests.faults.nights CODE SEED NIGHTS SIZE MARK`: night by night, from where it was left.

Each night is taken in, reconciled and signed.

What is done stands in the database alone, so that whoever starts it again goes on where the last one was killed.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import uuid
from pathlib import Path

from sqlalchemy import text

from services.bootstrap import wire
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import Database, UnitOfWork
from services.reconciliation import Definition, SourceKind, reconcile, sign_off
from tests.factories.identity import acting_as
from tests.factories.reconciliation import DAY, MORNING_AFTER, Row, load

ACTOR = Actor.system("nights")
ADA, BEN = "ada@example.com", "ben@example.com"
KINDS = (SourceKind.BOOKS, SourceKind.STRIPE)
_ENTITY = text("SELECT id FROM legal_entity WHERE code = :code")
_WATERMARK = text("SELECT coalesce(max(watermark), 0) FROM recon_source WHERE entity_id = :entity AND kind = :kind")
_RUNS = text("SELECT id FROM recon_run WHERE entity_id = :entity ORDER BY seq")
_SIGNED = text(
    "SELECT count(*) FROM recon_period WHERE entity_id = :entity AND state = 'signed_off' AND span = 'day' "
    "AND first_day = :day"
)


def delivery(seed: int, night: int, kind: SourceKind, size: int) -> list[Row]:
    """What a feed delivers for a night: new records, some that differ on one side, and changes of records of before."""
    chance = random.Random(f"{seed}/{night}/{kind}")
    shared = random.Random(f"{seed}/{night}")
    day = DAY + dt.timedelta(days=night)
    rows = []
    for number in range(size):
        minor = shared.randrange(100, 90_000)
        if chance.random() < 0.01:
            continue
        minor += 7 * (chance.random() < 0.01)
        key = f"ch_{night:03d}_{number:06d}:charge"
        rows.append(Row(key, minor, fee=25, day=day, origin=f"{kind}/{key}"))
    return rows


def work(database: Database, code: str, seed: int, nights: int, size: int) -> None:
    """Every step that is not done yet, each in a transaction of its own."""
    with database.unit_of_work(ACTOR) as uow:
        entity = uow.session.execute(_ENTITY, {"code": code}).scalar_one()
    seen = dict.fromkeys(KINDS, 0)
    for night in range(nights):
        for kind in KINDS:
            rows = delivery(seed, night, kind, size)
            seen[kind] += len(rows)
            with database.unit_of_work(ACTOR) as uow:
                if uow.session.execute(_WATERMARK, {"entity": entity, "kind": kind.value}).scalar_one() < seen[kind]:
                    load(uow, entity, kind, rows)
        _night(database, entity, night)


def _night(database: Database, entity: uuid.UUID, night: int) -> None:
    with database.unit_of_work(ACTOR) as uow:
        if len(uow.session.execute(_RUNS, {"entity": entity}).all()) <= night:
            reconcile(_as(uow, ADA, night), definition=Definition.SETTLEMENT, entity_id=entity)
    with database.unit_of_work(ACTOR) as uow:
        day = DAY + dt.timedelta(days=night)
        if not uow.session.execute(_SIGNED, {"entity": entity, "day": day}).scalar_one():
            run = uow.session.execute(_RUNS, {"entity": entity}).scalars().all()[night]
            sign_off(_as(uow, BEN, night), run_id=run, reason="Open items are known and followed up")


def _as(uow: UnitOfWork, email: str, night: int) -> UnitOfWork:
    clock = FrozenClock(MORNING_AFTER + dt.timedelta(days=night))
    return acting_as(UnitOfWork(uow.session, uow.actor, clock, uow.request_id), email)


def main() -> None:
    code, seed, nights, size, mark = sys.argv[1:]
    wire()
    database = Database(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    Path(mark).touch()
    work(database, code, int(seed), int(nights), int(size))
    database.dispose()


if __name__ == "__main__":
    main()
