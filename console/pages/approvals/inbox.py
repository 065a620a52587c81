"""What waits for me, what I asked for, and the history."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    chip_filter,
    clear_filter,
    data_table,
    date_filter,
    empty_state,
    export_links,
    filter_bar,
    link,
    link_button,
    loading_or,
    money_or,
    muted,
    number,
    page_header,
    pager,
    poll,
    search_filter,
    select_filter,
    shape,
    status,
    tabs,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.approvals.inbox_state import ApprovalInbox as State
from console.pages.approvals.parts import LOOKS, STATES
from services.core.permissions import Permission

_BOXES = ("waiting", "mine", "all")


@page(routes.APPROVALS, title="approvals.title", permission=Permission.APPROVAL_READ, on_load=State.load)
def inbox() -> rx.Component:
    calm = empty_state(t("approvals.none_waiting"), t("approvals.none_waiting_body"), mark=shape("ok", "ok"))
    none = empty_state(t("approvals.none"), t("approvals.none_body"))
    narrowed = rx.Var.create(State.filters).to(dict).length() > 0
    nothing = rx.cond((State.box == "waiting") & ~narrowed, calm, none)
    return rx.fragment(
        page_header(
            t("approvals.title"),
            meta=[t("approvals.meta")],
            actions=[
                link_button(t("approvals.policies"), href=routes.APPROVAL_POLICIES, icon_name="list-checks"),
                link_button(t("approvals.delegations"), href=routes.APPROVAL_COVER, icon_name="users"),
            ],
        ),
        tabs(
            *[(t(f"approvals.box_{box}"), f"{routes.APPROVALS}?box={box}", State.box == box) for box in _BOXES],
            label=t("approvals.boxes"),
        ),
        card(
            filter_bar(
                search_filter(State, placeholder=t("approvals.search")),
                chip_filter(State, "state", list(STATES.items())),
                select_filter(State, "kind", State.kinds, label=t("approvals.any_kind")),
                date_filter(State, "from", label=t("approvals.from")),
                date_filter(State, "to", label=t("approvals.to")),
                clear_filter(State),
            ),
            loading_or(State, rx.cond(State.rows.length() > 0, _table(), nothing)),
            flush=True,
            title=t("approvals.title"),
            end=[export_links(State, "approvals")],
        ),
        poll(State.loaded & (State.failure == ""), State.refresh, every=8000),
    )


def _table() -> rx.Component:
    def amount(row: Any) -> rx.Component:
        return money_or(row["amount"], row["currency"], muted("—"))

    columns = [
        Column(t("approvals.what"), lambda row: link(row["title"], href=row["href"]), card="title"),
        Column(t("approvals.number"), lambda row: number(row["number"]), priority=2, card="meta"),
        Column(t("approvals.kind"), lambda row: muted(row["kind"]), priority=3),
        Column(t("approvals.entity"), lambda row: row["entity"], priority=3),
        Column(t("approvals.asked_by"), lambda row: row["asked_by"], priority=2, card="meta"),
        Column(t("approvals.amount"), amount, amount=True, card="value"),
        Column(t("approvals.agreements"), lambda row: number(row["agreements"]), priority=2),
        Column(t("approvals.expires"), lambda row: number(row["expires"]), priority=2, card="meta", named=True),
        Column(t("approvals.state"), lambda row: status(row["state"], STATES, extra=LOOKS), card="side"),
    ]
    return rx.fragment(data_table(columns, State.rows, label=t("approvals.title")), pager(State))


INBOX = inbox
