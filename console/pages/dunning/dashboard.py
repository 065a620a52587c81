"""Unpaid invoices by age and attempts, why collecting failed, and what was recovered."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    chart,
    choice_button,
    columns,
    data_table,
    empty_state,
    kpi_strip,
    kpi_tile,
    link,
    loading_or,
    money,
    muted,
    number,
    page_header,
    shape,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.dunning.dashboard_state import DunningDashboard
from services.core.permissions import Permission


@page(routes.DUNNING, title="dunning.title", permission=Permission.DUNNING_READ, on_load=DunningDashboard.load)
def dunning_dashboard() -> rx.Component:
    head = page_header(t("dunning.title"), meta=[DunningDashboard.as_of], actions=[_currencies()])
    nothing = card(empty_state(t("dunning.none"), t("dunning.none_body"), mark=shape("ok", "ok")))
    return rx.fragment(head, loading_or(DunningDashboard, rx.cond(DunningDashboard.empty, nothing, _figures())))


def _currencies() -> rx.Component:
    choices = rx.foreach(
        DunningDashboard.currencies,
        lambda code: choice_button(
            code,
            pressed=DunningDashboard.currency == code,
            on_click=DunningDashboard.set_filter("currency", code),
        ),
    )
    return rx.cond(
        DunningDashboard.currencies.length() > 1,
        rx.el.div(choices, class_name="button-group", role="group", custom_attrs={"aria-label": t("dunning.currency")}),
    )


def _figures() -> rx.Component:
    return stack(
        kpi_strip(
            _tile("unpaid", DunningDashboard.unpaid),
            _tile("at_risk", DunningDashboard.at_risk),
            _tile("returned", DunningDashboard.returned),
            _tile("recovered", DunningDashboard.recovered),
            count=4,
        ),
        columns(
            _bars("by_age", DunningDashboard.ages, note=t("dunning.by_age_note")),
            _bars("by_attempts", DunningDashboard.attempts),
        ),
        columns(
            _bars("by_reason", DunningDashboard.reasons),
            _bars("returns", DunningDashboard.returns, note=t("dunning.returns_note")),
        ),
        _recovery(),
    )


def _tile(name: str, figure: Any) -> rx.Component:
    return kpi_tile(t(f"dunning.{name}"), figure["value"], href=figure["href"], note=figure["note"])


def _bars(name: str, items: Any, *, note: Any = None) -> rx.Component:
    """One bar a kind; name and count lead to exactly its invoices."""
    rows = rx.el.table(
        rx.el.caption(t(f"dunning.{name}"), class_name="visually-hidden"),
        rx.el.thead(
            rx.el.tr(
                rx.el.th(rx.el.span(t("dunning.reason"), class_name="visually-hidden"), scope="col"),
                rx.el.th(scope="col", class_name="bar-cell"),
                rx.el.th(t("dunning.count"), scope="col", class_name="amount"),
                rx.el.th(t("dunning.amount"), scope="col", class_name="amount"),
            )
        ),
        rx.el.tbody(rx.foreach(items, _bar)),
        class_name="data-table data-table-dense bar-table",
    )
    body = rx.cond(items.length() > 0, rows, rx.el.p(muted(t("dunning.nothing_here")), class_name="card-body"))
    return card(body, title=t(f"dunning.{name}"), note=note, flush=True)


def _bar(item: Any) -> rx.Component:
    track = rx.el.span(
        rx.el.i(style={"--value": item["width"]}), class_name="bar", custom_attrs={"aria-hidden": "true"}
    )
    counted = rx.el.tr(
        rx.el.th(link(item["label"], href=item["href"]), scope="row"),
        rx.el.td(track, class_name="bar-cell"),
        rx.el.td(number(item["count"]), class_name="amount"),
        rx.el.td(money(item["amount"], item["currency"]), class_name="amount"),
    )
    zero = rx.el.tr(
        rx.el.th(muted(item["label"]), scope="row"),
        rx.el.td(class_name="bar-cell"),
        rx.el.td(muted(item["count"]), class_name="amount num"),
        rx.el.td(muted("—"), class_name="amount"),
    )
    return rx.cond(item["href"], counted, zero)


def _recovery() -> rx.Component:
    def counted(name: str) -> Any:
        href = f"{name}_href"
        return lambda row: rx.cond(row[href], link(number(row[name]), href=row[href]), muted(row[name]))

    table = data_table(
        [
            Column(t("dunning.month"), lambda row: row["month"], card="title"),
            Column(t("dunning.failed"), counted("failed"), amount=True),
            Column(t("dunning.paid_later"), counted("recovered"), amount=True, priority=2),
            Column(t("dunning.still_open"), counted("still_open"), amount=True, priority=2),
            Column(t("dunning.lost"), counted("lost"), amount=True, priority=2),
            Column(t("dunning.rate"), lambda row: number(row["rate"]), amount=True, card="value"),
            Column(t("dunning.time_to_recover"), lambda row: number(row["median"]), amount=True, priority=2),
        ],
        DunningDashboard.months,
        label=t("dunning.recovery"),
        dense=True,
    )
    curve = chart(DunningDashboard.figure, label=t("dunning.recovery_chart"), height=200)
    return card(
        rx.cond(DunningDashboard.months.length() > 2, rx.el.div(curve, class_name="card-body")),
        table,
        title=t("dunning.recovery"),
        note=t("dunning.recovery_note"),
        flush=True,
    )


PAGE = dunning_dashboard
