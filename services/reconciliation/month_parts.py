"""Why two sides of a definition differ in a month, entry by entry: how it is added up, and how it is read afterwards.

Only entries that no equal one of the other side faces in the month are looked at. Each belongs to one part, so the
parts add up to left less right: a class of breaks that are open, `accepted` (a person resolved them), `cut_off` (the
other side stands in another month), `residual` (what a match leaves), `expected` (not due), `unseen` (no run looked).
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import ReconciliationRun, Source
from services.reconciliation.models_rolled import Month, MonthPart
from services.reconciliation.models_rolled import MonthItem as MonthItemRow
from services.reconciliation.views_month import MonthItem, MonthStep
from services.reconciliation.vocabulary import SIDES, BreakClass, Definition
from services.reconciliation.workdays import month_of

_OPEN = frozenset(BreakClass)
ITEMS = """
WITH l AS (
    SELECT ext_key, occurrence, currency, amount_minor, booked_on FROM recon_entry
    WHERE source_id = :left AND booked_on BETWEEN :first AND :last
), r AS (
    SELECT ext_key, occurrence, currency, amount_minor, booked_on FROM recon_entry
    WHERE source_id = :right AND booked_on BETWEEN :first AND :last
), differing AS (
    SELECT coalesce(l.ext_key, r.ext_key) AS key, coalesce(l.occurrence, r.occurrence) AS occurrence,
           coalesce(l.currency, r.currency) AS currency, l.amount_minor AS left_minor, r.amount_minor AS right_minor,
           l.booked_on AS left_on, r.booked_on AS right_on
    FROM l FULL JOIN r ON l.ext_key = r.ext_key AND l.occurrence = r.occurrence AND l.currency = r.currency
    WHERE l.amount_minor IS DISTINCT FROM r.amount_minor
), sides AS (
    SELECT 'left' AS side, CAST(:left AS smallint) AS source_id, CAST(:right AS smallint) AS other_id, key, occurrence,
           currency, left_minor AS minor, left_on AS booked_on
    FROM differing WHERE left_minor IS NOT NULL
    UNION ALL
    SELECT 'right', CAST(:right AS smallint), CAST(:left AS smallint), key, occurrence, currency, -right_minor,
           right_on
    FROM differing WHERE right_minor IS NOT NULL
), broken AS (
    SELECT number, break_class, state, 'left' AS side, left_key AS key,
           CASE WHEN left_key = subject_key THEN occurrence ELSE 0 END AS occurrence
    FROM recon_break
    WHERE entity_id = :entity AND definition = :definition AND closed_seq IS NULL AND left_key IS NOT NULL
    UNION ALL
    SELECT number, break_class, state, 'right', right_key,
           CASE WHEN right_key = subject_key THEN occurrence ELSE 0 END
    FROM recon_break
    WHERE entity_id = :entity AND definition = :definition AND closed_seq IS NULL AND right_key IS NOT NULL
), shares AS (
    SELECT s.*, m.match_id, sign(s.minor) * abs(coalesce(m.allocated_minor, m.amount_minor)) AS share
    FROM sides s JOIN recon_match_member m ON NOT m.closed AND m.source_id = s.source_id AND m.ext_key = s.key
         AND m.occurrence = s.occurrence
), rests AS (
    SELECT s.*, s.minor - coalesce(used.minor, 0) AS share
    FROM sides s LEFT JOIN (SELECT side, key, occurrence, sum(share) AS minor FROM shares GROUP BY 1, 2, 3) used
      ON used.side = s.side AND used.key = s.key AND used.occurrence = s.occurrence
), placed AS (
    SELECT side, key, occurrence, currency, booked_on, share AS minor, NULL::bigint AS number, match_id, CASE
        WHEN EXISTS (
            SELECT FROM recon_match_member o JOIN recon_entry e USING (source_id, ext_key, occurrence)
            WHERE o.match_id = shares.match_id AND e.booked_on NOT BETWEEN :first AND :last) THEN 'cut_off'
        ELSE 'residual' END AS part
    FROM shares
    UNION ALL
    SELECT s.side, s.key, s.occurrence, s.currency, s.booked_on, s.share, b.number, NULL, CASE
        WHEN b.state = 'resolved' THEN 'accepted'
        WHEN b.number IS NOT NULL THEN b.break_class
        WHEN x.ext_key IS NOT NULL THEN 'expected'
        WHEN EXISTS (SELECT FROM recon_entry e WHERE e.source_id = s.other_id AND e.ext_key = s.key
             AND e.occurrence = s.occurrence AND e.booked_on NOT BETWEEN :first AND :last) THEN 'cut_off'
        ELSE 'unseen' END
    FROM rests s
    LEFT JOIN broken b ON b.side = s.side AND b.key = s.key AND b.occurrence = s.occurrence
    LEFT JOIN recon_expected x ON x.run_id = :run AND x.side = s.side AND x.ext_key = s.key
         AND x.occurrence = s.occurrence
    WHERE s.share <> 0
), items AS (
    SELECT part, currency, number, min(booked_on) AS booked_on, min(key) AS key,
           sum(minor) FILTER (WHERE side = 'left') AS left_minor,
           -sum(minor) FILTER (WHERE side = 'right') AS right_minor, sum(minor) AS minor
    FROM placed
    GROUP BY part, currency, number, match_id,
             CASE WHEN number IS NULL AND match_id IS NULL THEN key || '#' || occurrence END
    HAVING sum(minor) <> 0
)
"""
_TOTALS = """
SELECT currency, sum(entries) AS entries, sum(amount_minor) AS minor FROM recon_entry_total
WHERE source_id = :source AND booked_on BETWEEN :first AND :last GROUP BY 1 HAVING sum(entries) > 0
"""


@dataclass(frozen=True, slots=True)
class SideTotals:
    """Entries and sum by currency of both sides of a definition in a month."""

    left: dict[str, tuple[int, int]]
    right: dict[str, tuple[int, int]]


def totals_in(
    uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition, first: dt.date, last: dt.date
) -> SideTotals:
    """What both sides have in the month, from the sums that are kept with the entries."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    both = []
    for source in _sources(uow, entity_id, definition):
        rows = uow.session.execute(text(_TOTALS), {"source": source, "first": first, "last": last})
        both.append({row.currency: (int(row.entries), int(row.minor)) for row in rows})
    return SideTotals(*both)


