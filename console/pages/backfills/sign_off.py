"""The change as a whole: the sign-off of Dev, Ops and Finance, its announcement, the flag, and its trail."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    confirm,
    data_table,
    facts,
    loading_or,
    main_and_side,
    mono,
    muted,
    plain_status,
    stack,
    stepper,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.parts import may, record_head, seat_lines, when
from console.pages.backfills.sign_off_state import BackfillSignOff as State
from services.core.permissions import Permission


@page(
    routes.BACKFILL_SIGN_OFF,
    title="change_calendar.sign_off",
    permission=Permission.BACKFILL_READ,
    on_load=State.load,
)
def sign_off_page() -> rx.Component:
    side = [_agreed(), _signed(), _flag()]
    whole = stack(
        record_head(State, "sign_off"),
        _steps(),
        main_and_side([_announced(), trail_card(State.trail, href=State.trail_href)], side),
    )
    return rx.fragment(loading_or(State, whole, lines=12), _flag_dialog())


def _steps() -> rx.Component:
    item = State.item
    return stepper(
        (t("change_calendar.step_measured"), item["rows_said"], item["step_measured"]),
        (t("change_calendar.step_agreed"), item["agreed_said"], item["step_agreed"]),
        (t("change_calendar.step_changed"), item["changed_said"], item["step_changed"]),
        (t("change_calendar.step_verified"), item["result"], item["step_verified"]),
        (t("change_calendar.step_signed"), item["signed_said"], item["step_signed"]),
    )


def _agreed() -> rx.Component:
    item = State.item
    none = muted(t("change_calendar.not_asked"))
    return card(
        stack(
            rx.cond(State.agreed.length() > 0, seat_lines(State.agreed), none),
            when(
                item["digest"] != "",
                rx.el.p(mono(item["digest"]), class_name="digest", style={"overflowWrap": "anywhere"}),
            ),
            gap="s",
        ),
        title=t("change_calendar.agreed"),
        note=t("change_calendar.agreed_note"),
    )


def _signed() -> rx.Component:
    none = muted(t("change_calendar.not_verified"))
    return card(
        stack(
            rx.cond(State.signed.length() > 0, seat_lines(State.signed), none),
            when(State.item["result"] != "", facts((t("change_calendar.result"), State.item["result"]))),
            gap="s",
        ),
        title=t("change_calendar.signed"),
        note=t("change_calendar.signed_note"),
    )


def _sent(item: Any) -> rx.Component:
    return rx.cond(
        item["failed"] != "",
        plain_status(t("change_calendar.given_up", count=item["failed"]), mark="bad", tone="bad"),
        rx.cond(
            item["waiting"] != "",
            plain_status(t("change_calendar.letters_wait", count=item["waiting"]), mark="wait"),
            plain_status(t("change_calendar.letters_settled"), mark="ok", tone="ok"),
        ),
    )


def _announced() -> rx.Component:
    columns = [
        Column(t("change_calendar.occasion"), lambda item: item["what"], card="title"),
        Column(t("change_calendar.when"), lambda item: rx.el.span(item["when"], class_name="num"), card="meta"),
        Column(
            t("change_calendar.by_mail"),
            lambda item: rx.el.span(item["mails"], class_name="num"),
            amount=True,
            card="value",
        ),
        Column(
            t("change_calendar.by_chat"),
            lambda item: rx.el.span(item["chats"], class_name="num"),
            amount=True,
            priority=2,
        ),
        Column(t("change_calendar.delivery"), _sent, card="side"),
    ]
    none = rx.el.div(muted(t("change_calendar.not_announced")), class_name="card-body")
    table = data_table(columns, State.told, label=t("change_calendar.announced"), dense=True)
    return card(
        rx.cond(State.told.length() > 0, table, none),
        title=t("change_calendar.announced"),
        note=t("change_calendar.announced_note"),
        flush=True,
    )


def _flag() -> rx.Component:
    flag = State.flag
    step = button(t("change_calendar.flag_next", percent=flag["next"]), on_click=State.ask, kind="primary", block=True)
    known = stack(
        facts(
            (t("change_calendar.flag_key"), mono(flag["key"])),
            (t("change_calendar.flag_now"), t("change_calendar.percent", percent=flag["percent"])),
        ),
        when((flag["next"] != "") & may(Permission.BACKFILL_RUN), step),
        when((flag["next"] == "") & (flag["after"] != ""), muted(t("change_calendar.flag_waits"))),
        gap="s",
    )
    alone = rx.cond(
        flag["connected"] != "",
        muted(t("change_calendar.flag_unknown", flag=flag["key"])),
        muted(t("change_calendar.no_flags", flag=flag["key"])),
    )
    named = rx.cond(flag["percent"] != "", known, alone)
    return card(
        rx.cond(flag["key"] != "", named, muted(t("change_calendar.flag_none"))), title=t("change_calendar.flag")
    )


def _flag_dialog() -> rx.Component:
    flag = State.flag
    figures = {"flag": flag["key"], "percent": flag["percent"], "next": flag["next"]}
    return confirm(
        open_=State.asking != "",
        on_open_change=State.close,
        title=t("change_calendar.flag_title", percent=flag["next"]),
        body=[rx.el.p(t("change_calendar.flag_body", **figures)), rx.el.p(t("change_calendar.flag_undo"))],
        confirm_label=t("change_calendar.flag_do", percent=flag["next"]),
        on_confirm=State.advance,
        keep_label=t("backfills.not_now"),
    )


SIGN_OFF = sign_off_page
