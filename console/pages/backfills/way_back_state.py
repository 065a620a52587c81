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
from console.kit.page_state import PageState
from console.pages.backfills import rows, run_rows
from services import approvals, backfills
from services.approvals import RequestState
from services.backfills import BackfillState, Direction
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_DEEDS = frozenset({"back", "emergency"})
_OPEN = frozenset({RequestState.PENDING, RequestState.APPROVED})


class BackfillWayBack(PageState, rx.State):
    """The backfill of the address, on its way back or before it."""

    item: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    steps: rx.Field[list[str]] = rx.field(default_factory=list)
    progress: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    conflicts: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    seats: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    asking: str = ""
    moving: bool = False

    @event(Permission.BACKFILL_READ)
    async def load(self) -> None:
        if self._parameter("backfill_id") != self.item.get("id"):
            self._begin()
            self.asking = ""
        await self._read()

    @event(Permission.BACKFILL_READ)
    async def refresh(self) -> None:
        await self._read()

    @event(Permission.BACKFILL_RUN)
    async def ask(self, deed: str) -> None:
        self.asking = deed if deed in _DEEDS else ""

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.BACKFILL_RUN)
    async def take_back(self, form: dict[str, Any]) -> Any:
        return await self._take_back(form, emergency=False)

    @event(Permission.BACKFILL_RUN)
    async def at_once(self, form: dict[str, Any]) -> Any:
        return await self._take_back(form, emergency=True)

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
        self.conflicts = [run_rows.conflict_row(item, reader) for item in detail.conflicts]
        self.seats = rows.seat_rows(asked, reader)
        self.steps = [step.value for step in detail.next_steps]
        self.moving = waits or one.state in (BackfillState.ROLLING_BACK, BackfillState.RUNNING)
        if self.asking and BackfillState.ROLLING_BACK not in detail.next_steps:
            self.asking = ""
        self._done()


def _look(
    uow: UnitOfWork, *, backfill_id: uuid.UUID
) -> tuple[backfills.BackfillDetail, approvals.RequestDetail | None]:
    detail = backfills.backfill_detail(uow, backfill_id=backfill_id)
    request_id = detail.backfill.undo_request_id
    if request_id is None or not uow.actor.may(Permission.APPROVAL_READ):
        return detail, None
    return detail, approvals.request_detail(uow, request_id=request_id)
