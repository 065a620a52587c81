"""Entries: the one form in which both sides of every comparison are kept, taken in incrementally from their rooms."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, column, insert, select, table, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services import bank, books, payments
from services.core.db import Database, UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Source
from services.reconciliation.vocabulary import SIDES, SourceKind

_FEEDS: dict[SourceKind, Callable[[int], Select[Any]]] = {
    SourceKind.BOOKS: lambda after: books.ledger_entries(after_seq=after),
    SourceKind.STRIPE: lambda after: payments.settlement_entries(after_seq=after),
    SourceKind.STRIPE_PAYOUTS: lambda after: payments.payout_entries(after_seq=after),
    SourceKind.BANK: lambda after: bank.line_entries(after_seq=after),
}

_COLUMNS = (
    "ext_key, amount_minor, currency, fee_minor, status, occurred_at, booked_on, reference, batch_ref, origin, "
    "account, changed_seq"
)
_INCOMING = f"""
CREATE TEMP TABLE recon_incoming ON COMMIT DROP AS
    SELECT {_COLUMNS} FROM recon_entry WITH NO DATA
"""

_FACTS = ("amount_minor", "currency", "fee_minor", "status", "occurred_at", "booked_on", "reference", "batch_ref")
_OF = {name: ", ".join(f"{name}.{fact}" for fact in _FACTS) for name in ("e", "i", "excluded")}
_TAKEN = ", ".join(f"{fact} = excluded.{fact}" for fact in (*_FACTS, "changed_seq"))

# What the source holds already is left out at once; the rest knows the occurrence it was first given, if any.
_FRESH = f"""
CREATE TEMP TABLE recon_fresh ON COMMIT DROP AS
SELECT i.*, e.occurrence AS known, e.booked_on AS known_on, e.late_from FROM recon_incoming i
LEFT JOIN recon_entry e ON e.source_id = {{source}} AND e.ext_key = i.ext_key AND e.origin = i.origin
WHERE e.ext_key IS NULL OR (
    {_OF["e"].replace("e.booked_on", "coalesce(e.late_from, e.booked_on)")}) IS DISTINCT FROM ({_OF["i"]})
"""
# A late entry stays on the day it was moved to, whatever else of it changes.
_STAY = "UPDATE recon_fresh SET booked_on = known_on WHERE late_from = booked_on"
# Closed days take no change: it is held back, and taken in when its period is opened again.
_HELD = """
WITH held AS (
    DELETE FROM recon_fresh WHERE known IS NOT NULL AND late_from IS NULL
      AND (known_on <@ CAST(:closed AS datemultirange) OR booked_on <@ CAST(:closed AS datemultirange)) RETURNING *
)
INSERT INTO recon_late (source_id, ext_key, origin, belongs_to, amount_minor, currency, status)
SELECT :source, ext_key, origin, known_on, amount_minor, currency, status FROM held ON CONFLICT DO NOTHING
"""
# A new entry of a closed day belongs to the next open one, with a link back.
_MOVED = """
WITH moved AS (
    UPDATE recon_fresh f SET late_from = f.booked_on, booked_on = upper(closed)
    FROM unnest(CAST(:closed AS datemultirange)) closed WHERE f.known IS NULL AND f.booked_on <@ closed RETURNING f.*
)
INSERT INTO recon_late (source_id, ext_key, origin, belongs_to, moved_to, amount_minor, currency, status)
SELECT :source, ext_key, origin, late_from, booked_on, amount_minor, currency, status FROM moved ON CONFLICT DO NOTHING
"""
_CLOSED = """
SELECT coalesce(range_agg(daterange(first_day, last_day, '[]')), '{}')::varchar FROM recon_period
WHERE entity_id = :entity AND definition = :definition AND state = 'signed_off'
"""
# A row keeps the occurrence it was first given; a further row of the same key gets the next one.
_NUMBERED_ON = """
SELECT i.*, coalesce(i.known, coalesce(top.occurrence, -1) + row_number()
           OVER (PARTITION BY i.ext_key, i.known IS NULL ORDER BY i.changed_seq, i.origin)) AS occurrence
