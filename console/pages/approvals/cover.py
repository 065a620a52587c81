"""Cover for days off."""

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
    empty_state,
    field,
    form_dialog,
    loading_or,
    muted,
    number,
    page_header,
    select_input,
    stack,
    status,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.approvals.cover_state import ApprovalCover as State
from services.core.permissions import Permission

_STATES = {state: t(f"approvals.cover_{state}") for state in ("active", "coming", "over", "revoked")}
_LOOKS = {"active": ("ok", "ok"), "coming": ("wait", ""), "over": ("block", ""), "revoked": ("block", "")}


@page(routes.APPROVAL_COVER, title="approvals.delegations", permission=Permission.APPROVAL_READ, on_load=State.load)
def cover() -> rx.Component:
    name = button(t("approvals.cover_add"), kind="primary", icon_name="user-plus", on_click=State.ask("name", ""))
    none = empty_state(t("approvals.cover_none"), t("approvals.cover_none_body"))
    return rx.fragment(
        page_header(
            t("approvals.delegations"),
            meta=[t("approvals.cover_meta")],
            actions=[rx.cond(State.may_name, name, rx.fragment())],
        ),
        card(
            loading_or(State, rx.cond(State.rows.length() > 0, _table(), none)),
            flush=True,
            title=t("approvals.delegations"),
        ),
        _name_dialog(),
        _end_dialog(),
    )


def _table() -> rx.Component:
    def end(item: Any) -> rx.Component:
        going = (item["state"] == "active") | (item["state"] == "coming")
        act = button(t("approvals.cover_end"), small=True, on_click=State.ask("end", item["id"]))
        return rx.cond(going, act, rx.fragment())

    columns = [
        Column(t("approvals.cover_of"), lambda item: item["of"], card="title"),
        Column(t("approvals.cover_by"), lambda item: item["by"], card="meta"),
        Column(t("approvals.cover_days"), lambda item: number(item["days"]), card="meta"),
        Column(t("approvals.cover_reason"), lambda item: muted(item["reason"]), priority=2, wrap=True),
        Column(t("approvals.state"), lambda item: status(item["state"], _STATES, extra=_LOOKS), card="side"),
        Column("", end, card="full"),
    ]
    return data_table(columns, State.rows, label=t("approvals.delegations"))


def _name_dialog() -> rx.Component:
    def day(name: str, text: Any) -> rx.Component:
        return field(text, text_input(name=name, type="date", required=True, min=State.first_day), name=name)

    return form_dialog(
        stack(
            muted(t("approvals.cover_add_body")),
            field(t("approvals.cover_who"), select_input(State.people, name="to_id"), name="to_id"),
            day("starts_on", t("approvals.cover_from")),
            day("ends_on", t("approvals.cover_to")),
            field(
                t("approvals.cover_reason"),
                text_input(name="reason", required=True, min_length=3, max_length=500),
                name="reason",
            ),
        ),
        open_=State.asking == "name",
        on_open_change=State.close,
        title=t("approvals.cover_add_title"),
        act=button(t("approvals.cover_do"), kind="primary", submit=True, busy=State.busy),
        on_submit=State.name_cover,
        keep=t("approvals.keep"),
    )


def _end_dialog() -> rx.Component:
    return confirm(
        open_=State.asking == "end",
        on_open_change=State.close,
        title=t("approvals.cover_end_title"),
        body=[rx.el.p(t("approvals.cover_end_body"))],
        confirm_label=t("approvals.cover_end"),
        on_confirm=State.end,
        keep_label=t("approvals.keep"),
    )


COVER = cover
