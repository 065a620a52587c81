"""The report of an access review as a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    try:
        review_id = uuid.UUID(filters.get("review", ""))
    except ValueError:
        raise Invalid("The address has to name a review.") from None
    for item in identity.review_items(uow, review_id=review_id):
        yield (
            item.person,
            item.email,
            item.role,
            item.entity,
            item.last_sign_in_at,
            item.reviewer,
            item.decision,
            item.decider,
            item.decided_at,
            "yes" if item.late else "",
            item.note,
        )


REVIEW_EXPORT = Export(
    "access-review",
    Permission.REVIEW_READ,
    (
        "access.name",
        "access.email",
        "access.role",
        "access.entity",
        "access.last_sign_in",
        "access.reviewer",
        "access.decision",
        "access.decided_by",
        "access.decided_at",
        "access.late",
        "access.note",
    ),
    _rows,
)
