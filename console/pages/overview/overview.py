"""Today at a glance, for the role that looks."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    bars,
    card,
    chart,
    data_table,
    deviation,
    empty_state,
    kpi_strip,
    kpi_tile,
    legend,
    link,
    list_item,
    list_rows,
    loading_or,
    main_and_side,
    muted,
    number,
    page_header,
    shape,
    status_badge,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.overview.overview_state import Overview
from services.core.permissions import Permission

_STATES = {
    "signed": t("overview.state_signed"),
    "above_limit": t("overview.state_above_limit"),
    "in_review": t("overview.state_in_review"),
}


@page(routes.OVERVIEW, title="overview.title", permission=Permission.OVERVIEW_READ, on_load=Overview.load)
def overview_page() -> rx.Component:
    return loading_or(
        Overview,
        rx.fragment(
            page_header(t("overview.title"), meta=[Overview.today, t("overview.zone", zone=Shell.time_zone)]),
            kpi_strip(rx.foreach(Overview.tiles, _tile)),
            rx.cond(Overview.sees_payments, main_and_side([_payments()], [_classes()]), rx.fragment()),
            rx.cond(Overview.sees_reconciliations, _reconciliations(), rx.fragment()),
            rx.cond(Overview.sees_runs, _troubled(), rx.fragment()),
        ),
    )


def _tile(tile: rx.Var) -> rx.Component:
    return kpi_tile(
        tile["label"],
        tile["value"],
        href=tile["href"],
        unit=tile["unit"],
        note=tile["note"],
        alert=tile["alert"] != "",
        spark=tile["spark"],
        spark_end=tile["spark_end"],
    )


def _payments() -> rx.Component:
    return card(
        chart(Overview.figure, label=t("overview.per_hour_spoken"), height=280),
        legend(
            (t("overview.legend_today"), ""), (t("overview.legend_usual"), "usual"), (t("overview.legend_band"), "band")
        ),
        title=t("overview.per_hour"),
        foot=rx.fragment(
            rx.el.span(Overview.sum_line),
            link(t("overview.show_rows"), href=Overview.day_href, class_name="push"),
        ),
    )


def _classes() -> rx.Component:
    return card(
        rx.cond(
            Overview.classes.length() > 0,
            bars(Overview.classes),
            rx.cond(
                Overview.reconciliations.length() > 0,
                empty_state(t("overview.no_breaks"), t("overview.no_breaks_body"), mark=shape("ok", "ok")),
                empty_state(t("overview.never_reconciled"), t("overview.never_reconciled_body")),
            ),
        ),
        title=t("overview.by_class"),
        end=[link(t("overview.all_breaks"), href=routes.BREAKS)],
    )


def _reconciliations() -> rx.Component:
    table = data_table(
        [
            Column(t("overview.definition"), lambda row: link(row["name"], href=row["href"]), card="title"),
            Column(t("overview.sides"), lambda row: muted(row["sides"]), priority=3),
            Column(t("overview.entity"), lambda row: row["entity"], priority=2, card="meta"),
            Column(t("overview.through"), lambda row: number(row["through"]), priority=2),
            Column(t("overview.entries"), lambda row: number(row["entries"]), amount=True, priority=3),
            Column(t("overview.breaks"), lambda row: number(row["breaks"]), amount=True, priority=2),
            Column(
                t("overview.deviation"),
                lambda row: deviation(row["deviation"], width=row["width"], tone=row["tone"]),
                card="value",
            ),
            Column(t("overview.state"), lambda row: status_badge(row["state"], _STATES), card="side"),
        ],
        Overview.reconciliations,
        label=t("overview.reconciliations"),
    )
    nothing = empty_state(t("overview.never_reconciled"), t("overview.never_reconciled_body"))
    return card(
        rx.cond(Overview.reconciliations.length() > 0, table, nothing),
        title=t("overview.reconciliations"),
        end=[link(t("overview.all_reconciliations"), href=routes.RECONCILIATION)],
        flush=True,
    )


def _troubled() -> rx.Component:
    rows = list_rows(
        Overview.troubled,
        lambda row: list_item(
            mark=rx.cond(row["state"] == "dead", shape("bad", "bad"), shape("wait")),
            title=row["name"],
            href=row["href"],
            note=row["said"],
            end=[muted(row["when"])],
        ),
    )
    calm = empty_state(t("overview.all_run"), t("overview.all_run_body"), mark=shape("ok", "ok"))
    return card(
        rx.cond(Overview.troubled.length() > 0, rows, calm),
        title=t("overview.troubled"),
        end=[link(t("overview.all_runs"), href=routes.RUNS)],
        flush=True,
    )


PAGE = overview_page
