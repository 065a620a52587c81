"""Breaks as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import identity, reconciliation
from services.core.db import UnitOfWork
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import BreakFilter


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    codes = {entity.id: entity.code for entity in entities}
    for view in reconciliation.stream_breaks(uow, filter=BreakFilter.from_address(filters)):
        yield (
            view.name,
            codes.get(view.entity_id, ""),
            view.definition.value,
            view.break_class.value,
            view.left_key,
            view.right_key,
            _money(view.left_minor, view.left_currency),
            _money(view.right_minor, view.right_currency),
            Money(view.delta_minor, view.currency),
            view.booked_on,
            view.age,
            view.state.value,
            view.assigned_name,
            view.resolution,
            view.resolved_reason,
        )


def _money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor, currency)


BREAK_EXPORT = Export(
    "breaks",
    Permission.RECONCILIATION_READ,
    (
        "reconciliation.number",
        "reconciliation.entity",
        "reconciliation.definition",
        "reconciliation.class",
        "reconciliation.left_key",
        "reconciliation.right_key",
        "reconciliation.left_amount",
        "reconciliation.right_amount",
        "reconciliation.difference",
        "reconciliation.booked_on",
        "reconciliation.age",
        "reconciliation.state",
        "reconciliation.assigned",
        "reconciliation.resolution",
        "reconciliation.reason",
    ),
    _rows,
)
