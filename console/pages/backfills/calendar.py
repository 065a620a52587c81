"""When changes may be made: windows, freezes, and what is planned, runs or ran."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    card,
    data_table,
    link,
    link_button,
    loading_or,
    muted,
    page_header,
    row,
    shape,
    stack,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.calendar_forms import dialogs
from console.pages.backfills.calendar_rows import WEEKDAYS
from console.pages.backfills.calendar_state import ReleaseCalendar as State
from console.pages.backfills.parts import WORDS, may, section_tabs, when
from services.core.permissions import Permission

_EDIT = Permission.BACKFILL_CALENDAR
_FREEZES = ("coming", "holds", "over", "lifted")
_FREEZE_LOOKS = {"coming": ("wait", ""), "holds": ("pause", "hold"), "over": ("ok", ""), "lifted": ("block", "")}


@page(routes.BACKFILL_CALENDAR, title="change_calendar.title", permission=Permission.BACKFILL_READ, on_load=State.load)
def calendar_page() -> rx.Component:
    new = row(
        button(t("change_calendar.new_window"), on_click=State.new("window"), icon_name="plus"),
        button(t("change_calendar.new_freeze"), on_click=State.new("freeze"), icon_name="lock"),
        wrap=True,
    )
    return rx.fragment(
        page_header(t("change_calendar.title"), meta=[t("change_calendar.meta")], actions=[when(may(_EDIT), new)]),
        section_tabs("calendar"),
        loading_or(State, stack(_gate(), _days(), _changes(), _windows(), _freezes()), lines=12),
        dialogs(),
    )


def _gate() -> rx.Component:
    said = State.gate["said"]
    return rx.match(
        State.gate["gate"],
        ("open", callout(said, tone="ok")),
        ("frozen", callout(said, tone="hold")),
        ("closed", callout(said, tone="warn")),
        callout(said, tone="info"),
    )


def _days() -> rx.Component:
    heads = [
        rx.el.li(t(f"calendar.{name}"), class_name="plan-head muted", custom_attrs={"aria-hidden": "true"})
        for name in WEEKDAYS
    ]
    grid = rx.el.ol(*heads, rx.foreach(State.days, _day), class_name="plan", custom_attrs={"aria-label": State.heading})
    place = State.places
    other = rx.cond(
        State.week,
        link_button(t("change_calendar.show_month"), href=place["month"], small=True),
        link_button(t("change_calendar.show_week"), href=place["week"], small=True),
    )
    moves = row(
        link_button(t("change_calendar.earlier"), href=place["before"], small=True, icon_name="chevron-left"),
        link_button(t("change_calendar.today"), href=place["today"], small=True),
        link_button(t("change_calendar.later"), href=place["after"], small=True, icon_name="chevron-right"),
        other,
        wrap=True,
    )
    return card(grid, _key(), title=State.heading, end=[moves])


def _key() -> rx.Component:
    marks = (("open", "ok", "ok"), ("closed", "block", ""), ("frozen", "pause", "hold"))
    return rx.el.div(
        *[rx.el.span(shape(mark, tone), t(f"change_calendar.key_{name}")) for name, mark, tone in marks],
        class_name="calendar-key",
    )


def _day(item: Any) -> rx.Component:
    mark = rx.match(
        item["state"],
        ("frozen", shape("pause", "hold")),
        ("open", shape("ok", "ok")),
        ("closed", shape("block")),
        rx.fragment(),
    )
    frozen = rx.foreach(
        item["freezes"].to(list[str]),
        lambda why: rx.el.span(why, class_name="plan-freeze tone-hold truncate", title=why),
    )
    changes = rx.foreach(item["changes"].to(list[dict[str, str]]), _entry)
    return rx.el.li(
        rx.el.span(
            rx.el.span(item["number"], class_name="plan-number num", custom_attrs={"aria-hidden": "true"}),
            rx.el.span(item["title"], class_name="plan-title visually-hidden"),
            mark,
            class_name="plan-day-head",
        ),
        rx.el.span(item["hours"], class_name="muted num"),
        frozen,
        changes,
        class_name="plan-day",
        custom_attrs={
            "data-state": item["state"],
            "data-outside": item["outside"],
            "aria-current": rx.cond(item["today"] != "", "date", "false"),
        },
    )


def _entry(item: Any) -> rx.Component:
    return link(
        rx.el.span(item["time"], class_name="num muted"),
        " ",
        item["label"],
        " ",
        item["title"],
        href=item["href"],
        class_name="plan-entry truncate",
        custom_attrs={"data-when": item["when"], "title": item["title"]},
    )


def _changes() -> rx.Component:
    columns = [
        Column(t("backfills.number"), lambda item: link(item["label"], href=item["href"]), card="meta"),
        Column(t("backfills.name"), lambda item: link(item["title"], href=item["href"]), card="title"),
        Column(t("change_calendar.columns"), lambda item: muted(item["columns"]), priority=3),
        Column(t("backfills.state"), lambda item: status(item["state"], WORDS), card="side"),
        Column(t("change_calendar.starts"), lambda item: rx.el.span(item["starts"], class_name="num"), card="full"),
        Column(t("change_calendar.ends"), lambda item: rx.el.span(item["ends"], class_name="num"), priority=2),
        Column(t("backfills.rows"), lambda item: rx.el.span(item["rows"], class_name="num"), amount=True, card="value"),
        Column(t("change_calendar.by"), lambda item: muted(item["by"]), priority=3),
    ]
    return _listed("changes", columns, State.changes)


def _windows() -> rx.Component:
    def deeds(item: Any) -> Any:
        edit = button(t("change_calendar.edit"), small=True, on_click=State.edit(item["id"]))
        gone = button(
            t("change_calendar.remove"),
            small=True,
            kind="quiet",
            on_click=State.ask("remove", item["id"], item["name"], item["version"]),
        )
        return when(may(_EDIT), row(edit, gone))

    columns = [
        Column(t("change_calendar.name"), lambda item: rx.el.strong(item["name"]), card="title"),
        Column(t("change_calendar.days"), lambda item: item["days"], card="meta"),
        Column(t("change_calendar.hours"), lambda item: rx.el.span(item["hours"], class_name="num"), card="value"),
        Column(t("change_calendar.zone"), lambda item: muted(item["zone"]), priority=2),
        Column(t("change_calendar.entity"), lambda item: item["entity"], priority=2, card="meta"),
        Column("", deeds, card="full"),
    ]
    return _listed("windows", columns, State.windows)


def _freezes() -> rx.Component:
    def deeds(item: Any) -> Any:
        lift = button(t("change_calendar.lift"), small=True, on_click=State.ask("lift", item["id"], item["reason"], ""))
        asked = link(t("backfills.to_request"), href=item["request"])
        live = (item["state"] == "holds") | (item["state"] == "coming")
        return when(live, rx.cond(item["request"] != "", asked, when(may(_EDIT), lift)))

    columns = [
        Column(t("change_calendar.reason"), lambda item: rx.el.strong(item["reason"]), card="title", wrap=True),
        Column(t("change_calendar.from"), lambda item: rx.el.span(item["from"], class_name="num"), card="meta"),
        Column(t("change_calendar.to"), lambda item: rx.el.span(item["to"], class_name="num"), card="meta"),
        Column(t("change_calendar.entity"), lambda item: item["entity"], priority=2),
        Column(t("change_calendar.by"), lambda item: muted(item["by"]), priority=3),
        Column(
            t("backfills.state"),
            lambda item: status(
                item["state"], {name: t(f"change_calendar.freeze_{name}") for name in _FREEZES}, extra=_FREEZE_LOOKS
            ),
            card="side",
        ),
        Column("", deeds, card="full"),
    ]
    return _listed("freezes", columns, State.freezes)


def _listed(name: str, columns: list[Column], rows: Any) -> rx.Component:
    none = rx.el.div(muted(t(f"change_calendar.no_{name}")), class_name="card-body")
    title = t(f"change_calendar.{name}")
    return card(rx.cond(rows.length() > 0, data_table(columns, rows, label=title), none), title=title, flush=True)


CALENDAR = calendar_page
