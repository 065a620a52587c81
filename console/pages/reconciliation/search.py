"""What the command palette finds among breaks: B-10001, or the key of one side."""

from __future__ import annotations

from console import routes
from console.design.texts import tr
from console.kit.palette import Hits, Search
from services import reconciliation
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation import BreakFilter

_MOST = 5


def _find(uow: UnitOfWork, text: str, locale: str) -> Hits:
    page = reconciliation.list_breaks(uow, filter=BreakFilter(text=text), sort="number", limit=_MOST)
    return [
        (row.name, tr(locale, f"reconciliation.class_{row.break_class}"), routes.to(routes.BREAK, break_id=row.name))
        for row in page.rows
    ]


SEARCH = Search("shell.found_breaks", "scale", Permission.RECONCILIATION_READ, _find)
