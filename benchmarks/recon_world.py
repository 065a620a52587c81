"""The world of the reconciliation benchmarks: records from a seed, faults in about a tenth of the joined rows.

Entries stand in the order of their key, as a first delivery writes them; the plain tables hold the same records in
the order of time with the columns a feed has, as a plain load would have them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from benchmarks.measure import Ground
from services import identity
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import Database, UnitOfWork
from services.reconciliation import Definition, RunView, SourceKind, reconcile, tidy_entries
from services.reconciliation.ingest import source_of

NOON = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
ACTOR = Actor.system("benchmark")
_CLASSES = ("missing_left", "missing_right", "amount", "currency", "status", "fee", "duplicate", "timing")

# Per mille of each class; what is left agrees. The hash of (seed, n) decides, so a seed is a world.
_WORLD = """
CREATE TABLE bench_event AS
SELECT n, 'ch_' || substr(md5({seed} || '/' || n), 1, 24) AS key,
       100 + (hashint8(n * 31 + {seed}) & 1048575) % 90000 AS amount,
       (ARRAY['EUR', 'EUR', 'EUR', 'CHF', 'USD'])[1 + (hashint8(n * 17 + {seed}) & 1048575) % 5] AS code,
       timestamptz '2026-02-10' + make_interval(secs => n * 2000000.0 / {rows}) AS at,
       (hashint8(n * 13 + {seed}) & 1048575) % {of} AS draw
FROM generate_series(1, {rows}) n
"""
_ENTRIES = """
INSERT INTO recon_entry (source_id, ext_key, occurrence, amount_minor, currency, fee_minor, status, occurred_at,
                         booked_on, origin, account, changed_seq)
SELECT {source}, key, 0, amount + CASE WHEN {left} AND draw BETWEEN 20 AND 29 THEN 7 ELSE 0 END,
       CASE WHEN {left} AND draw BETWEEN 30 AND 39 THEN 'GBP' ELSE code END,
       amount / 60 + 25 + CASE WHEN {left} AND draw BETWEEN 50 AND 59 THEN 3 ELSE 0 END,
       CASE WHEN {left} AND draw BETWEEN 40 AND 49 THEN 'pending' ELSE 'succeeded' END,
       at + CASE WHEN {left} AND draw BETWEEN 70 AND 79 THEN interval '5 days' ELSE interval '0' END
          + CASE WHEN {left} THEN make_interval(secs => draw % 90) ELSE interval '0' END,
       (at + CASE WHEN {left} AND draw BETWEEN 70 AND 79 THEN interval '5 days' ELSE interval '0' END)::date,
       'o' || n, 'main', n
FROM bench_event WHERE NOT draw BETWEEN {gone} AND {gone} + 9 ORDER BY key
"""
_TWICE = """
INSERT INTO recon_entry (source_id, ext_key, occurrence, amount_minor, currency, fee_minor, status, occurred_at,
                         booked_on, origin, account, changed_seq)
SELECT source_id, ext_key, 1, amount_minor, currency, fee_minor, status, occurred_at, booked_on, origin || 'b', account,
       changed_seq
FROM recon_entry JOIN bench_event ON key = ext_key WHERE source_id = :source AND draw BETWEEN 60 AND 69
"""
_TOTALS = """
INSERT INTO recon_entry_total (source_id, booked_on, currency, entries, amount_minor)
SELECT source_id, booked_on, currency, count(*), sum(amount_minor) FROM recon_entry GROUP BY 1, 2, 3
"""
_STATUSES = """
INSERT INTO recon_status (code, status) SELECT DISTINCT hashtextextended(status, 0), status FROM recon_entry
"""
_PLAIN = """
CREATE TABLE bench_{side} AS
SELECT row_number() OVER (ORDER BY occurred_at) AS id, ext_key AS ext_id, amount_minor AS amount, currency, occurred_at,
       fee_minor AS fee, status, 'po_1' || md5(booked_on::text) AS payout_id,
       occurred_at + interval '1 minute' AS updated_at, 'Order #' || changed_seq AS descr
