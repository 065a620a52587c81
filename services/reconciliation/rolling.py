"""What pages read instead of entries: a run's difference by part, and why the two sides of a month differ.

A run notes which months it may have changed; they are added up after it, one transaction each. What a person resolves
in between moves its items from one part to another at once.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from typing import Any

from sqlalchemy import insert, select, text

from services.core.db import UnitOfWork
from services.core.locks import take_turn
from services.core.permissions import Permission
from services.reconciliation.models import Break, ReconciliationRun
from services.reconciliation.models_rolled import Month, RunPart
from services.reconciliation.month_parts import ITEMS, month_values
from services.reconciliation.results import Standing
from services.reconciliation.vocabulary import BreakState, Definition

_NOTE = """
INSERT INTO recon_month (entity_id, definition, first_day)
SELECT DISTINCT CAST(:entity AS uuid), CAST(:definition AS varchar), date_trunc('month', day)::date FROM ({days}) days
ON CONFLICT (entity_id, definition, first_day) DO UPDATE SET stale = true
"""
_EVERY_MONTH = """
SELECT booked_on AS day FROM recon_entry_total WHERE source_id IN (:left, :right)
UNION ALL SELECT first_day FROM recon_month WHERE entity_id = :entity AND definition = :definition
"""
# Where the keys that were looked at stand and stood, and what changes by the mere passing of a day.
_TOUCHED = """
SELECT e.booked_on AS day FROM recon_dirty_now d JOIN recon_entry e ON e.source_id = :left AND e.ext_key = d.ext_key
UNION ALL
SELECT e.booked_on FROM recon_dirty_now d JOIN recon_entry e ON e.source_id = :right AND e.ext_key = d.ext_key
UNION ALL
SELECT i.first_day FROM recon_month_item i WHERE i.entity_id = :entity AND i.definition = :definition
    AND (i.part IN ('expected', 'unseen') OR i.key IN (SELECT ext_key FROM recon_dirty_now))
UNION ALL
SELECT booked_on FROM recon_break WHERE entity_id = :entity AND definition = :definition
    AND (since_seq = :seq OR closed_seq = :seq)
UNION ALL
SELECT booked_on FROM recon_entry_total WHERE source_id IN (:left, :right) AND booked_on >= :through
"""
_KEEP_ITEMS = """
INSERT INTO recon_month_item (entity_id, definition, first_day, part, currency, number, key, booked_on, left_minor,
                              right_minor, minor)
{items} SELECT :entity, :definition, :first, part, currency, number, key, booked_on, left_minor, right_minor, minor
FROM items
"""
_ROLL = (
    "DELETE FROM recon_month_item WHERE entity_id = :entity AND definition = :definition AND first_day = :first",
    "DELETE FROM recon_month_part WHERE entity_id = :entity AND definition = :definition AND first_day = :first",
    _KEEP_ITEMS.format(items=ITEMS),
    """
    INSERT INTO recon_month_part (entity_id, definition, first_day, part, currency, items, minor)
    SELECT entity_id, definition, first_day, part, currency, count(*), sum(minor) FROM recon_month_item
    WHERE entity_id = :entity AND definition = :definition AND first_day = :first GROUP BY 1, 2, 3, 4, 5
    """,
)
_MOVE = """
WITH moved AS (
    UPDATE recon_month_item SET part = :part WHERE number = :number AND part <> :part
    RETURNING new.entity_id AS entity_id, new.definition AS definition, new.first_day AS first_day,
              new.currency AS currency, new.minor AS minor, old.part AS was
), less AS (
    UPDATE recon_month_part p SET items = p.items - m.items, minor = p.minor - m.minor
    FROM (SELECT entity_id, definition, first_day, was, currency, count(*) AS items, sum(minor) AS minor
          FROM moved GROUP BY 1, 2, 3, 4, 5) m
    WHERE (p.entity_id, p.definition, p.first_day, p.part, p.currency)
        = (m.entity_id, m.definition, m.first_day, m.was, m.currency)
)
INSERT INTO recon_month_part AS p (entity_id, definition, first_day, part, currency, items, minor)
SELECT entity_id, definition, first_day, :part, currency, count(*), sum(minor) FROM moved GROUP BY 1, 2, 3, 5
ON CONFLICT (entity_id, definition, first_day, part, currency) DO UPDATE SET
    items = p.items + excluded.items, minor = p.minor + excluded.minor
