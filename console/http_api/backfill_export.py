"""Backfills as a file: what the filters of the page show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import backfills
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_AT_ONCE = 500


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    stage = filters.get("stage")
    if stage and stage not in set(backfills.Stage):
        raise Invalid(f"“{stage}” is not a stage of a backfill.")
    wanted = backfills.BackfillFilter(
        backfills.Stage(stage) if stage else None, filters.get("definition"), filters.get("q", "")
    )
    older: uuid.UUID | None = None
    while True:
        page = backfills.list_backfills(uow, filter=wanted, older_than=older, limit=_AT_ONCE)
        for one in page.rows:
            when = one.created_at, one.started_at, one.ended_at
            yield one.label, one.definition, one.state.value, one.rows, one.created_by_name, *when
        older = page.older
        if older is None or len(page.rows) < _AT_ONCE:
            return


BACKFILL_EXPORT = Export(
    "backfills",
    Permission.BACKFILL_READ,
    (
        "backfills.number",
        "backfills.definition",
        "backfills.state",
        "backfills.rows",
        "backfills.author",
        "backfills.drafted",
        "backfills.started",
        "backfills.ended",
    ),
    _rows,
)
