"""What the audit page shows: one page of the log, and one entry beside it."""

from __future__ import annotations

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.audit.rows import changes, entry_detail, entry_row
from services import audit
from services.audit import AuditFilter
from services.core.permissions import Permission


class AuditLog(ListState, rx.State):
    """The log as the address narrows it."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entry: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    changes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.AUDIT_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        found = await backend.load(
            self,
            audit.search,
            filter=AuditFilter.from_address(query, reader.time_zone),
            older_than=query.get("after"),
            newer_than=query.get("before"),
            limit=PAGE_SIZE,
        )
        self.rows = [entry_row(item, reader) for item in found.entries]
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        self.entry, self.changes = {}, []
        self._listed(
            range_label=reader.text("audit.range", count=reader.number(len(found.entries))),
            newer=found.newer or "",
            older=found.older or "",
        )

    @event(Permission.AUDIT_READ)
    async def open_entry(self, entry_id: str) -> None:
        """Shows one entry in full beside the list."""
        found = await backend.call(self, audit.entry, entry_id=entry_id)
        reader = await self._reader()
        names = {item["value"]: item["label"] for item in self.entities}
        self.entry, self.changes = entry_detail(found, reader, names), changes(found, reader)

    @event(Permission.SELF)
    async def close_entry(self) -> None:
        self.entry, self.changes = {}, []
