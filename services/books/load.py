"""Writing ledger rows in bulk: binary COPY into a temporary table, then one statement for what is new and one for
what changed. Nothing is read back row by row."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from services.books.noting import change_noting, has_vouchers
from services.books.reading import LedgerRow
from services.core.db import UnitOfWork
from services.core.delimited import RejectedLine
from services.core.incoming import MOST_REJECTIONS
from services.core.reasons import Reason

_EVERY = 10_000
_TYPES = (
    "int8",
    *["text"] * 4,
    "int8",
    "text",
    "int8",
    "text",
    "timestamptz",
    "date",
    *["text"] * 3,
)


@dataclass(slots=True)
class Loaded:
    """What became of a file's rows; `rejections` holds the first thousand, `days` those of its rows."""

    read: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    rejections: list[RejectedLine] = field(default_factory=list)
    days: list[dt.date] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.read - self.new - self.changed - self.rejected

    def reject(self, rejection: RejectedLine) -> None:
        self.rejected += 1
        if len(self.rejections) < MOST_REJECTIONS:
            self.rejections.append(rejection)


def load_rows(
    uow: UnitOfWork,
    *,
    file_id: uuid.UUID,
    source_id: uuid.UUID,
    entity_id: uuid.UUID,
    rows: Iterable[LedgerRow | RejectedLine],
    progress: Callable[[int], None],
) -> Loaded:
    """Stores new rows and real changes of known ones; a second row of one key becomes the next occurrence.

    A known row that comes with another reference or type is rejected: books correct by a new line.
    """
    found = Loaded()
    execute = uow.session.execute
    execute(text("DROP TABLE IF EXISTS ledger_incoming, ledger_numbered"))
    execute(text(_INCOMING))
    _copy(uow, rows, found, progress)
    place: dict[str, Any] = {"file": file_id, "source": source_id, "entity": entity_id}
    execute(text(_NUMBERED))
    execute(text("ANALYZE ledger_numbered"))
    for line, reference in execute(text(_RENAMED), place):
        found.reject(RejectedLine(line, Reason("renamed", {"reference": reference}), ""))
    found.days = list(execute(text("SELECT DISTINCT booked_on FROM ledger_numbered")).scalars())
    if has_vouchers(uow, entity_id):
        found.changed = change_noting(uow, _CHANGE + _CHANGED, place)
        found.new = change_noting(uow, _INSERT + _INSERTED, place)
    else:
        found.changed = _count(execute(text(_CHANGE), place))
        found.new = _count(execute(text(_INSERT), place))
    return found


def _count(result: Any) -> int:
    return int(result.rowcount)


def _copy(
    uow: UnitOfWork, rows: Iterable[LedgerRow | RejectedLine], found: Loaded, progress: Callable[[int], None]
) -> None:
    with uow.driver.cursor() as cursor, cursor.copy("COPY ledger_incoming FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_TYPES)
        write = copy.write_row
        for row in rows:
            found.read += 1
            if isinstance(row, LedgerRow):
                write(row)
            else:
                found.reject(row)
            if found.read % _EVERY == 0:
                progress(found.read)


_INCOMING = """
CREATE TEMP TABLE ledger_incoming (
    line bigint, entry_ref text COLLATE "C", entry_key text COLLATE "C", reference text, type text,
    amount_minor bigint, currency text, fee_minor bigint, status text, posted_at timestamptz, booked_on date,
    customer text, invoice text, payout text
) ON COMMIT DROP
"""
_NUMBERED = """
CREATE TEMP TABLE ledger_numbered ON COMMIT DROP AS
SELECT *, row_number() OVER (PARTITION BY entry_ref ORDER BY line) - 1 AS repeat FROM ledger_incoming
"""
_RENAMED = """
SELECT n.line, n.entry_ref FROM ledger_numbered n
JOIN ledger_entry e ON e.source_id = :source AND e.entry_ref = n.entry_ref AND e.repeat = n.repeat
WHERE e.entry_key <> n.entry_key ORDER BY n.line
"""
_CHANGE = """
UPDATE ledger_entry e
SET amount_minor = n.amount_minor, currency = n.currency, fee_minor = n.fee_minor, status = n.status,
    posted_at = n.posted_at, booked_on = n.booked_on, customer = n.customer, invoice = n.invoice, payout = n.payout,
    changed_seq = nextval('ledger_entry_changed_seq')
FROM ledger_numbered n
WHERE e.source_id = :source AND e.entry_ref = n.entry_ref AND e.repeat = n.repeat AND e.entry_key = n.entry_key
  AND (e.amount_minor, e.currency, e.fee_minor, e.status, e.posted_at, e.booked_on, e.customer, e.invoice, e.payout)
      IS DISTINCT FROM
      (n.amount_minor, n.currency, n.fee_minor, n.status, n.posted_at, n.booked_on, n.customer, n.invoice, n.payout)
"""
_INSERT = """
INSERT INTO ledger_entry (
    entity_id, source_id, file_id, line, entry_ref, repeat, entry_key, occurrence, reference, type,
    amount_minor, currency, fee_minor, status, posted_at, booked_on, customer, invoice, payout
)
SELECT :entity, :source, :file, n.line, n.entry_ref, n.repeat, n.entry_key,
    coalesce(last.occurrence, -1) + row_number() OVER (PARTITION BY n.entry_key ORDER BY n.line),
    n.reference, n.type,
    n.amount_minor, n.currency, n.fee_minor, n.status, n.posted_at, n.booked_on, n.customer, n.invoice, n.payout
FROM ledger_numbered n
LEFT JOIN (
    SELECT o.entry_key, max(o.occurrence) AS occurrence FROM ledger_entry o
    WHERE o.source_id = :source AND o.entry_key IN (SELECT entry_key FROM ledger_numbered)
    GROUP BY o.entry_key
) last ON last.entry_key = n.entry_key
WHERE NOT EXISTS (
    SELECT FROM ledger_entry e
    WHERE e.source_id = :source AND e.entry_ref = n.entry_ref AND e.repeat = n.repeat
)
ORDER BY n.line
"""
_CHANGED = "RETURNING old.booked_on AS was_on, old.invoice AS was, new.booked_on AS now_on, new.invoice AS now"
_INSERTED = "RETURNING NULL::date AS was_on, NULL::text AS was, booked_on AS now_on, invoice AS now"
