"""Drift: how deviation and breaks went over time, and which days stand out against the same weekday before.

A business day's figures are written once, by the first run that covers it, so that all days are compared at the same
age: what a later run explains stays in the history of that day.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Connection, select, text

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.models import ReconciliationRun
from services.reconciliation.views_drift import DriftDay, DriftRun, DriftView
from services.reconciliation.vocabulary import Definition

WEEKS = 8
"""Weeks before a day whose same weekday says what is usual."""
FEWEST_WEEKS = 4
"""Below so many weeks nothing is called unusual."""
SPREADS = 4
"""A day stands out from the median plus so many times the usual spread (1.4826 times the median deviation) on,"""
LEAST_ABOVE = 3
"""and from so many breaks above the median on, whatever the spread."""

_KEEP = """
WITH days AS (
    SELECT booked_on AS day, currency, sum(entries) AS entries, sum(abs(amount_minor)) AS left_minor
    FROM recon_entry_total WHERE source_id = :left AND booked_on <= :through
      AND booked_on > coalesce((SELECT max(day) FROM recon_day_drift
                                WHERE entity_id = :entity AND definition = :definition), '-infinity')
    GROUP BY 1, 2 HAVING sum(entries) > 0
), found AS (
    SELECT booked_on AS day, currency, break_class, sum(items) AS breaks, sum(delta_minor) AS open_minor
    FROM recon_fold
    WHERE entity_id = :entity AND definition = :definition AND booked_on <= :through
      AND booked_on > coalesce((SELECT max(day) FROM recon_day_drift
                                WHERE entity_id = :entity AND definition = :definition), '-infinity')
    GROUP BY GROUPING SETS ((booked_on, currency, break_class), (booked_on, currency))
)
INSERT INTO recon_day_drift
SELECT :entity, :definition, coalesce(d.day, f.day), coalesce(d.currency, f.currency), coalesce(f.break_class, 'all'),
       coalesce(f.breaks, 0), coalesce(f.open_minor, 0), coalesce(d.entries, 0), coalesce(d.left_minor, 0), :seq
FROM days d FULL JOIN found f ON d.day = f.day AND d.currency = f.currency
"""
_RUNS = """
SELECT DISTINCT ON (r.through) r.through AS day, r.id AS run_id, t.deviation_ppm, t.open_minor, t.left_minor
FROM recon_run r JOIN recon_total t ON t.run_id = r.id AND t.span = 'all' AND t.currency = :currency
WHERE r.entity_id = :entity AND r.definition = :definition AND r.through > :since ORDER BY r.through, r.seq DESC
"""
# Each day beside the same weekday of the weeks before it that are known; a class that was not found counts as none.
_DAYS = """
WITH known AS (
    SELECT day, left_minor FROM recon_day_drift
    WHERE entity_id = :entity AND definition = :definition AND currency = :currency AND break_class = 'all'
      AND day > CAST(:since AS date) - 7 * CAST(:weeks AS integer)
), figures AS (
    SELECT k.day, k.left_minor, c.break_class, coalesce(d.breaks, 0) AS breaks, coalesce(d.open_minor, 0) AS open_minor
    FROM known k
    CROSS JOIN (SELECT DISTINCT break_class FROM recon_day_drift
                WHERE entity_id = :entity AND definition = :definition AND currency = :currency) c
    LEFT JOIN recon_day_drift d ON d.entity_id = :entity AND d.definition = :definition AND d.currency = :currency
         AND d.day = k.day AND d.break_class = c.break_class
), paired AS (
    SELECT now.day, now.break_class, was.breaks AS was FROM figures now JOIN figures was
      ON was.break_class = now.break_class AND was.day < now.day
     AND was.day >= now.day - 7 * CAST(:weeks AS integer) AND (now.day - was.day) % 7 = 0
    WHERE now.day > :since
), middle AS (
    SELECT day, break_class, percentile_cont(0.5) WITHIN GROUP (ORDER BY was) AS usual, min(was) AS low,
           max(was) AS high, count(*) AS weeks
    FROM paired GROUP BY 1, 2
), spread AS (
    SELECT p.day, p.break_class, percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(p.was - m.usual)) AS deviation
    FROM paired p JOIN middle m USING (day, break_class) GROUP BY 1, 2
)
SELECT f.day, f.break_class, f.breaks, f.open_minor, f.left_minor, m.usual, m.low, m.high,
       coalesce(m.weeks, 0) AS weeks,
       CASE WHEN m.weeks >= :fewest
            THEN ceil(m.usual + greatest(:least, :spreads * 1.4826 * s.deviation)) END AS bound
FROM figures f LEFT JOIN middle m USING (day, break_class) LEFT JOIN spread s USING (day, break_class)
WHERE f.day > :since ORDER BY f.day, f.break_class
"""
_CURRENCIES = """
SELECT currency FROM recon_day_drift WHERE entity_id = :entity AND definition = :definition AND break_class = 'all'
GROUP BY currency ORDER BY sum(entries) DESC, currency
"""


def keep_days(connection: Connection, run: ReconciliationRun, *, left: int) -> None:
    """Writes the figures of the days that a finished run is the first to cover; `left` is the left feed."""
    values = {
        "entity": run.entity_id,
        "definition": run.definition,
        "through": run.through,
        "seq": run.seq,
        "left": left,
    }
    connection.execute(text(_KEEP), values)


def drift_view(
    uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition, currency: str | None = None, days: int = 60
) -> DriftView:
    """The last days of one definition in one entity: the deviation after each run, and each day's breaks by class.

    `currency` is the one with the most entries unless given. A day stands out (`outlier`) from the median of its
    weekday plus four times the usual spread, and at least three breaks, on.
    """
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    code = Definition(definition)
    values: dict[str, Any] = {"entity": entity_id, "definition": code.value}
    currencies = tuple(uow.session.scalars(text(_CURRENCIES), values))
    chosen = currency or (currencies[0] if currencies else "EUR")
    limit = uow.session.scalar(select(DefinitionRow.limit_ppm).where(DefinitionRow.code == code.value)) or 0
    values |= {"currency": chosen, "since": _since(uow, days), "weeks": WEEKS}
    values |= {"fewest": FEWEST_WEEKS, "least": LEAST_ABOVE, "spreads": SPREADS}
    runs = tuple(
        DriftRun(row.day, row.run_id, row.deviation_ppm, row.open_minor, row.left_minor)
        for row in uow.session.execute(text(_RUNS), values)
    )
    return DriftView(code, entity_id, chosen, currencies, limit, runs, _days(uow, values))


def _days(uow: UnitOfWork, values: dict[str, Any]) -> tuple[DriftDay, ...]:
    return tuple(
        DriftDay(
            day=row.day,
            break_class=row.break_class,
            breaks=row.breaks,
            open_minor=row.open_minor,
            left_minor=row.left_minor,
            usual=row.usual,
            low=row.low,
            high=row.high,
            weeks=row.weeks,
            bound=None if row.bound is None else int(row.bound),
        )
        for row in uow.session.execute(text(_DAYS), values)
    )


def _since(uow: UnitOfWork, days: int) -> dt.date:
    return uow.clock.now().date() - dt.timedelta(days=1 + max(1, min(days, 400)))
