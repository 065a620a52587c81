"""The registered definitions."""

from __future__ import annotations

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import PageState
from console.pages.backfills.rows import definition_row
from services import backfills
from services.core.permissions import Permission


class BackfillCatalogue(PageState, rx.State):
    """What can be run."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.BACKFILL_READ)
    async def load(self) -> None:
        found, reader = await backend.load(self, backfills.catalogue), await self._reader()
        self.rows = [definition_row(one, reader) for one in found]
        self._done()
