"""What the command palette finds among backfills: BF-0012, or part of a title or a definition."""

from __future__ import annotations

from console import routes
from console.design.texts import tr
from console.kit.palette import Hits, Search
from services import backfills
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_MOST = 5


def _find(uow: UnitOfWork, text: str, locale: str) -> Hits:
    page = backfills.list_backfills(uow, filter=backfills.BackfillFilter(text=text), limit=_MOST)
    return [
        (
            f"{row.label} {row.title.of(locale)}",
            tr(locale, f"backfills.state_{row.state.value}"),
            routes.to(routes.BACKFILL, backfill_id=row.id),
        )
        for row in page.rows
    ]


SEARCH = Search("shell.found_backfills", "database", Permission.BACKFILL_READ, _find)
