"""One run: what it is, what it does right now, and what may be asked of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.shell_state import Shell
from console.kit.trail import trail_href, trail_rows
from console.pages.runs import rows
from services import audit, runs
from services.core.permissions import Permission

_LOG_LINES = 100
_ENDED = frozenset({"succeeded", "dead", "cancelled"})


class RunRecord(PageState, rx.State):
    """The run of the address; asked anew every two seconds until it has ended."""

    run: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    attempts: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    log: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    waits_for: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    waited_for_by: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    events: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail_href: str = ""
    live: bool = False
    asking: bool = False

    @event(Permission.RUN_READ)
    async def load(self) -> None:
        await self._read()

    @event(Permission.RUN_CONTROL)
    async def pause(self) -> Any:
        return await self._steer(runs.pause, "runs.said_paused")

    @event(Permission.RUN_CONTROL)
    async def resume(self) -> Any:
        return await self._steer(runs.resume, "runs.said_resumed")

    @event(Permission.RUN_CONTROL)
    async def retry(self) -> Any:
        return await self._steer(runs.retry, "runs.said_retried")

    @event(Permission.RUN_CONTROL)
    async def ask(self) -> None:
        self.asking = True

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking and open_

    @event(Permission.RUN_CONTROL)
    async def cancel(self, form: dict[str, Any]) -> Any:
        said = await self._steer(runs.cancel, "runs.said_cancelled", reason=str(form.get("reason", "")))
        self.asking = False
        return said

    async def _steer(self, wish: Callable[..., runs.RunState], said: str, **more: str) -> Any:
        run_id: Any = self._parameter("run_id")
        await backend.call(self, wish, run_id=run_id, **more)
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text(said, number=self.run["number"]))

    async def _read(self) -> None:
        run_id: Any = self._parameter("run_id")
        found = await backend.load(self, runs.run_detail, run_id=run_id, log_lines=_LOG_LINES)
        reader, shell = await self._reader(), await self.get_state(Shell)
        self.run = rows.detail(found, reader, {item["id"]: item["name"] for item in shell.entities})
        self.attempts = [rows.attempt_row(item, reader) for item in reversed(found.attempts)]
        self.log = [rows.log_row(item, reader) for item in found.log]
        self.waits_for = [rows.link_row(item) for item in found.waits_for]
        self.waited_for_by = [rows.link_row(item) for item in found.waited_for_by]
        self.events = rows.story(found, reader)
        deeds = await backend.load(
            self, audit.trail, subject_type="run", subject_id=run_id, permission=Permission.RUN_READ
        )
        self.trail, self.trail_href = trail_rows(deeds, reader), trail_href("run", run_id)
        self.live = found.run.state.value not in _ENDED
        self._done()