def steps_in(
    uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition, first: dt.date
) -> dict[str, list[MonthStep]]:
    """The parts of left less right by currency as they were added up, those that need somebody first."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    found: dict[str, list[MonthStep]] = {}
    rows = select(MonthPart).where(
        MonthPart.entity_id == entity_id,
        MonthPart.definition == definition.value,
        MonthPart.first_day == first,
        MonthPart.items > 0,
    )
    for row in uow.session.scalars(rows.execution_options(populate_existing=True)):
        step = MonthStep(definition.value, row.part, row.items, row.minor, row.part in _OPEN)
        found.setdefault(row.currency, []).append(step)
    for steps in found.values():
        steps.sort(key=lambda step: (not step.still_open, -abs(step.minor), step.part))
    return found


def items_in(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID,
    definition: Definition,
    first: dt.date,
    part: str,
    currency: str,
    limit: int,
) -> list[MonthItem]:
    """The items of one part in one currency, the largest first."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    rows = (
        select(MonthItemRow)
        .where(
            MonthItemRow.entity_id == entity_id,
            MonthItemRow.definition == definition.value,
            MonthItemRow.first_day == first,
            MonthItemRow.part == part,
            MonthItemRow.currency == currency,
        )
        .order_by(func.abs(MonthItemRow.minor).desc(), MonthItemRow.key)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [
        MonthItem(
            row.key, row.currency, row.left_minor, row.right_minor, row.minor, row.booked_on, row.number, row.part
        )
        for row in uow.session.scalars(rows)
    ]


def rolled_at(uow: UnitOfWork, *, entity_id: uuid.UUID, first: dt.date) -> dt.datetime | None:
    """When the older of the month's parts were added up; None while one of them still waits for its first time."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    found = select(Month.rolled_at).where(Month.entity_id == entity_id, Month.first_day == first)
    moments = list(uow.session.scalars(found))
    known = [moment for moment in moments if moment is not None]
    return min(known) if known and len(known) == len(moments) else None


def month_values(
    uow: UnitOfWork, entity_id: uuid.UUID, definition: Definition, first: dt.date | None = None
) -> dict[str, Any]:
    """What the statements over entries need: both feeds, the newest run, and the days of the month."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    run = uow.session.scalar(
        select(ReconciliationRun.id)
        .where(
            scope.allows(ReconciliationRun.entity_id),
            ReconciliationRun.entity_id == entity_id,
            ReconciliationRun.definition == definition.value,
        )
        .order_by(ReconciliationRun.seq.desc())
        .limit(1)
    )
    left, right = _sources(uow, entity_id, definition)
    days = {"first": first, "last": month_of(first)[1]} if first else {}
    return {"left": left, "right": right, "entity": entity_id, "definition": definition.value, "run": run} | days


def _sources(uow: UnitOfWork, entity_id: uuid.UUID, definition: Definition) -> list[int]:
    """The ids of the left and the right feed; 0, which none has, where nothing was ever taken in."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.execute(
        select(Source.kind, Source.id).where(Source.entity_id == entity_id, scope.allows(Source.entity_id))
    )
    ids = {kind: int(identifier) for kind, identifier in rows}
    return [ids.get(kind.value, 0) for kind in SIDES[definition]]
