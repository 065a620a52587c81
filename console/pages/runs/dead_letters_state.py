"""Runs that failed for good, and putting them back into the queue."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.runs.rows import run_row
from services import runs
from services.core.permissions import Permission


class DeadLetters(ListState, rx.State):
    """Dead letters of the chosen entities, newest first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.RUN_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        found = await backend.load(
            self,
            runs.list_runs,
            states=[runs.RunState.DEAD],
            text=query.get("q", ""),
            older_than=query.get("after"),  # pyright: ignore[reportArgumentType]
            newer_than=query.get("before"),  # pyright: ignore[reportArgumentType]
            limit=PAGE_SIZE,
        )
        shell = await self.get_state(Shell)
        entities = {item["id"]: item["code"] for item in shell.entities}
        self.rows = [run_row(item, reader, entities) for item in found.rows]
        self._listed(newer=str(found.newer or ""), older=str(found.older or ""))

    @event(Permission.RUN_CONTROL)
    async def replay(self) -> Any:
        """Puts the selected runs back into the queue, all or none."""
        chosen: Any = self.selected
        count = await backend.call(self, runs.replay, run_ids=chosen)
        reader = await self._reader()
        return [Notices.show("ok", reader.text("runs.said_replayed", count=reader.number(count))), DeadLetters.load]
