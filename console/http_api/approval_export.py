"""Requests as a file: what the filters of the page show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import approvals
from services.approvals import RequestFilter
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_AT_ONCE = 500


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    wanted = RequestFilter.from_address(filters, "Europe/Berlin")
    older: uuid.UUID | None = None
    while True:
        page = approvals.requests(uow, filter=wanted, older_than=older, limit=_AT_ONCE)
        for item in page.requests:
            yield (
                f"A-{item.number}",
                item.kind,
                item.title.en,
                item.requested_by_name,
                item.requested_at,
                item.amount,
                item.amount.currency if item.amount else None,
                item.rows,
                f"{item.votes}/{item.seats}",
                item.expires_at,
                item.state.value,
                item.ended_by_name,
                item.digest,
            )
        older = page.older
        if older is None or len(page.requests) < _AT_ONCE:
            return


APPROVAL_EXPORT = Export(
    "approvals",
    Permission.APPROVAL_READ,
    (
        "approvals.number",
        "approvals.kind",
        "approvals.what",
        "approvals.asked_by",
        "approvals.asked_at",
        "approvals.amount",
        "approvals.currency",
        "approvals.rows",
        "approvals.agreements",
        "approvals.expires",
        "approvals.state",
        "approvals.ended_by",
        "approvals.digest",
    ),
    _rows,
)
