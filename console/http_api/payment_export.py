"""Payments as a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import identity, payments
from services.core.db import UnitOfWork
from services.core.permissions import Permission


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    codes = {one.id: one.code for one in identity.legal_entities(uow, permission=Permission.PAYMENT_READ)}
    for row in payments.payment_export(uow, selection=payments.Selection.from_address(filters)):
        yield (
            row.created_at,
            row.stripe_id,
            row.amount,
            row.refunded,
            row.status,
            row.method,
            row.country,
            row.failure,
            row.attempts,
            row.customer or row.customer_ref,
            row.invoice_ref,
            codes.get(row.entity_id, ""),
        )


PAYMENT_EXPORT = Export(
    "payments",
    Permission.PAYMENT_READ,
    (
        "payments.created",
        "payments.id",
        "payments.amount",
        "payments.refunded",
        "payments.status",
        "payments.method",
        "payments.country",
        "payments.failure",
        "payments.attempts",
        "payments.customer",
        "payments.invoice",
        "payments.entity",
    ),
    _rows,
)
