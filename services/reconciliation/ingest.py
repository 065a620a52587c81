"""Entries: the one form in which both sides of every comparison are kept, taken in incrementally from their rooms."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, column, insert, select, table, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services import bank, books, payments
from services.core.db import Database, UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Source
from services.reconciliation.vocabulary import SourceKind

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

# A row keeps the occurrence it was first given; a further row of the same key gets the next one.
_NUMBERED_AFRESH = """
SELECT i.*, row_number() OVER (PARTITION BY i.ext_key ORDER BY i.changed_seq, i.origin) - 1 AS occurrence
FROM recon_incoming i
"""
_NUMBERED_ON = """
SELECT i.*, coalesce(known.occurrence, coalesce(top.occurrence, -1) + row_number()
           OVER (PARTITION BY i.ext_key, known.occurrence IS NULL ORDER BY i.changed_seq, i.origin)) AS occurrence
FROM recon_incoming i
LEFT JOIN recon_entry known ON known.source_id = :source AND known.ext_key = i.ext_key AND known.origin = i.origin
LEFT JOIN LATERAL (SELECT max(occurrence) AS occurrence FROM recon_entry
                   WHERE source_id = :source AND ext_key = i.ext_key) top ON true
"""

_UPSERT = """
WITH written AS (
    INSERT INTO recon_entry AS e (source_id, occurrence, {columns})
    SELECT :source, occurrence, {columns} FROM ({numbered}) numbered
    ON CONFLICT (source_id, ext_key, occurrence) DO UPDATE SET
        amount_minor = excluded.amount_minor, currency = excluded.currency, fee_minor = excluded.fee_minor,
        status = excluded.status, occurred_at = excluded.occurred_at, booked_on = excluded.booked_on,
        reference = excluded.reference, batch_ref = excluded.batch_ref, changed_seq = excluded.changed_seq
    WHERE (e.amount_minor, e.currency, e.fee_minor, e.status, e.occurred_at, e.booked_on, e.reference, e.batch_ref)
        IS DISTINCT FROM (excluded.amount_minor, excluded.currency, excluded.fee_minor, excluded.status,
                          excluded.occurred_at, excluded.booked_on, excluded.reference, excluded.batch_ref)
    RETURNING old.booked_on AS old_day, old.currency AS old_currency, old.amount_minor AS old_amount,
              new.booked_on AS new_day, new.currency AS new_currency, new.amount_minor AS new_amount
), moved AS (
    SELECT new_day AS booked_on, new_currency AS currency, count(*) AS n, sum(new_amount) AS amount
    FROM written GROUP BY 1, 2
    UNION ALL
    SELECT old_day, old_currency, -count(*), -sum(old_amount) FROM written WHERE old_day IS NOT NULL GROUP BY 1, 2
), rolled AS (
    INSERT INTO recon_entry_total AS t (source_id, booked_on, currency, entries, amount_minor)
    SELECT :source, booked_on, currency, sum(n), sum(amount) FROM moved GROUP BY booked_on, currency
    HAVING sum(n) <> 0 OR sum(amount) <> 0
    ON CONFLICT (source_id, booked_on, currency) DO UPDATE SET
        entries = t.entries + excluded.entries, amount_minor = t.amount_minor + excluded.amount_minor
)
SELECT count(*) FILTER (WHERE old_day IS NULL) AS new, count(*) FILTER (WHERE old_day IS NOT NULL) AS changed
FROM written
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one feed brought: entries new and entries whose content changed."""

    source: SourceKind
    new: int
    changed: int


def source_of(uow: UnitOfWork, *, entity_id: uuid.UUID, kind: SourceKind) -> Source:
    """The feed's row, made on first use and locked until the transaction ends."""
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    uow.session.execute(
        upsert(Source).values(entity_id=entity_id, kind=kind).on_conflict_do_nothing(constraint=_SOURCE_KEY)
    )
    statement = select(Source).where(Source.entity_id == entity_id, Source.kind == kind)
    return uow.session.execute(statement.with_for_update().execution_options(populate_existing=True)).scalar_one()


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
    feed = _FEEDS[kind](source.watermark).subquery()
    uow.session.execute(text("DROP TABLE IF EXISTS recon_incoming"))
    uow.session.execute(text(_INCOMING))
    names = [name.strip() for name in _COLUMNS.split(",")]
    incoming = table("recon_incoming", *(column(name) for name in names))
    rows = select(*(feed.c[name] for name in names)).where(feed.c.entity_id == entity_id)
    taken = uow.session.execute(insert(incoming).from_select(names, rows))
    brought = store_incoming(uow, source) if taken.rowcount else Refreshed(kind, 0, 0)  # pyright: ignore[reportAttributeAccessIssue]
    source.refreshed_at = uow.clock.now()
    uow.session.flush()
    return brought


def store_incoming(uow: UnitOfWork, source: Source) -> Refreshed:
    """Writes the temporary table `recon_incoming` into the entries of `source` and moves its watermark."""
    uow.actor.require(Permission.RECONCILIATION_RUN, source.entity_id)
    first = uow.session.scalar(
        text("SELECT NOT EXISTS (SELECT FROM recon_entry_total WHERE source_id = :s)"), {"s": source.id}
    )
    statement = _UPSERT.format(columns=_COLUMNS, numbered=_NUMBERED_AFRESH if first else _NUMBERED_ON)
    uow.session.execute(text("ANALYZE recon_incoming"))
    new, changed = uow.session.execute(text(statement), {"source": source.id}).one()
    source.watermark = max(
        source.watermark, uow.session.scalar(text("SELECT max(changed_seq) FROM recon_incoming")) or 0
    )
    uow.session.flush()
    return Refreshed(SourceKind(source.kind), new, changed)


def tidy_entries(database: Database) -> None:
    """VACUUM and ANALYZE after a refresh: a stale visibility map makes the index-only join 2.9 times slower.

    Runs outside any transaction, so it cannot be a part of one.
    """
    with database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (ANALYZE) recon_entry"))