FROM recon_entry WHERE source_id = {source} ORDER BY occurred_at
"""
_TABLES = ("bench_left", "bench_right", "bench_left_once", "bench_right_once")
_RESULTS = (
    "recon_allocation",
    "recon_match_member",
    "recon_match",
    "recon_comment",
    "recon_evidence",
    "recon_adjustment",
    "recon_break_version",
    "recon_break",
    "recon_fold",
    "recon_day_drift",
    "recon_signature",
    "recon_expected",
    "recon_total",
    "recon_period",
    "recon_run_part",
    "recon_run",
)


@dataclass(frozen=True)
class World:
    database: Database
    entity: uuid.UUID
    truth: dict[str, int]
    others: tuple[uuid.UUID, ...]

    @property
    def uri(self) -> str:
        """The server's address as other tools want it."""
        return self.database.url.replace("postgresql+psycopg", "postgresql")

    @property
    def address(self) -> str:
        return self.uri


def build(on: Ground, rows: int, seed: int, *, of: int = 1000, plain: bool = True) -> World:
    """Both sides as entries and as plain tables, vacuumed; the truth is counted from what was drawn.

    Ten records of each class differ in `of`; the plain tables, which peers read, are left out unless `plain`. What an
    earlier call left in a kept folder is taken as it stands.
    """
    database = Database(on.database.url, clock=FrozenClock(NOON))
    with database.engine.begin() as connection:
        made = connection.scalar(text("SELECT to_regclass('bench_event') IS NOT NULL"))
    if not made:
        _make(database, rows, seed, of=of, plain=plain)
    with database.engine.begin() as connection:
        named = dict(connection.execute(text("SELECT code, id FROM legal_entity WHERE code LIKE 'bench%'")).all())
        drawn = dict(connection.execute(text("SELECT draw / 10, count(*) FROM bench_event GROUP BY 1")).all())
    truth = {name: drawn.get(number, 0) for number, name in enumerate(_CLASSES)}
    return World(database, named["bench"], truth, tuple(named[f"bench-{n}"] for n in range(3)))


def _make(database: Database, rows: int, seed: int, *, of: int, plain: bool) -> None:
    with database.unit_of_work(ACTOR) as uow:
        entity = identity.create_legal_entity(
            uow, code="bench", name="Bench", country="DE", currency="EUR", time_zone="Europe/Berlin"
        )
        for n in range(3):
            identity.create_legal_entity(
                uow, code=f"bench-{n}", name="Bench", country="DE", currency="EUR", time_zone="Europe/Berlin"
            )
        left, right = (source_of(uow, entity_id=entity, kind=k).id for k in (SourceKind.BOOKS, SourceKind.STRIPE))
        execute(uow, _WORLD.format(seed=int(seed), rows=int(rows), of=int(of)))
        execute(uow, _ENTRIES.format(source=left, left=True, gone=0))
        execute(uow, _ENTRIES.format(source=right, left=False, gone=10))
        execute(uow, _TWICE, source=left)
        execute(uow, _TOTALS)
        execute(uow, _STATUSES)
        for side, source in (("left", left), ("right", right)) if plain else ():
            execute(uow, _PLAIN.format(side=side, source=source))
            execute(uow, f"CREATE TABLE bench_{side}_once AS SELECT DISTINCT ON (ext_id) * FROM bench_{side}")
            execute(uow, f"ALTER TABLE bench_{side}_once ADD PRIMARY KEY (ext_id)")
    tidy_entries(database)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _TABLES if plain else ():
            connection.execute(text(f"VACUUM (ANALYZE, FREEZE) {table}"))


def run(world: World) -> RunView:
    """One run of settlement, as a worker does it."""
    with world.database.unit_of_work(ACTOR) as uow:
        return reconcile(uow, definition=Definition.SETTLEMENT, entity_id=world.entity)


def execute(uow: UnitOfWork, statement: str, **values: Any) -> None:
    uow.session.execute(text(statement), values)


def forget(database: Database) -> None:
    """Empties the results; their triggers, which refuse that, are off for the moment."""
    with database.engine.begin() as connection:
        for table in _RESULTS:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.exec_driver_sql(f"TRUNCATE {', '.join(_RESULTS)}, recon_dirty")
        connection.exec_driver_sql("UPDATE recon_source SET all_dirty = true")
