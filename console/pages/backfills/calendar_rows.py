"""The release calendar as the reader reads it: days of a month, windows, freezes, changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict

from console import routes
from console.design.format import UNKNOWN, Reader
from services.backfills import CalendarView, ChangeView, FreezeView, GateView, WindowView
from services.core.clock import day_bounds

WEEK = 7
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class DayItem(TypedDict):
    day: str
    number: str
    title: str
    outside: str
    today: str
    state: str
    hours: str
    freezes: list[str]
    changes: list[dict[str, str]]


def days_shown(first: dt.date, *, week: bool) -> list[dt.date]:
    """Whole weeks from a Monday on: those of the month of `first`, or its week alone."""
    if week:
        monday = first - dt.timedelta(days=first.weekday())
        return [monday + dt.timedelta(days=number) for number in range(WEEK)]
    start = first.replace(day=1)
    monday = start - dt.timedelta(days=start.weekday())
    end = next_month(start)
    weeks = -(-(end - monday).days // WEEK)
    return [monday + dt.timedelta(days=number) for number in range(weeks * WEEK)]


def next_month(first: dt.date) -> dt.date:
    return (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def bounds(days: Sequence[dt.date], zone: str) -> tuple[dt.datetime, dt.datetime]:
    return day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1]


def day_items(
    found: CalendarView, days: Sequence[dt.date], month: int | None, today: dt.date, reader: Reader
) -> list[DayItem]:
    """One item a day; days of another month than `month` (where one is given) stand back."""
    return [_day(day, found, month, day == today, reader) for day in days]


def change_row(one: ChangeView, reader: Reader) -> dict[str, str]:
    return {
        "href": routes.to(routes.BACKFILL, backfill_id=one.backfill_id),
        "label": one.label,
        "title": one.title.of(reader.locale),
        "columns": f"{one.table}: {', '.join(one.columns)}",
        "state": one.state.value,
        "when": one.when.value,
        "starts": reader.moment(one.starts_at),
        "time": reader.time(one.starts_at),
        "ends": reader.moment(one.ends_at),
        "rows": UNKNOWN if one.rows is None else reader.number(one.rows),
        "by": one.by_name or UNKNOWN,
    }


def window_row(one: WindowView, reader: Reader) -> dict[str, str]:
    return {
        "id": str(one.id),
        "name": one.name,
        "days": _days(one.days, reader),
        "hours": f"{one.opens:%H:%M}–{one.closes:%H:%M}",
        "opens": f"{one.opens:%H:%M}",
        "closes": f"{one.closes:%H:%M}",
        "zone": one.time_zone,
        "entity": one.entity_name or reader.text("change_calendar.every_entity"),
        "entity_id": str(one.entity_id or ""),
        "version": str(one.version),
        **{f"d{number}": "yes" if number in one.days else "" for number in range(WEEK)},
    }


def freeze_row(one: FreezeView, now: dt.datetime, reader: Reader) -> dict[str, str]:
    over = one.ends_at <= now
    state = "lifted" if one.lifted_at else "over" if over else "holds" if one.starts_at <= now else "coming"
    return {
        "id": str(one.id),
        "reason": one.reason,
        "from": reader.moment(one.starts_at),
        "to": reader.moment(one.ends_at),
        "entity": one.entity_name or reader.text("change_calendar.every_entity"),
        "by": one.created_by_name,
        "state": state,
        "lifted": one.lifted_reason or "",
        "request": routes.to(routes.APPROVAL, request_id=one.lift_request_id) if one.lift_request_id else "",
    }


def gate_row(found: GateView, reader: Reader) -> dict[str, str]:
    """Whether work may begin now, in a sentence."""
    until = reader.moment(found.until) if found.until else ""
    key = f"change_calendar.gate_{found.gate.value}" + ("_until" if until else "")
    why = found.freeze.reason if found.freeze else ""
    is_open = "yes" if found.is_open else ""
    return {"gate": found.gate.value, "open": is_open, "said": reader.text(key, until=until, why=why)}


def _day(day: dt.date, found: CalendarView, month: int | None, is_today: bool, reader: Reader) -> DayItem:
    start, end = day_bounds(day, reader.time_zone)
    cut = [(max(one.start, start), min(one.end, end)) for one in found.open_spans]
    spans = [(opens, closes) for opens, closes in cut if opens < closes]
    holding = [one for one in found.freezes if one.lifted_at is None]
    freezes = [one.reason for one in holding if one.starts_at < end and one.ends_at > start]
    changes = [one for one in found.changes if one.starts_at < end and (one.ends_at or one.starts_at) >= start]
    limited = bool(found.windows)
    state = "frozen" if freezes else "open" if spans and limited else "free" if spans else "closed"
    hours = ", ".join(_hours(*one, end, reader) for one in spans) if limited or freezes else ""
    return DayItem(
        day=day.isoformat(),
        number=str(day.day),
        title=reader.long_date(day),
        outside="yes" if month is not None and day.month != month else "",
        today="yes" if is_today else "",
        state=state,
        hours=hours or reader.text(f"change_calendar.day_{state}"),
        freezes=freezes,
        changes=[change_row(one, reader) for one in changes],
    )


def _hours(opens: dt.datetime, closes: dt.datetime, end_of_day: dt.datetime, reader: Reader) -> str:
    return f"{reader.time(opens)}–{'24:00' if closes == end_of_day else reader.time(closes)}"


def _days(days: Sequence[int], reader: Reader) -> str:
    """Mon–Fri for a stretch, otherwise one by one."""
    names = [reader.text(f"calendar.{WEEKDAYS[number]}") for number in days]
    stretch = len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1))
    return f"{names[0]}–{names[-1]}" if stretch else ", ".join(names)