"""
_MOVING = frozenset({"missing_left", "missing_right", "amount", "currency", "fx", "duplicate", "expected"})


def keep_parts(uow: UnitOfWork, run: ReconciliationRun, found: Standing) -> None:
    """Writes what the difference of a finished run consists of, from the fold its totals were made of."""
    uow.actor.require(Permission.RECONCILIATION_RUN, run.entity_id)
    parts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in found.rows:
        for currency, items, minor in _sides(row):
            part = parts[currency, row.break_class]
            part[0] += items
            part[1] += minor
    for row in found.awaited:
        parts[row.currency, "expected"] = [row.items, int(row.minor)]
    rows = [
        {"run_id": run.id, "currency": currency, "part": part, "items": items, "minor": minor}
        for (currency, part), (items, minor) in parts.items()
        if items and moves(part, minor)
    ]
    if rows:
        uow.session.execute(insert(RunPart), rows)


def moves(part: str, minor: int) -> bool:
    """Whether a part belongs to what the difference consists of: a fee or a status that differs moves no money."""
    return minor != 0 or part in _MOVING


def _sides(row: Any) -> list[tuple[str, int, int]]:
    """Where a fold of breaks counts: two currencies that differ each take their own side."""
    left, right = int(row.left_minor or 0), int(row.right_minor or 0)
    if row.left_currency and row.right_currency and row.left_currency != row.right_currency:
        return [(row.left_currency, int(row.items), left), (row.right_currency, int(row.items), -right)]
    return [(row.left_currency or row.right_currency, int(row.items), left - right)]


def note_months(uow: UnitOfWork, *, run_id: uuid.UUID) -> None:
    """Asks for the months to be added up again that a run may have changed; in the run's own transaction.

    One that compared everything may have changed every month, as may the first after months began to be added up.
    """
    run = uow.session.get_one(ReconciliationRun, run_id)
    uow.actor.require(Permission.RECONCILIATION_RUN, run.entity_id)
    values = month_values(uow, run.entity_id, Definition(run.definition)) | {"seq": run.seq, "through": run.through}
    known = select(Month.first_day).where(Month.entity_id == run.entity_id, Month.definition == run.definition).limit(1)
    everything = run.looked_at is None or uow.session.scalar(known) is None
    uow.session.execute(text(_NOTE.format(days=_EVERY_MONTH if everything else _TOUCHED)), values)


def stale_months(uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition) -> list[dt.date]:
    """The first days of the months that wait to be added up, the newest first."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    found = select(Month.first_day).where(Month.entity_id == entity_id, Month.definition == definition, Month.stale)
    return list(uow.session.scalars(found.order_by(Month.first_day.desc())))


def roll_month(uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition, first_day: dt.date) -> None:
    """Adds one month up from the entries as they stand now; whoever resolves a break of it waits until it is done."""
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    row = uow.session.get_one(Month, (entity_id, Definition(definition).value, first_day))
    take_turn(uow.session, _turn(entity_id, row.definition))
    values = month_values(uow, entity_id, Definition(definition), first_day)
    for statement in _ROLL:
        uow.session.execute(text(statement), values)
    row.stale, row.rolled_at = False, uow.clock.now()
    uow.session.flush()


def follow_break(uow: UnitOfWork, row: Break) -> None:
    """A break that was resolved, or opened again, counts in its months as what it is now."""
    connection = uow.session.connection()
    take_turn(connection, _turn(row.entity_id, row.definition), together=True)
    part = "accepted" if row.state == BreakState.RESOLVED else row.break_class
    connection.execute(text(_MOVE), {"number": row.number, "part": part})


def _turn(entity_id: uuid.UUID, definition: str) -> str:
    return f"reconciliation/months/{definition}/{entity_id}"
