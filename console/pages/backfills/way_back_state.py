"""Taking a backfill back: asked for, at once in an emergency, and what was edited since."""

from __future__ import annotations

import uuid
from typing import Any

import reflex as rx

from console import routes
from console.design.format import UNKNOWN
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.pages.backfills import rows, run_rows
from console.pages.backfills.asking import BackfillPage
from services import approvals, backfills
from services.approvals import RequestState
from services.backfills import BackfillState, Direction
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_DEEDS = frozenset({"back", "emergency"})
_SETTLING = frozenset(backfills.Settlement)
_MOST = 1_000
_OPEN = frozenset({RequestState.PENDING, RequestState.APPROVED})


class BackfillWayBack(BackfillPage, rx.State):
    """The backfill of the address, on its way back or before it."""

    progress: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    conflicts: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    key: str = ""  # the conflict that the dialog is about; empty for all open ones
    last: str = ""
    open_conflicts: str = ""

    @event(Permission.BACKFILL_RUN)
    async def ask(self, deed: str) -> None:
        self.asking = deed if deed in _DEEDS else ""

    @event(Permission.BACKFILL_RUN)
    async def take_back(self, form: dict[str, Any]) -> Any:
        return await self._take_back(form, emergency=False)

    @event(Permission.BACKFILL_RUN)
    async def at_once(self, form: dict[str, Any]) -> Any:
        return await self._take_back(form, emergency=True)

    @event(Permission.BACKFILL_RUN)
    async def ask_settle(self, how: str, key: str) -> None:
        self.asking, self.key = (how if how in _SETTLING else ""), str(key)[:200]

    @event(Permission.BACKFILL_RUN)
    async def settle(self, form: dict[str, Any]) -> Any:
        wanted: Any = {
            "backfill_id": self._parameter("backfill_id"),
            "how": self.asking,
            "reason": str(form.get("reason") or ""),
            "keys": [self.key] if self.key else None,
        }
        done = await backend.call(self, backfills.settle_conflicts, **wanted)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        said = reader.text("backfill_run.said_settled", count=reader.number(done.settled))
        left = reader.text("backfill_run.said_left", count=reader.number(done.left)) if done.left else ""
        return Notices.show("warn" if done.left else "ok", said, left)

    @event(Permission.BACKFILL_READ)
    async def more(self) -> None:
        """The next page of conflicts stands below those that are shown."""
        await self._read_conflicts(self.last)

    async def _take_back(self, form: dict[str, Any], *, emergency: bool) -> Any:
        wanted: Any = self._parameter("backfill_id")
        reason = str(form.get("reason") or "")
        asked = await backend.call(self, backfills.roll_back, backfill_id=wanted, reason=reason, emergency=emergency)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        key = "backfill_run.said_going_back" if asked is None else "backfill_run.said_back_asked"
        return Notices.show("ok", reader.text(key, label=self.item["label"]))

    async def _read(self) -> None:
        wanted: Any = self._parameter("backfill_id")
        (detail, asked), reader = await backend.load(self, _look, backfill_id=wanted), await self._reader()
        one, progress = detail.backfill, detail.progress
        waits = asked is not None and asked.request.state in _OPEN
        self.item = rows.head_row(one, reader) | {
            "undoable": "yes" if detail.definition.undoable else "",
            "changed": reader.number(progress.changed) if progress else UNKNOWN,
            "reason": one.undo_reason or "",
            "emergency": one.emergency_by_name or "",
            "waits": "yes" if waits else "",
            "asked": routes.to(routes.APPROVAL, request_id=asked.request.id) if asked else "",
        }
        back = progress is not None and progress.direction is Direction.BACK
        self.progress = run_rows.progress_row(one, progress, reader) if back and progress else {}
        self.seats = rows.seat_rows(asked, reader)
        self.steps = [step.value for step in detail.next_steps]
        self.moving = waits or one.state in (BackfillState.ROLLING_BACK, BackfillState.RUNNING)
        if self.asking in _DEEDS and BackfillState.ROLLING_BACK not in detail.next_steps:
            self.asking = ""
        if progress is not None and progress.conflicts:
            await self._read_conflicts("")
        self._done()

    async def _read_conflicts(self, after: str) -> None:
        wanted: Any = self._parameter("backfill_id")
        found = await backend.load(self, backfills.conflicts, backfill_id=wanted, after=after or None)
        reader = await self._reader()
        rows_now = [run_rows.conflict_row(one, reader) for one in found.rows]
        self.conflicts = ([*self.conflicts, *rows_now] if after else rows_now)[:_MOST]
        self.last = (found.last or "") if len(self.conflicts) < _MOST else ""
        self.open_conflicts = reader.number(found.open) if found.open else ""


def _look(
    uow: UnitOfWork, *, backfill_id: uuid.UUID
) -> tuple[backfills.BackfillDetail, approvals.RequestDetail | None]:
    detail = backfills.backfill_detail(uow, backfill_id=backfill_id)
    request_id = detail.backfill.undo_request_id
    if request_id is None or not uow.actor.may(Permission.APPROVAL_READ):
        return detail, None
    return detail, approvals.request_detail(uow, request_id=request_id)
