"""What the command palette finds among runs: a number, or a part of a kind."""

from __future__ import annotations

from console import routes
from console.kit.palette import Hits, Search
from services import runs
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_MOST = 5


def _find(uow: UnitOfWork, text: str, locale: str) -> Hits:  # noqa: ARG001 - a kind has one name in every language
    page = runs.list_runs(uow, text=text, limit=_MOST)
    return [(f"{row.number} {row.kind}", row.started_by, routes.to(routes.RUN, run_id=row.id)) for row in page.rows]


SEARCH = Search("shell.found_runs", "timer", Permission.RUN_READ, _find)
