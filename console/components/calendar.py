"""A calendar of weeks that says what is known of each day."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import link
from console.components.icon import shape
from console.design.texts import t

_MARKS = {"proven": ("ok", "ok"), "gap": ("warn", "warn"), "awaited": ("wait", "info")}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def day_calendar(days: Any, *, label: Any) -> rx.Component:
    """Cells from a Monday on: dictionaries with `number`, `month` (where one begins), `state` (before, proven, rest,
    gap, awaited or ahead), `title` (the day and its state in words) and `href` (empty for none)."""
    heads = [
        rx.el.li(t(f"calendar.{name}"), class_name="calendar-head", custom_attrs={"aria-hidden": "true"})
        for name in _WEEKDAYS
    ]
    key = rx.el.div(
        *[rx.el.span(shape(*_MARKS[state]), t(f"calendar.{state}")) for state in _MARKS],
        class_name="calendar-key",
    )
    return rx.fragment(
        rx.el.ol(*heads, rx.foreach(days, _day), class_name="calendar", custom_attrs={"aria-label": label}), key
    )


def _day(day: Any) -> rx.Component:
    number = rx.el.span(
        day["number"], rx.cond(day["month"] != "", rx.el.span(day["month"], class_name="calendar-month"))
    )
    name = rx.cond(
        day["href"] != "",
        link(number, href=day["href"], custom_attrs={"aria-label": day["title"]}),
        rx.el.span(number, rx.el.span(day["title"], class_name="visually-hidden")),
    )
    mark = rx.match(day["state"], *[(state, shape(*look)) for state, look in _MARKS.items()], rx.fragment())
    return rx.el.li(
        name, mark, class_name="calendar-day", title=day["title"], custom_attrs={"data-state": day["state"]}
    )
