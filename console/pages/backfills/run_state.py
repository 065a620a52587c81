"""A backfill at work, followed while it moves."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.pages.backfills import rows, run_rows
from console.pages.backfills.asking import BackfillPage
from services import backfills
from services.backfills import BackfillDetail, BackfillState
from services.core.db import UnitOfWork
from services.core.permissions import Permission

FOLLOWED = frozenset(
    {
        BackfillState.RUNNING,
        BackfillState.PAUSED,
        BackfillState.VERIFYING,
        BackfillState.ROLLING_BACK,
        BackfillState.AWAITING_SIGNOFF,
    }
)


class BackfillRun(BackfillPage, rx.State):
    """The backfill of the address: how far it is, why it waits, and how it is steered."""

    progress: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    throttle: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    hold: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    load_now: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    aside: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    figure: rx.Field[dict[str, Any]] = rx.field(default_factory=dict)
    may_resume: bool = False

    @event(Permission.BACKFILL_RUN)
    async def ask(self) -> None:
        self.asking = "cancel"

    @event(Permission.BACKFILL_RUN)
    async def pause(self) -> Any:
        return await self._steer(backfills.pause, "backfill_run.said_paused")

    @event(Permission.BACKFILL_RUN)
    async def resume(self) -> Any:
        return await self._steer(backfills.resume, "backfill_run.said_resumed")

    @event(Permission.BACKFILL_RUN)
    async def cancel(self, form: dict[str, Any]) -> Any:
        said = await self._steer(backfills.cancel, "backfill_run.said_cancelled", reason=str(form.get("reason") or ""))
        self.asking = ""
        return said

    @event(Permission.BACKFILL_RUN)
    async def set_pace(self, pace: str) -> Any:
        return await self._steer(backfills.set_pace, "backfill_run.said_pace", pace=pace)

    @event(Permission.BACKFILL_RUN)
    async def follow(self, follow: bool) -> Any:
        return await self._steer(backfills.follow_windows, "backfill_run.said_follow", follow=follow)

    async def _steer(self, act: Callable[..., Any], said: str, **more: Any) -> Any:
        wanted: Any = self._parameter("backfill_id")
        await backend.call(self, act, backfill_id=wanted, **more)
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text(said, label=self.item["label"]))

    async def _read(self) -> None:
        wanted: Any = self._parameter("backfill_id")
        (found, now), reader = await backend.load(self, _look, backfill_id=wanted), await self._reader()
        one = found.backfill
        self.item = rows.head_row(one, reader) | {
            "pace": one.pace.value,
            "database": found.definition.database,
            "limit": reader.number(found.definition.quarantine_limit),
            "follow": "yes" if one.follow_windows else "",
            "run": routes.to(routes.RUN, run_id=one.run_id) if one.run_id else "",
            "over": "" if one.state in FOLLOWED else "yes",
        }
        if found.progress is not None:
            self.progress = run_rows.progress_row(one, found.progress, reader)
            self.figure = run_rows.batch_chart(one, found.progress, reader)
        self.throttle = run_rows.throttle_row(one.throttle, found.definition.database, reader)
        self.hold = run_rows.hold_row(one.hold, reader)
        self.load_now = run_rows.load_rows(found.load, reader)
        self.aside = [run_rows.aside_row(item, reader) for item in found.quarantine]
        self.steps = [step.value for step in found.next_steps]
        self.moving = one.state in FOLLOWED
        self.may_resume = _may_resume(found, now)
        if BackfillState.CANCELLED not in found.next_steps:
            self.asking = ""
        self._done()


def _look(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> tuple[BackfillDetail, dt.datetime]:
    return backfills.backfill_detail(uow, backfill_id=backfill_id), uow.clock.now()


def _may_resume(found: BackfillDetail, now: dt.datetime) -> bool:
    """Whether going on can succeed: not while the calendar holds it."""
    one = found.backfill
    if one.state not in (BackfillState.PAUSED, BackfillState.FAILED):
        return False
    hold = one.hold or {}
    if one.state is BackfillState.FAILED or hold.get("by") in (None, "person"):
        return True
    opens = hold.get("opens_at")
    return opens is not None and dt.datetime.fromisoformat(opens) <= now
