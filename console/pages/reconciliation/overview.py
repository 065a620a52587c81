"""Reconciliation at a glance."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    data_table,
    deviation,
    download_button,
    empty_state,
    link,
    loading_or,
    number,
    page_header,
    poll,
    sparkline,
    stack,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.overview_state import ReconciliationOverview as State
from console.pages.reconciliation.parts import may, recon_tabs, run_states
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION,
    title="reconciliation.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def reconciliation_overview() -> rx.Component:
    return rx.fragment(
        page_header(
            t("reconciliation.title"),
            meta=[t("reconciliation.meta"), t("reconciliation.meta_through")],
            actions=[
                download_button(t("breakwork.report_pdf"), href="/reconciliation/report.pdf"),
                download_button(t("breakwork.report_xlsx"), href="/reconciliation/report.xlsx"),
                _may_run(button(t("reconciliation.run_all"), icon_name="play", on_click=State.start_chain, small=True)),
            ],
        ),
        recon_tabs("overview"),
        poll(State.running, State.refresh, every=2000),
        loading_or(State, stack(rx.cond(State.rows.length() > 0, _pairings()), _history())),
    )


def _may_run(content: rx.Component) -> rx.Component:
    return may(Permission.RECONCILIATION_RUN, content)


def _pairings() -> rx.Component:
    columns = [
        Column(t("reconciliation.definition"), _definition, card="title"),
        Column(t("reconciliation.entity"), lambda r: r["entity"], card="meta"),
        Column(t("reconciliation.through"), lambda r: number(r["through"])),
        Column(t("reconciliation.matched"), lambda r: number(r["matched"]), amount=True, priority=2),
        Column(
            t("reconciliation.open"),
            lambda r: link(number(r["open"]), href=r["queue"]),
            amount=True,
            card="value",
        ),
        Column(t("reconciliation.deviation"), _deviation, priority=2),
        Column(t("reconciliation.trend"), lambda r: sparkline(r["spark"], r["spark_end"]), priority=3),
        Column(t("reconciliation.state"), _state, card="side"),
        Column("", _start, amount=True),
    ]
    return card(
        data_table(columns, State.rows, label=t("reconciliation.pairings")),
        title=t("reconciliation.pairings"),
        note=t("reconciliation.pairings_note"),
        foot=t("reconciliation.limit", limit=State.limit),
        flush=True,
    )


def _definition(row: Any) -> rx.Component:
    return rx.cond(
        row["href"],
        link(row["definition"], href=row["href"], title=row["sides"]),
        rx.el.span(row["definition"], title=row["sides"]),
    )


def _deviation(row: Any) -> rx.Component:
    return rx.cond(
        row["deviation"],
        deviation(row["deviation"], width=row["width"], tone=row["tone"]),
        rx.el.span("—", class_name="muted"),
    )


def _state(row: Any) -> rx.Component:
    shown = status(row["state"], run_states())
    return rx.cond(row["job"], link(shown, href="/reconciliation/runs/" + row["job"].to(str)), shown)


def _start(row: Any) -> rx.Component:
    start = button(
        t("reconciliation.run_now"), small=True, on_click=State.start(row["definition_code"], row["entity_id"])
    )
    return _may_run(rx.cond(row["job"], rx.fragment(), start))


def _history() -> rx.Component:
    columns = [
        Column(t("reconciliation.finished"), lambda r: link(r["finished"], href=r["href"]), card="title"),
        Column(t("reconciliation.definition"), lambda r: r["definition"], card="full"),
        Column(t("reconciliation.entity"), lambda r: r["entity"], card="meta"),
        Column(t("reconciliation.through"), lambda r: number(r["through"]), priority=2),
        Column(t("reconciliation.matched"), lambda r: number(r["matched"]), amount=True, priority=2),
        Column(t("reconciliation.breaks"), lambda r: number(r["breaks"]), amount=True, card="value"),
        Column(t("reconciliation.deviation"), _deviation, priority=2),
        Column(t("reconciliation.state"), lambda r: status(r["state"], run_states()), card="side"),
        Column(
            t("reconciliation.signed_by"),
            lambda r: rx.cond(
                r["signed_by"], r["signed_by"], rx.el.span(t("reconciliation.nobody_signed"), class_name="muted")
            ),
            priority=3,
        ),
    ]
    none = empty_state(t("reconciliation.never"), t("reconciliation.never_body"))
    table = data_table(columns, State.history, label=t("reconciliation.history"))
    return card(rx.cond(State.history.length() > 0, table, none), title=t("reconciliation.history"), flush=True)


RECONCILIATION_OVERVIEW = reconciliation_overview
