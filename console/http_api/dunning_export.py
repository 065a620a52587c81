"""The list of invoices as a file: the same filter, every row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from console.http_api.exports import Cell, Export
from services import dunning
from services.core.db import UnitOfWork
from services.core.money import Money
from services.core.permissions import Permission

_PIECE = 500


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[Sequence[Cell]]:
    filter_ = dunning.InvoiceFilter.from_address(filters)
    after: str | None = None
    while page := dunning.invoices(uow, filter_=filter_, after=after, limit=_PIECE):
        for row in page:
            yield (
                row.number,
                row.invoice_ref,
                row.customer_name or row.customer_ref,
                Money(row.owed_minor, row.currency),
                row.currency,
                row.due_on,
                row.age_days,
                row.failed_attempts,
                row.reason,
                row.last_failed_at,
                row.method,
                row.status,
                row.paid_at,
            )
        after = page[-1].cursor if len(page) == _PIECE else None
        if after is None:
            return


DUNNING_EXPORT = Export(
    "dunning_invoices",
    Permission.DUNNING_READ,
    (
        "dunning.number",
        "dunning.stripe_id",
        "dunning.customer",
        "dunning.owed",
        "dunning.currency",
        "dunning.due",
        "dunning.age",
        "dunning.attempts",
        "dunning.reason",
        "dunning.last_failed",
        "dunning.method",
        "dunning.state",
        "dunning.paid_at",
    ),
    _rows,
)
