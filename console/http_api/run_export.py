"""Runs as a file: what the filters of the page show."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from console.http_api.exports import Cell, Export
from services import runs
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_AT_ONCE = 1000


def _rows(uow: UnitOfWork, filters: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    state, kind = filters.get("state"), filters.get("kind")
    if state and state not in set(runs.RunState):
        raise Invalid(f"“{state}” is not a state of a run.")
    older: uuid.UUID | None = None
    while True:
        page = runs.list_runs(
            uow,
            states=[runs.RunState(state)] if state else (),
            kinds=[kind] if kind else (),
            text=filters.get("q", ""),
            older_than=older,
            limit=_AT_ONCE,
        )
        for run in page.rows:
            yield run.number, run.kind, run.state.value, run.started_by, run.created_at, run.finished_at, run.error
        older = page.older
        if older is None or len(page.rows) < _AT_ONCE:
            return


RUN_EXPORT = Export(
    "runs",
    Permission.RUN_READ,
    ("runs.run", "runs.kind", "runs.state", "runs.started_by", "runs.queued_at", "runs.ended_at", "runs.error"),
    _rows,
)
