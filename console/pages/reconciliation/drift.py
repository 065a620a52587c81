"""Drift over time, per definition, currency and class, and what stands out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    bullet,
    bullets,
    card,
    chart,
    chip_filter,
    columns,
    data_table,
    empty_state,
    export_links,
    filter_bar,
    kpi_strip,
    kpi_tile,
    legend,
    link,
    link_button,
    list_item,
    list_rows,
    loading_or,
    money,
    number,
    page_header,
    row,
    select_filter,
    shape,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.drift_state import ReconciliationDrift as State
from console.pages.reconciliation.parts import recon_tabs
from services.core.permissions import Permission
from services.reconciliation import FEWEST_WEEKS, LEAST_ABOVE, SPREADS, WEEKS


@page(
    routes.RECONCILIATION_DRIFT,
    title="drift.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def reconciliation_drift() -> rx.Component:
    none = card(
        empty_state(
            t("drift.none"),
            t("drift.none_body"),
            actions=[link_button(t("drift.to_overview"), href=routes.RECONCILIATION)],
        )
    )
    shown = stack(
        _tiles(), columns(_deviation(), _classes(), count=2), _days(), columns(_outliers(), _above(), count=2)
    )
    return rx.fragment(
        page_header(
            t("drift.title"), meta=[t("drift.meta"), t("drift.meta_same_age")], actions=[export_links(State, "drift")]
        ),
        recon_tabs("drift"),
        _filters(),
        loading_or(State, rx.cond(State.known, shown, none), lines=14),
    )


def _filters() -> rx.Component:
    definitions = [(name, t(f"reconciliation.definition_{name}")) for name in ("settlement", "payouts")]
    return filter_bar(
        _choice("definition", definitions, "drift.definition"),
        _choice("entity", State.entities, "drift.entity"),
        _choice("currency", State.currencies, "drift.currency"),
        _choice("days", [(n, t(f"drift.days_{n}")) for n in ("30", "60", "120")], "drift.span"),
    )


def _choice(name: str, options: Any, label: str) -> rx.Component:
    return select_filter(State, name, options, label=t(label), shown=State.chosen[name])


def _tiles() -> rx.Component:
    tile = State.tiles
    return kpi_strip(
        kpi_tile(
            t("drift.last"),
            tile["last"],
            href=routes.RECONCILIATION,
            note=t("drift.last_note", limit=tile["limit"], day=tile["last_day"]),
            alert=tile["last_above"] == "yes",
        ),
        kpi_tile(t("drift.above"), tile["above"], href="#above", note=t("drift.above_note", count=tile["runs"])),
        kpi_tile(t("drift.unusual"), tile["unusual"], href="#outliers", note=t("drift.unusual_note")),
        kpi_tile(t("drift.found"), tile["found"], href=routes.BREAKS, note=t("drift.found_note", count=tile["days"])),
        count=4,
    )


def _deviation() -> rx.Component:
    return card(
        chart(State.deviation, label=t("drift.chart_deviation"), height=240),
        legend((t("drift.legend_now"), ""), (t("drift.legend_limit", limit=State.tiles["limit"]), "limit")),
        title=t("drift.deviation"),
        note=t("drift.deviation_note"),
        foot=t("drift.deviation_foot", count=State.tiles["above"], limit=State.tiles["limit"]),
    )


def _days() -> rx.Component:
    return card(
        row(chip_filter(State, "class", State.choices, all_label=t("drift.any_class")), wrap=True),
        chart(State.daily, label=t("drift.chart_days"), height=260),
        legend(
            (t("drift.legend_found"), "bar"),
            (t("drift.legend_usual"), "stroke"),
            (t("drift.legend_band", weeks=WEEKS), "band"),
            (t("drift.legend_outlier"), "outlier"),
        ),
        title=t("drift.per_day"),
        note=State.tiles["class"],
        foot=t("drift.rule", weeks=WEEKS, spreads=SPREADS, least=LEAST_ABOVE, fewest=FEWEST_WEEKS),
    )


def _classes() -> rx.Component:
    table = data_table(
        [
            Column(t("drift.class"), lambda r: r["name"], card="title"),
            Column(t("drift.breaks"), lambda r: number(r["breaks"]), amount=True, card="side"),
            Column(t("drift.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
            Column(t("drift.share"), lambda r: number(r["share"]), amount=True, priority=2),
        ],
        State.classes,
        label=t("drift.classes"),
        dense=True,
    )
    return card(table, title=t("drift.classes"), note=t("drift.classes_note", currency=State.currency), flush=True)


def _outliers() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return list_item(
            mark=shape("warn", "warn"),
            title=item["text"],
            href=item["href"],
            end=[money(item["amount"], item["currency"])],
        )

    none = bullets(bullet(t("drift.outlier_none")))
    shown = rx.cond(State.outliers.length() > 0, list_rows(State.outliers, line), rx.el.div(none, class_name="pad"))
    return card(shown, title=t("drift.outliers"), flush=True, id="outliers")


def _above() -> rx.Component:
    table = data_table(
        [
            Column(t("drift.run_of"), lambda r: link(r["day"], href=r["href"]), card="title"),
            Column(t("reconciliation.deviation"), lambda r: number(r["deviation"]), amount=True, card="side"),
            Column(t("drift.open_minor"), lambda r: money(r["open"], r["currency"]), amount=True, card="value"),
        ],
        State.above,
        label=t("drift.runs_above"),
        dense=True,
    )
    none = rx.el.div(bullets(bullet(t("drift.above_none"))), class_name="pad")
    return card(
        rx.cond(State.above.length() > 0, table, none),
        title=t("drift.runs_above"),
        note=t("drift.above_note", count=State.tiles["runs"]),
        flush=True,
        id="above",
    )


RECONCILIATION_DRIFT = reconciliation_drift