FROM recon_fresh i
LEFT JOIN LATERAL (SELECT max(occurrence) AS occurrence FROM recon_entry
                   WHERE i.known IS NULL AND source_id = :source AND ext_key = i.ext_key) top ON true
"""

_ROLLED = """
rolled AS (
    INSERT INTO recon_entry_total AS t (source_id, booked_on, currency, entries, amount_minor)
    SELECT :source, booked_on, currency, sum(n), sum(amount) FROM moved GROUP BY booked_on, currency
    HAVING sum(n) <> 0 OR sum(amount) <> 0
    ON CONFLICT (source_id, booked_on, currency) DO UPDATE SET
        entries = t.entries + excluded.entries, amount_minor = t.amount_minor + excluded.amount_minor
)
"""
# The first rows of a source meet nothing, so nothing is looked up and nothing returned; they go in by their key.
_FIRST = f"""
INSERT INTO recon_entry (source_id, occurrence, {_COLUMNS})
SELECT :source, row_number() OVER (PARTITION BY ext_key ORDER BY changed_seq, origin) - 1, {_COLUMNS}
FROM recon_incoming
"""
# One pass over what came in serves totals, names of statuses and the watermark.
_FIRST_SUMS = """
WITH sums AS (
    SELECT booked_on, currency, status, count(*) AS n, sum(amount_minor) AS amount, max(changed_seq) AS seq
    FROM recon_incoming GROUP BY booked_on, currency, status
), rolled AS (
    INSERT INTO recon_entry_total AS t (source_id, booked_on, currency, entries, amount_minor)
    SELECT :source, booked_on, currency, sum(n), sum(amount) FROM sums GROUP BY booked_on, currency
    ON CONFLICT (source_id, booked_on, currency) DO UPDATE SET
        entries = t.entries + excluded.entries, amount_minor = t.amount_minor + excluded.amount_minor
), named AS (
    INSERT INTO recon_status (code, status)
    SELECT DISTINCT hashtextextended(status, 0), status FROM sums ON CONFLICT DO NOTHING
)
SELECT max(seq) FROM sums
"""
_NAMED = """
INSERT INTO recon_status (code, status)
SELECT DISTINCT hashtextextended(status, 0), status FROM recon_fresh ON CONFLICT DO NOTHING
"""
_SEEN = "SELECT max(changed_seq) FROM recon_incoming"
_UPSERT = f"""
WITH written AS (
    INSERT INTO recon_entry AS e (source_id, occurrence, late_from, {_COLUMNS})
    SELECT :source, occurrence, late_from, {_COLUMNS} FROM ({_NUMBERED_ON}) numbered
    ON CONFLICT (source_id, ext_key, occurrence) DO UPDATE SET {_TAKEN}
    WHERE ({_OF["e"]}) IS DISTINCT FROM ({_OF["excluded"]})
    RETURNING new.ext_key AS ext_key, new.occurrence AS occurrence, new.fee_minor AS fee_minor,
              new.currency_code AS currency_code, new.status_code AS status_code, new.occurred_at AS occurred_at,
              old.booked_on AS old_day, old.currency AS old_currency, old.amount_minor AS old_amount,
              new.booked_on AS new_day, new.currency AS new_currency, new.amount_minor AS new_amount
), moved AS (
    SELECT new_day AS booked_on, new_currency AS currency, count(*) AS n, sum(new_amount) AS amount
    FROM written GROUP BY 1, 2
    UNION ALL
    SELECT old_day, old_currency, -count(*), -sum(old_amount) FROM written WHERE old_day IS NOT NULL GROUP BY 1, 2
), {{dirtied}} {_ROLLED}
SELECT count(*) FILTER (WHERE old_day IS NULL) AS new, count(*) FILTER (WHERE old_day IS NOT NULL) AS changed
FROM written
"""
# What a key says now stands beside it, if it is its first entry that was written.
_DIRTIED = """
dirtied AS (
    INSERT INTO recon_dirty (source_id, ext_key, amount_minor, fee_minor, currency_code, status_code, occurred_at,
                             booked_on)
    SELECT :source, ext_key,
           min(new_amount) FILTER (WHERE occurrence = 0), min(fee_minor) FILTER (WHERE occurrence = 0),
           min(currency_code) FILTER (WHERE occurrence = 0), min(status_code) FILTER (WHERE occurrence = 0),
           min(occurred_at) FILTER (WHERE occurrence = 0), min(new_day) FILTER (WHERE occurrence = 0)
    FROM written GROUP BY ext_key
    ON CONFLICT (source_id, ext_key) DO UPDATE SET
        amount_minor = excluded.amount_minor, fee_minor = excluded.fee_minor, currency_code = excluded.currency_code,
        status_code = excluded.status_code, occurred_at = excluded.occurred_at, booked_on = excluded.booked_on
),
"""
# After one of its entries is gone, what is left of a key must be looked up.
_DIRTIED_GONE = """
dirtied AS (
    INSERT INTO recon_dirty (source_id, ext_key) SELECT DISTINCT :source, ext_key FROM gone
    ON CONFLICT (source_id, ext_key) DO UPDATE SET booked_on = NULL
),
"""
# What the feed no longer has is taken back, with its part of the totals.
_RETRACT = f"""
WITH gone AS (
    DELETE FROM recon_entry e WHERE e.source_id = :source AND NOT e.booked_on <@ CAST(:closed AS datemultirange)
      AND NOT EXISTS (SELECT FROM recon_incoming i WHERE i.ext_key = e.ext_key AND i.origin = e.origin)
    RETURNING e.*
), moved AS (
    SELECT booked_on, currency, -count(*) AS n, -sum(amount_minor) AS amount FROM gone GROUP BY 1, 2
), {_DIRTIED_GONE} {_ROLLED}
SELECT count(*) FROM gone
"""
# Without workers: every row would only be handed on by them, which costs a quarter more than reading it.
_ROOM = """
SET LOCAL work_mem = '128MB'; SET LOCAL default_statistics_target = 10; SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0
"""
_ENTRIES = "SELECT coalesce(sum(entries), 0) FROM recon_entry_total WHERE source_id = :source"
_FULL_FROM = 0.04
"""The share of changed keys from which comparing everything is cheaper than comparing them one by one."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one feed brought: entries new, entries whose content changed, and entries taken back."""

    source: SourceKind
    new: int
    changed: int
    retracted: int = 0


