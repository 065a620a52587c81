"""The overview: each definition in each legal entity, and the runs before."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.reconciliation.rows import pairing_row, percent, run_row
from services import reconciliation
from services.core.permissions import Permission


class ReconciliationOverview(PageState, rx.State):
    """Last runs, deviation against the limit, trend."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    history: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    limit: str = ""
    running: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        await self._show()
        self._done()

    @event(Permission.RECONCILIATION_READ)
    async def refresh(self) -> None:
        """What moves while runs are under way."""
        await self._show()

    @event(Permission.RECONCILIATION_RUN)
    async def start(self, definition: str, entity_id: str) -> Any:
        """Queues one reconciliation and shows it at work."""
        job = await backend.call(self, reconciliation.start_run, definition=definition, entity_id=entity_id)  # pyright: ignore[reportArgumentType]
        return rx.redirect(routes.to(routes.RECONCILIATION_RUN, reconciliation_id=job))

    @event(Permission.RECONCILIATION_RUN)
    async def start_chain(self) -> Any:
        """Queues what the night does: sync, imports, both reconciliations."""
        await backend.call(self, reconciliation.start_chain)
        reader = await self._reader()
        yield Notices.show("ok", reader.text("reconciliation.run_all_done"))
        yield ReconciliationOverview.load

    async def _show(self) -> None:
        found = await backend.load(self, reconciliation.overview)
        reader = await self._reader()
        self.rows = [pairing_row(item, reader) for item in found.pairings]
        self.history = [run_row(run, found.names[run.entity_id], reader) for run in found.history]
        self.limit = percent(found.limit_ppm, reader)
        self.running = any(item.underway for item in found.pairings)
