"""The queue of breaks, over all runs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend, session
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.reconciliation import rows
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import BreakFilter


class BreakQueue(ListState, rx.State):
    """Breaks of the chosen entities; what is not resolved unless the address says otherwise."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    causes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    me: str = ""
    matching: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        page = await backend.load(
            self,
            reconciliation.list_breaks,
            filter=BreakFilter.from_address(query),
            sort=query.get("sort", "delta"),
            descending=query.get("dir") != "asc",
            limit=PAGE_SIZE,
            offset=rows.offset_of(query),
        )
        self.rows = [rows.break_row(item, reader) for item in page.rows]
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        found = await backend.load(self, reconciliation.recurring_causes, limit=5)
        self.causes = [rows.cause_row(item, reader) for item in found]
        self.me = str(session.PRINCIPAL.get().actor.id or "")
        self._listed(range_label=rows.range_of(page, reader), **rows.place(page, PAGE_SIZE))

    @event(Permission.BREAK_WORK)
    async def take(self) -> Any:
        """Gives the selected breaks to the reader, all or none."""
        chosen: Any = self.selected
        me: Any = session.PRINCIPAL.get().actor.id
        count = await backend.call(self, reconciliation.assign_breaks, numbers=chosen, person_id=me)
        reader = await self._reader()
        yield Notices.show("ok", reader.text("breakwork.taken", count=count))
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def ask(self) -> None:
        self.matching = True

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.matching = bool(open_)

    @event(Permission.BREAK_WORK)
    async def match(self, form: dict[str, Any]) -> Any:
        """Says that the selected breaks belong together."""
        chosen: Any = self.selected
        reason = str(form.get("reason", ""))
        await backend.call(self, reconciliation.match_by_hand, numbers=chosen, reason=reason)
        self.matching = False
        reader = await self._reader()
        yield Notices.show("ok", reader.text("breakwork.matched"))
        yield BreakQueue.load
