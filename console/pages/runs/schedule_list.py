"""What starts by itself: a card a schedule, with its next five firings."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    badge,
    button,
    card,
    empty_state,
    facts,
    field,
    form_dialog,
    link,
    loading_or,
    mono,
    muted,
    page_header,
    row,
    select_input,
    text_input,
    trail_link,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.runs.parts import may
from console.pages.runs.schedule_list_state import ScheduleList
from services.core.permissions import Permission

_RULES = [(rule, t(f"runs.rule_{rule}")) for rule in ("daily", "interval", "cron")]
_CATCH_UP = [(policy, t(f"runs.catch_up_{policy}")) for policy in ("all", "last", "skip")]


@page(routes.SCHEDULES, title="runs.schedules", permission=Permission.RUN_READ, on_load=ScheduleList.load)
def schedule_list() -> rx.Component:
    cards = rx.el.div(rx.foreach(ScheduleList.items, _schedule), class_name="stack")
    none = card(empty_state(t("runs.schedules_none"), t("runs.schedules_none_body")), flush=True)
    return rx.fragment(
        page_header(t("runs.schedules"), meta=[t("runs.schedules_meta")]),
        loading_or(ScheduleList, rx.cond(ScheduleList.items.length() > 0, cards, none)),
        _dialog(),
    )


def _schedule(item: Any) -> rx.Component:
    state = rx.cond(
        item["paused"],
        badge(t("runs.state_paused"), mark="pause", tone="hold"),
        badge(t("runs.active"), mark="ok", tone="ok"),
    )
    return card(
        rx.el.div(
            facts(
                (t("runs.starts"), mono(item["kind"])),
                (t("runs.when"), item["rule"]),
                (t("runs.zone"), item["zone"]),
                (t("runs.catch_up"), item["catch_up"]),
                (t("runs.latest"), _latest(item)),
            ),
            rx.cond(item["paused"], muted(t("runs.coming_none")), _coming(item["coming"])),
            class_name="columns columns-half",
        ),
        title=item["code"],
        end=[state, trail_link(item["trail"]), rx.cond(may(Permission.SCHEDULE_EDIT), _actions(item), rx.fragment())],
    )


def _actions(item: Any) -> rx.Component:
    return row(
        rx.cond(
            item["paused"],
            button(t("runs.resume_schedule"), small=True, on_click=ScheduleList.resume(item["id"], item["code"])),
            button(t("runs.pause_schedule"), small=True, on_click=ScheduleList.pause(item["id"], item["code"])),
        ),
        button(t("runs.edit"), small=True, on_click=ScheduleList.edit(item["id"])),
    )


def _latest(item: Any) -> rx.Component:
    def draw(firing: Any) -> rx.Component:
        name = rx.cond(firing["href"], link(firing["text"], href=firing["href"]), firing["text"])
        return rx.el.div(name, " ", rx.el.span(firing["when"], class_name="num muted"))

    latest = item["latest"].to(list[dict[str, str]])
    shown = rx.el.div(rx.foreach(latest, draw), class_name="stack stack-xs")
    return rx.cond(latest.length() > 0, shown, muted(t("runs.latest_none")))


def _coming(firings: Any) -> rx.Component:
    return rx.el.div(
        rx.el.table(
            rx.el.caption(t("runs.coming"), class_name="visually-hidden"),
            rx.el.thead(
                rx.el.tr(rx.el.th(t("runs.coming"), scope="col"), rx.el.th(t("runs.utc"), scope="col")),
            ),
            rx.el.tbody(
                rx.foreach(
                    firings.to(list[dict[str, str]]),
                    lambda firing: rx.el.tr(
                        rx.el.td(firing["local"], class_name="num"), rx.el.td(firing["utc"], class_name="num muted")
                    ),
                )
            ),
            class_name="data-table data-table-dense",
        ),
        class_name="table-scroll",
    )


def _dialog() -> rx.Component:
    draft = ScheduleList.draft
    return form_dialog(
        field(t("runs.rule"), _select("rule", _RULES), name="rule"),
        rx.match(
            draft["rule"],
            ("daily", field(t("runs.daily_at"), _input("daily_at", "time"), name="daily_at")),
            ("interval", field(t("runs.every_seconds"), _input("every_seconds", "number"), name="every_seconds")),
            field(t("runs.cron"), _input("cron", "text"), name="cron", hint=t("runs.cron_hint")),
        ),
        field(t("runs.zone"), _input("time_zone", "text"), name="time_zone", error=ScheduleList.problem),
        field(t("runs.catch_up"), _select("catch_up", _CATCH_UP), name="catch_up"),
        rx.cond(ScheduleList.coming.length() > 0, _coming(ScheduleList.coming), rx.fragment()),
        field(t("runs.reason"), text_input(name="reason"), name="reason"),
        open_=ScheduleList.editing != "",
        on_open_change=ScheduleList.close,
        title=t("runs.edit_title", code=ScheduleList.code),
        act=rx.cond(
            ScheduleList.problem == "",
            button(t("runs.save"), kind="primary", submit=True, busy=ScheduleList.busy),
            rx.fragment(),
        ),
        on_submit=ScheduleList.save,
        keep=t("runs.not_now"),
    )


def _select(name: str, options: list[tuple[str, Any]]) -> rx.Component:
    return select_input(
        options, name=name, value=ScheduleList.draft[name], on_change=lambda value: ScheduleList.change(name, value)
    )


def _input(name: str, kind: str) -> rx.Component:
    return text_input(
        name=name,
        type=kind,
        default_value=ScheduleList.draft[name],
        on_change=lambda value: ScheduleList.change(name, value),
        required=True,
    )


SCHEDULE_LIST = schedule_list
