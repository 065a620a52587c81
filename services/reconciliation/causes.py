"""Recurring causes: open breaks that differ in the same way, counted together."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, bindparam, select, text

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.reconciliation.breaks import ROUNDING
from services.reconciliation.models import Break
from services.reconciliation.views_period import CauseView
from services.reconciliation.vocabulary import BreakClass, Definition

_LEAST = 3
_CAUSES = """
SELECT definition, entity_id, break_class, currency,
       CASE WHEN break_class = 'status' THEN 'states'
            WHEN break_class IN ('amount', 'fee') AND abs(delta_minor) <= :rounding THEN 'rounding'
            WHEN break_class IN ('amount', 'fee', 'fx') THEN 'same_difference' ELSE 'same_day' END AS pattern,
       CASE WHEN break_class = 'status' THEN left_value || ' / ' || right_value
            WHEN break_class IN ('amount', 'fee') AND abs(delta_minor) <= :rounding THEN ''
            WHEN break_class IN ('amount', 'fee', 'fx') THEN delta_minor::varchar
            ELSE booked_on::varchar END AS value,
       count(*) AS breaks, sum(abs(delta_minor)) AS minor
FROM recon_break WHERE state <> 'resolved' AND entity_id = ANY(:entities)
GROUP BY 1, 2, 3, 4, 5, 6 HAVING count(*) >= :least ORDER BY count(*) DESC, sum(abs(delta_minor)) DESC LIMIT :limit
"""


def recurring_causes(uow: UnitOfWork, *, limit: int = 20) -> list[CauseView]:
    """Groups of at least three open breaks that share a difference, a pair of states, a rounding or a day."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    entities = list(uow.session.scalars(_entities(scope)))
    values: dict[str, Any] = {"rounding": ROUNDING, "least": _LEAST, "limit": limit, "entities": entities}
    rows = uow.session.execute(text(_CAUSES).bindparams(bindparam("entities")), values)
    return [
        CauseView(
            Definition(row.definition),
            row.entity_id,
            BreakClass(row.break_class),
            row.currency,
            row.pattern,
            row.value or "",
            row.breaks,
            int(row.minor),
        )
        for row in rows
    ]


def _entities(scope: EntityScope) -> Select[uuid.UUID]:
    return select(Break.entity_id).where(scope.allows(Break.entity_id)).distinct()
