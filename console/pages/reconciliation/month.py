"""A month from four sides: books, Stripe, bank, bookkeeping, and why each pair differs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    data_table,
    empty_state,
    export_links,
    link,
    link_button,
    loading_or,
    money,
    money_or,
    page_header,
    row,
    select_filter,
    shape,
    stack,
    truncated_id,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.month_state import MOST
from console.pages.reconciliation.month_state import ReconciliationMonth as State
from console.pages.reconciliation.parts import recon_tabs
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION_MONTH,
    title="month.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def reconciliation_month() -> rx.Component:
    none = empty_state(t("month.none"), t("month.none_body"))
    nobody = empty_state(t("month.no_entity"), t("month.no_entity_body"))
    blocks = rx.el.div(rx.foreach(State.blocks, _block), class_name="stack")
    shown = stack(rx.cond(State.blocks.length() > 0, blocks, card(none)), _vouchers(), _items())
    return rx.fragment(
        page_header(
            rx.cond(State.title != "", State.title, t("month.title")),
            meta=[
                t("month.meta"),
                State.standing,
            ],
            actions=[
                select_filter(State, "entity", State.entities, label=t("month.entity"), shown=State.chosen),
                rx.cond(State.chosen != "", _around(), rx.fragment()),
            ],
        ),
        recon_tabs("month"),
        loading_or(State, rx.cond(State.chosen != "", shown, card(nobody)), lines=14),
    )


def _around() -> rx.Component:
    return rx.fragment(
        link_button(t("month.earlier"), href=State.earlier, icon_name="chevron-left", small=True),
        link_button(t("month.later"), href=State.later, icon_name="chevron-right", small=True),
        export_links(State, "month"),
    )


def _block(item: Any) -> rx.Component:
    def side(one: Any) -> rx.Component:
        return rx.el.div(rx.el.dt(one["name"]), rx.el.dd(one["amount"]), rx.el.dd(one["entries"], class_name="sub"))

    sides = rx.el.dl(rx.foreach(item["sides"].to(list[dict[str, str]]), side), class_name="figures figures-four")
    pairs = rx.el.div(rx.foreach(item["pairs"].to(list[dict[str, Any]]), _pair), class_name="pairs")
    return card(sides, pairs, title=item["currency"])


def _pair(pair: Any) -> rx.Component:
    def line(step: Any) -> rx.Component:
        mark = rx.cond(step["mark"], shape("warn", "warn"), rx.fragment())
        name = rx.cond(step["href"], link(step["label"], href=step["href"]), rx.el.span(step["label"]))
        return rx.el.tr(
            rx.el.th(rx.el.span(mark, name, class_name="status"), scope="row"),
            rx.el.td(step["note"], class_name="muted"),
            rx.el.td(step["amount"], class_name="amount num"),
        )

    table = rx.el.table(
        rx.el.caption(pair["title"], class_name="visually-hidden"),
        rx.el.tbody(rx.foreach(pair["rows"].to(list[dict[str, str]]), line)),
        rx.el.tfoot(
            rx.el.tr(
                rx.el.th(pair["label"], scope="row"),
                rx.el.td(),
                rx.el.td(rx.el.span(pair["total"], class_name="sum"), class_name="amount num"),
            )
        ),
        class_name="data-table data-table-dense data-table-bare ledger",
    )
    return rx.el.div(
        row(rx.el.h3(pair["title"]), rx.el.span(pair["note"], class_name="muted")),
        table,
        rx.cond(pair["open"], rx.el.p(shape("warn", "warn"), pair["open"], class_name="status"), rx.fragment()),
        class_name="stack stack-xs",
    )


def _vouchers() -> rx.Component:
    missing = rx.el.p(
        t("month.no_vouchers"), " ", link(t("month.to_vouchers"), href=routes.VOUCHERS), class_name="muted"
    )
    return rx.cond(State.connected, rx.fragment(), missing)


def _items() -> rx.Component:
    absent = t("month.absent")
    columns = [
        Column(t("month.key"), lambda r: truncated_id(r["key"], r["key_full"]), card="title"),
        Column(
            t("month.break"),
            lambda r: rx.cond(r["break"], link(r["break"], href=r["href"]), rx.el.span("—", class_name="muted")),
            card="side",
        ),
        Column(t("month.day"), lambda r: r["day"], card="meta", priority=2),
        Column(t("month.left"), lambda r: money_or(r["left"], r["currency"], absent), amount=True, priority=2),
        Column(t("month.right"), lambda r: money_or(r["right"], r["currency"], absent), amount=True, priority=2),
        Column(
            t("month.difference"),
            lambda r: money(r["minor"], r["currency"], strong=True),
            amount=True,
            card="value",
        ),
    ]
    shown = card(
        data_table(columns, State.rows, label=State.listed),
        title=State.listed,
        note=t("month.list_note", count=MOST),
        end=[link_button(t("month.list_close"), href=State.close_href, small=True)],
        flush=True,
        id="items",
    )
    return rx.cond(State.rows.length() > 0, shown, rx.fragment())


RECONCILIATION_MONTH = reconciliation_month