def source_of(uow: UnitOfWork, *, entity_id: uuid.UUID, kind: SourceKind) -> Source:
    """The feed's row, made on first use and locked until the transaction ends."""
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    statement = select(Source).where(Source.entity_id == entity_id, Source.kind == kind)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    if known := uow.session.scalar(locked):
        return known
    uow.session.execute(
        upsert(Source).values(entity_id=entity_id, kind=kind).on_conflict_do_nothing(constraint=_SOURCE_KEY)
    )
    return uow.session.execute(locked).scalar_one()


_SOURCE_KEY = "uq_recon_source_entity_id_kind"


def refresh_entries(uow: UnitOfWork, *, entity_id: uuid.UUID, kinds: Iterable[SourceKind]) -> list[Refreshed]:
    """Takes in what the feeds of one entity changed since the last time.

    Feeds number their changes in commit order, so everything up to the highest number seen is complete. The
    entries, their daily totals and the watermark are written by the same transaction; again is harmless.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    return [_refresh(uow, entity_id, SourceKind(kind)) for kind in kinds]


def _refresh(uow: UnitOfWork, entity_id: uuid.UUID, kind: SourceKind) -> Refreshed:
    source = source_of(uow, entity_id=entity_id, kind=kind)
    feed = _FEEDS[kind](0 if source.whole else source.watermark).subquery()
    uow.session.execute(text("DROP TABLE IF EXISTS recon_incoming"))
    uow.session.execute(text(_INCOMING))
    names = [name.strip() for name in _COLUMNS.split(",")]
    incoming = table("recon_incoming", *(column(name) for name in names))
    rows = select(*(feed.c[name] for name in names)).where(feed.c.entity_id == entity_id)
    taken = uow.session.execute(insert(incoming).from_select(names, rows))
    closed = {"closed": _closed_days(uow, source) or "{}"}
    retracted = uow.session.scalar(text(_RETRACT), {"source": source.id} | closed) if source.whole else 0
    brought = store_incoming(uow, source) if taken.rowcount else Refreshed(kind, 0, 0)  # pyright: ignore[reportAttributeAccessIssue]
    source.refreshed_at, source.whole = uow.clock.now(), False
    uow.session.flush()
    return replace(brought, retracted=retracted or 0)


def store_incoming(uow: UnitOfWork, source: Source) -> Refreshed:
    """Writes the temporary table `recon_incoming` into the entries of `source` and moves its watermark.

    Keys that changed are noted for the next run, or, where they are many, that it has to compare everything.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN, source.entity_id)
    connection, values = uow.session.connection(), {"source": source.id}
    connection.exec_driver_sql(_ROOM)
    known = int(connection.scalar(text(_ENTRIES), values) or 0)
    closed = _closed_days(uow, source)
    if known or closed:
        new, changed = _store_changes(connection, source, known=known, closed=closed)
        seen = connection.scalar(text(_SEEN))
    else:
        new, changed = connection.execute(text(_FIRST), values).rowcount, 0
        seen = connection.scalar(text(_FIRST_SUMS), values)
        source.all_dirty = True
    source.watermark = max(source.watermark, seen or 0)
    uow.session.flush()
    return Refreshed(SourceKind(source.kind), new, changed)


