"""The release calendar of a month or a week, and its windows and freezes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.backfills import calendar_rows
from console.pages.backfills.calendar_rows import WEEK, DayItem
from services import backfills
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_EDIT = Permission.BACKFILL_CALENDAR
_DIALOGS = frozenset({"window", "freeze"})
_NEW = {"name": "", "opens": "20:00", "closes": "23:00", "zone": "", "entity_id": "", "id": "", "version": ""}


@dataclass(frozen=True)
class Seen:
    """What one crossing brings: the days that are shown around `day`, and the calendar of them."""

    day: dt.date
    week: bool
    today: dt.date
    now: dt.datetime
    days: list[dt.date]
    calendar: backfills.CalendarView


class ReleaseCalendar(PageState, rx.State):
    """What the address asks for: `month=2026-11`, or `week=2026-11-23`."""

    heading: str = ""
    week: bool = False
    days: rx.Field[list[DayItem]] = rx.field(default_factory=list)
    changes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    windows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    freezes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    gate: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    places: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    asking: str = ""
    chosen: rx.Field[dict[str, str]] = rx.field(default_factory=dict)

    @event(Permission.BACKFILL_READ)
    async def load(self) -> None:
        reader = await self._reader()
        seen = await backend.load(self, _look, query=self._query(), zone=reader.time_zone)
        found, month = seen.calendar, None if seen.week else seen.day.month
        self.days = calendar_rows.day_items(found, seen.days, month, seen.today, reader)
        self.changes = [calendar_rows.change_row(one, reader) for one in found.changes]
        self.windows = [calendar_rows.window_row(one, reader) for one in found.windows]
        self.freezes = [calendar_rows.freeze_row(one, seen.now, reader) for one in found.freezes]
        self.gate = calendar_rows.gate_row(found.now, reader)
        monday = reader.text("change_calendar.week_of", day=reader.date(seen.days[0]))
        self.week, self.heading = seen.week, monday if seen.week else reader.whole_month(seen.day)
        self.places = _places(seen.day, seen.today, week=seen.week)
        self._done()

    @event(_EDIT)
    async def new(self, what: str) -> None:
        self.asking, self.chosen = (what if what in _DIALOGS else ""), dict(_NEW)

    @event(_EDIT)
    async def edit(self, window_id: str) -> None:
        for row in self.windows:
            if row["id"] == window_id:
                self.asking, self.chosen = "window", dict(row)

    @event(_EDIT)
    async def ask(self, deed: str, record: str, name: str, version: str) -> None:
        """Before a window is removed or a freeze lifted."""
        self.asking = deed if deed in ("remove", "lift") else ""
        self.chosen = {"id": str(record)[:40], "name": str(name)[:200], "version": str(version)[:10]}

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(_EDIT)
    async def save_window(self, form: dict[str, Any]) -> Any:
        draft: Any = {
            "name": str(form.get("name") or ""),
            "days": [number for number in range(WEEK) if form.get(f"d{number}")],
            "opens": str(form.get("opens") or ""),
            "closes": str(form.get("closes") or ""),
            "time_zone": str(form.get("zone") or "").strip() or None,
            "entity_id": str(form.get("entity") or "") or None,
        }
        which: Any = {"window_id": self.chosen.get("id"), "version": self.chosen.get("version")}
        if self.chosen.get("id"):
            await backend.call(self, backfills.change_window, window=draft, **which)
        else:
            await backend.call(self, backfills.add_window, window=draft)
        return await self._said("change_calendar.said_window", draft["name"])

    @event(_EDIT)
    async def remove(self) -> Any:
        which: Any = {"window_id": self.chosen.get("id"), "version": self.chosen.get("version")}
        await backend.call(self, backfills.remove_window, **which)
        return await self._said("change_calendar.said_removed", self.chosen.get("name", ""))

    @event(_EDIT)
    async def save_freeze(self, form: dict[str, Any]) -> Any:
        zone = (await self._reader()).time_zone
        wanted: Any = {
            "reason": str(form.get("reason") or ""),
            "starts_at": _local(form.get("from"), zone),
            "ends_at": _local(form.get("to"), zone),
            "entity_id": str(form.get("entity") or "") or None,
        }
        await backend.call(self, backfills.add_freeze, **wanted)
        return await self._said("change_calendar.said_freeze", wanted["reason"])

    @event(_EDIT)
    async def lift(self, form: dict[str, Any]) -> Any:
        wanted: Any = {"freeze_id": self.chosen.get("id"), "reason": str(form.get("reason") or "")}
        asked = await backend.call(self, backfills.lift_freeze, **wanted)
        key = "change_calendar.said_lifted" if asked is None else "change_calendar.said_lift_asked"
        return await self._said(key, self.chosen.get("name", ""))

    async def _said(self, key: str, name: str) -> Any:
        self.asking = ""
        reader = await self._reader()
        return [Notices.show("ok", reader.text(key, name=name)), ReleaseCalendar.load]


def _look(uow: UnitOfWork, *, query: dict[str, str], zone: str) -> Seen:
    now = uow.clock.now()
    today = now.astimezone(ZoneInfo(zone)).date()
    day, week = _asked(query, today)
    days = calendar_rows.days_shown(day, week=week)
    start, end = calendar_rows.bounds(days, zone)
    return Seen(day, week, today, now, days, backfills.calendar(uow, start=start, end=end))


def _asked(query: dict[str, str], today: dt.date) -> tuple[dt.date, bool]:
    """The day in the middle of what is asked for, and whether its week is. Raises Invalid for what is no day."""
    try:
        if week := query.get("week"):
            return dt.date.fromisoformat(week), True
        month = query.get("month")
        return (dt.date.fromisoformat(f"{month}-01") if month else today), False
    except ValueError:
        raise Invalid("This address does not hold a month of the calendar; start again without it.") from None


def _places(day: dt.date, today: dt.date, *, week: bool) -> dict[str, str]:
    """Where the arrows, today and the other view lead."""
    if week:
        step = dt.timedelta(days=WEEK)
        return {
            "before": _at("week", (day - step).isoformat()),
            "after": _at("week", (day + step).isoformat()),
            "today": _at("week", today.isoformat()),
            "month": _at("month", f"{day:%Y-%m}"),
            "week": _at("week", day.isoformat()),
        }
    former = day.replace(day=1) - dt.timedelta(days=1)
    near = today if (today.year, today.month) == (day.year, day.month) else day.replace(day=1)
    return {
        "before": _at("month", f"{former:%Y-%m}"),
        "after": _at("month", f"{calendar_rows.next_month(day):%Y-%m}"),
        "today": _at("month", f"{today:%Y-%m}"),
        "month": _at("month", f"{day:%Y-%m}"),
        "week": _at("week", near.isoformat()),
    }


def _at(name: str, value: str) -> str:
    return routes.to(routes.BACKFILL_CALENDAR, query={name: value})


def _local(text: Any, zone: str) -> dt.datetime:
    """What was typed, as a moment in the reader's time zone. Raises Invalid."""
    try:
        return dt.datetime.fromisoformat(str(text or "")).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise Invalid("A freeze needs a day and a time for its beginning and its end.") from None
