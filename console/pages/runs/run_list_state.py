"""The list of runs, as the address narrows it."""

from __future__ import annotations

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.runs.rows import run_row
from services import runs
from services.core.permissions import Permission


class RunList(ListState, rx.State):
    """Runs of the chosen entities, newest first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    kinds: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    live: bool = False

    @event(Permission.RUN_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        found = await backend.load(
            self,
            runs.list_runs,
            states=[query["state"]] if query.get("state") else [],  # pyright: ignore[reportArgumentType]
            kinds=[query["kind"]] if query.get("kind") else [],
            text=query.get("q", ""),
            older_than=query.get("after"),  # pyright: ignore[reportArgumentType]
            newer_than=query.get("before"),  # pyright: ignore[reportArgumentType]
            limit=PAGE_SIZE,
        )
        shell = await self.get_state(Shell)
        entities = {item["id"]: item["code"] for item in shell.entities}
        self.rows = [run_row(item, reader, entities) for item in found.rows]
        self.kinds = [{"value": kind.name, "label": kind.name} for kind in runs.declared_kinds()]
        self.live = "after" not in query and "before" not in query
        self._listed(newer=str(found.newer or ""), older=str(found.older or ""))
