"""What reconciliation gives away as files besides its breaks: a month's reasons, drift day by day, adjustments."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import identity, reconciliation
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import Definition


def _entity(uow: UnitOfWork, filters: Mapping[str, str]) -> uuid.UUID:
    """The entity of the address, the reader's first where it names none."""
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    try:
        chosen = uuid.UUID(filters["entity"]) if filters.get("entity") else None
    except ValueError as error:
        raise Invalid("This is no legal entity.") from error
    if chosen is None and not entities:
        raise Invalid("There is no legal entity yet.")
    return chosen or entities[0].id


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("A day is written as 2026-03-16.") from error


def _month(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    entity_id, month = _entity(uow, filters), filters.get("month", "")
    for currency, pair, step in reconciliation.month_lines(uow, entity_id=entity_id, month=month):
        yield (
            month,
            f"{pair.left} − {pair.right}",
            f"{step.source}.{step.part}",
            step.items or None,
            Money(step.minor, currency),
            step.still_open,
        )


def _drift(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    try:
        definition = Definition(filters.get("definition") or Definition.SETTLEMENT)
    except ValueError as error:
        raise Invalid("This is no definition.") from error
    days = filters.get("days", "60")
    view = reconciliation.drift_view(
        uow,
        entity_id=_entity(uow, filters),
        definition=definition,
        currency=filters.get("currency") or None,
        days=int(days) if days.isdigit() and len(days) < 4 else 60,
    )
    for day in view.days:
        yield (
            day.day,
            view.definition.value,
            day.break_class,
            day.breaks,
            Money(day.open_minor, view.currency),
            Money(day.left_minor, view.currency),
            day.bound,
            day.outlier,
        )


def _adjustments(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    codes = {entity.id: entity.code for entity in entities}
    first, last = _day(filters.get("from")), _day(filters.get("to"))
    for item in reconciliation.stream_adjustments(uow, first_day=first, last_day=last):
        yield (
            f"B-{item.number}",
            codes.get(item.entity_id, ""),
            item.booked_on,
            Money(item.amount_minor, item.currency),
            item.debit,
            item.credit,
            item.memo,
            item.made_by_name,
            item.made_at,
        )


MONTH_EXPORT = Export(
    "month",
    Permission.RECONCILIATION_READ,
    ("month.title", "month.pair_name", "month.step", "month.count", "month.amount", "month.waits"),
    _month,
)
DRIFT_EXPORT = Export(
    "drift",
    Permission.RECONCILIATION_READ,
    (
        "drift.day",
        "drift.definition",
        "drift.class",
        "drift.breaks",
        "drift.amount",
        "month.left",
        "drift.bound",
        "drift.legend_outlier",
    ),
    _drift,
)
ADJUSTMENT_EXPORT = Export(
    "adjustments",
    Permission.RECONCILIATION_READ,
    (
        "adjustments.break",
        "adjustments.entity",
        "adjustments.booked_on",
        "adjustments.amount",
        "adjustments.debit",
        "adjustments.credit",
        "adjustments.memo",
        "adjustments.made_by",
        "adjustments.made_at",
    ),
    _adjustments,
)
