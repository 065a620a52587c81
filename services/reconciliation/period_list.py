"""Reading periods: the list of days and months, and what came late for those that are closed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import defer

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.reconciliation.models import ReconciliationRun, Source
from services.reconciliation.models_period import Late, Period
from services.reconciliation.periods import view_of_period
from services.reconciliation.views_period import LateView, PeriodView
from services.reconciliation.vocabulary import SIDES, Definition, PeriodSpan, PeriodState, SourceKind


@dataclass(frozen=True, slots=True)
class PeriodFilter:
    """What a reader looks for among periods; None means anything."""

    entity_id: uuid.UUID | None = None
    definition: Definition | None = None
    span: PeriodSpan | None = None
    state: PeriodState | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> PeriodFilter:
        """entity, definition, span (`day`, `month`), state. Raises Invalid for a value that is none."""
        try:
            return cls(
                uuid.UUID(query["entity"]) if query.get("entity") else None,
                Definition(query["definition"]) if query.get("definition") else None,
                PeriodSpan(query["span"]) if query.get("span") else None,
                PeriodState(query["state"]) if query.get("state") else None,
            )
        except ValueError as error:
            raise Invalid(f"A filter of this address cannot be used: {error}.") from error


def list_periods(
    uow: UnitOfWork, *, filter: PeriodFilter | None = None, limit: int = 100, offset: int = 0
) -> list[PeriodView]:
    """Periods, the newest first, months before their days."""
    scope, wanted = uow.actor.scope(Permission.RECONCILIATION_READ), filter or PeriodFilter()
    statement = select(Period).where(scope.allows(Period.entity_id)).options(defer(Period.statement, raiseload=True))
    for column, value in (
        (Period.entity_id, wanted.entity_id),
        (Period.definition, wanted.definition),
        (Period.span, wanted.span),
        (Period.state, wanted.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order = (Period.last_day.desc(), Period.first_day, Period.definition, Period.entity_id)
    rows = uow.session.scalars(statement.order_by(*order).limit(limit).offset(offset)).all()
    holes = _holes(uow, [row.run_id for row in rows if row.run_id and row.state == PeriodState.OPEN])
    return [replace(view_of_period(row), holes=holes.get(row.run_id, 0)) for row in rows]


def _holes(uow: UnitOfWork, runs: Sequence[uuid.UUID]) -> dict[uuid.UUID | None, int]:
    """How many holes the inputs of these runs have."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    found = uow.session.execute(
        select(ReconciliationRun.id, ReconciliationRun.inputs).where(
            ReconciliationRun.id.in_(runs), scope.allows(ReconciliationRun.entity_id)
        )
    )
    return {run: sum(len(feed["problems"]) for feed in inputs.values()) for run, inputs in found}


def late_items(
    uow: UnitOfWork, *, entity_id: uuid.UUID | None = None, limit: int = 100, offset: int = 0
) -> list[LateView]:
    """What came for closed days, the newest first: entries that moved to the next open day, and changes held back."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    statement = select(Late, Source).join(Source, Source.id == Late.source_id).where(scope.allows(Source.entity_id))
    if entity_id is not None:
        statement = statement.where(Source.entity_id == entity_id)
    found = uow.session.execute(statement.order_by(Late.id.desc()).limit(limit).offset(offset)).all()
    views = [
        LateView(
            SourceKind(source.kind),
            source.entity_id,
            late.ext_key,
            late.belongs_to,
            late.moved_to,
            late.amount_minor,
            late.currency,
            late.arrived_at,
        )
        for late, source in found
    ]
    return _with_their_runs(uow, views)


def _with_their_runs(uow: UnitOfWork, items: list[LateView]) -> list[LateView]:
    """Each item with the signed run of the shortest closed period that it belongs to."""
    if not items:
        return items
    scope, days = uow.actor.scope(Permission.RECONCILIATION_READ), [item.belongs_to for item in items]
    closed = uow.session.execute(
        select(Period.entity_id, Period.definition, Period.first_day, Period.last_day, Period.run_id).where(
            scope.allows(Period.entity_id),
            Period.signed_at.is_not(None),
            Period.last_day >= min(days),
            Period.first_day <= max(days),
        )
    ).all()

    def run_of(item: LateView) -> uuid.UUID | None:
        fitting = [
            row
            for row in closed
            if row.entity_id == item.entity_id
            and item.source in SIDES[Definition(row.definition)]
            and row.first_day <= item.belongs_to <= row.last_day
        ]
        return min(fitting, key=lambda row: row.last_day - row.first_day).run_id if fitting else None

    return [replace(item, run_id=run_of(item)) for item in items]