def _store_changes(connection: Connection, source: Source, *, known: int, closed: str | None) -> tuple[int, int]:
    """What of `recon_incoming` the source does not hold already, into entries, totals and dirty keys: new, changed."""
    values = {"source": source.id}
    connection.exec_driver_sql("DROP TABLE IF EXISTS pg_temp.recon_fresh")
    rows = connection.exec_driver_sql(_FRESH.format(source=int(source.id))).rowcount
    if not rows:
        return 0, 0
    connection.exec_driver_sql(_STAY)
    for statement in (_HELD, _MOVED) if closed else ():
        connection.execute(text(statement), values | {"closed": closed})
    connection.exec_driver_sql("ANALYZE recon_fresh")
    connection.execute(text(_NAMED))
    source.all_dirty = source.all_dirty or rows > known * _FULL_FROM
    dirtied = "" if source.all_dirty else _DIRTIED
    new, changed = connection.execute(text(_UPSERT.format(dirtied=dirtied)), values).one()
    return new, changed


def _closed_days(uow: UnitOfWork, source: Source) -> str | None:
    """The days of signed periods, as a multirange; None when there are none."""
    (definition,) = (name for name, kinds in SIDES.items() if SourceKind(source.kind) in kinds)
    values = {"entity": source.entity_id, "definition": definition.value}
    days = uow.session.scalar(text(_CLOSED), values)
    return None if days in (None, "{}") else days


def take_whole(uow: UnitOfWork, *, entity_id: uuid.UUID, kind: SourceKind) -> None:
    """Lets the next refresh read the whole feed and take back what it no longer has."""
    uow.session.execute(update(Source).where(Source.entity_id == entity_id, Source.kind == kind).values(whole=True))


def tidy_entries(database: Database) -> None:
    """VACUUM and ANALYZE after a refresh: a stale visibility map makes the index-only join 2.9 times slower.

    Runs outside any transaction, so it cannot be a part of one.
    """
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (ANALYZE) recon_entry"))


def tidy_breaks(database: Database) -> None:
    """VACUUM and ANALYZE after a run that found many breaks: only then their Bloom filters know where each stands.

    Runs outside any transaction, so it cannot be a part of one.
    """
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (ANALYZE) recon_break"))
