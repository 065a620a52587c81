"""Schedules: what starts by itself, and changing when."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx

from console.design.texts import tr
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.trail import trail_href
from console.pages.runs import rows
from services import runs
from services.core.permissions import Permission

_FIELDS = frozenset({"rule", "daily_at", "every_seconds", "cron", "time_zone", "catch_up"})


class ScheduleItem(TypedDict):
    id: str
    trail: str
    code: str
    kind: str
    rule: str
    zone: str
    catch_up: str
    paused: bool
    coming: list[dict[str, str]]
    latest: list[dict[str, str]]


class ScheduleList(PageState, rx.State):
    """All schedules; one of them in the dialog, with a preview of what is typed."""

    items: rx.Field[list[ScheduleItem]] = rx.field(default_factory=list)
    editing: str = ""
    code: str = ""
    draft: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    coming: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    problem: str = ""

    @event(Permission.RUN_READ)
    async def load(self) -> None:
        found = await backend.load(self, runs.list_schedules)
        reader = await self._reader()
        self.items = [
            ScheduleItem(
                id=str(item.id),
                trail=trail_href("schedule", str(item.id)),
                code=item.code,
                kind=item.kind,
                rule=rows.rule_words(item, reader),
                zone=item.time_zone,
                catch_up=reader.text(f"runs.catch_up_{item.catch_up}"),
                paused=item.paused,
                coming=[rows.firing_row(firing, reader) for firing in item.coming],
                latest=[rows.past_row(firing, reader) for firing in item.latest],
            )
            for item in found
        ]
        self._done()

    @event(Permission.SCHEDULE_EDIT)
    async def edit(self, schedule_id: str) -> None:
        wanted: Any = schedule_id
        (found,) = await backend.call(self, runs.list_schedules, schedule_id=wanted)
        self.editing, self.code = str(found.id), found.code
        self.draft = {
            "version": str(found.version),
            "rule": found.rule.value,
            "daily_at": f"{found.daily_at:%H:%M}" if found.daily_at else "02:00",
            "every_seconds": str(found.every_seconds or 3600),
            "cron": found.cron or "30 2 * * mon-fri",
            "time_zone": found.time_zone,
            "catch_up": found.catch_up.value,
        }
        await self._preview()

    @event(Permission.SCHEDULE_EDIT)
    async def change(self, name: str, value: str) -> None:
        """One field of the dialog changed; the preview follows."""
        if name in _FIELDS:
            self.draft = self.draft | {name: str(value)[:100]}
            await self._preview()

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.editing = self.editing if open_ else ""

    @event(Permission.SCHEDULE_EDIT)
    async def save(self, form: dict[str, Any]) -> Any:
        edited: Any = {
            "schedule_id": self.editing,
            "version": self.draft["version"],
            "catch_up": self.draft["catch_up"],
            "reason": str(form.get("reason", "")) or None,
            **self._rule(),
        }
        await backend.call(self, runs.change_rule, **edited)
        self.editing = ""
        reader = await self._reader()
        return [Notices.show("ok", reader.text("runs.said_saved", code=self.code)), ScheduleList.load]

    @event(Permission.SCHEDULE_EDIT)
    async def pause(self, schedule_id: str, code: str) -> Any:
        wanted: Any = schedule_id
        await backend.call(self, runs.pause_schedule, schedule_id=wanted)
        reader = await self._reader()
        return [Notices.show("ok", reader.text("runs.said_schedule_paused", code=code)), ScheduleList.load]

    @event(Permission.SCHEDULE_EDIT)
    async def resume(self, schedule_id: str, code: str) -> Any:
        wanted: Any = schedule_id
        await backend.call(self, runs.resume_schedule, schedule_id=wanted)
        reader = await self._reader()
        return [Notices.show("ok", reader.text("runs.said_schedule_resumed", code=code)), ScheduleList.load]

    def _rule(self) -> dict[str, Any]:
        """The one field of the draft that its rule asks for, and the zone."""
        field = {"daily": "daily_at", "interval": "every_seconds"}.get(self.draft["rule"], "cron")
        return {"time_zone": self.draft["time_zone"].strip(), field: self.draft[field] or None}

    async def _preview(self) -> None:
        found = await backend.call(self, runs.preview, **self._rule())
        reader = await self._reader()
        self.coming = [rows.firing_row(firing, reader) for firing in found.coming]
        key = f"errors.code_{found.problem}"
        data = {name: str(value) for name, value in found.data.items()}
        self.problem = tr(reader.locale, key, default=found.sentence, **data) if found.problem else ""
