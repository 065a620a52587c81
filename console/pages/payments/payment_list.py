"""Payments: the figures, the chart, and under it exactly the rows it counted."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    badge,
    button_group,
    card,
    chart,
    chip_filter,
    choice_button,
    clear_filter,
    columns,
    data_table,
    empty_state,
    export_links,
    filter_bar,
    kpi_strip,
    kpi_tile,
    legend,
    link,
    loading_or,
    money,
    mono,
    muted,
    page_header,
    pager,
    row,
    search_filter,
    stack,
    status,
    text_button,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.payments.parts import LOOKS, PAYMENT_WORDS
from console.pages.payments.payment_list_state import PaymentList
from services.core.permissions import Permission

_STEPS = ("hour", "day", "week")
_SHOWN = ("count", "rate", "volume")


@page(routes.PAYMENTS, title="payments.title", permission=Permission.PAYMENT_READ, on_load=PaymentList.load)
def payment_list() -> rx.Component:
    return stack(
        page_header(t("payments.title"), meta=[PaymentList.period, t("payments.days_of", zone=PaymentList.zone)]),
        loading_or(PaymentList, stack(_tiles(), _chart_card(), _shares(), _list()), lines=16),
    )


def _tiles() -> rx.Component:
    tiles = PaymentList.tiles
    here = routes.PAYMENTS + "?" + PaymentList.query_string
    return kpi_strip(
        kpi_tile(t("payments.count"), tiles["count"], href=here, note=tiles["count_note"]),
        kpi_tile(t("payments.received"), tiles["received"], href=here, note=tiles["received_note"]),
        kpi_tile(t("payments.success_rate"), tiles["rate"], href=here, note=tiles["rate_note"]),
        kpi_tile(t("payments.first_try"), tiles["first"], href=here, note=tiles["first_note"]),
        kpi_tile(t("payments.failed"), tiles["failed"], href=here, note=tiles["failed_note"]),
    )


def _chart_card() -> rx.Component:
    name = rx.match(
        PaymentList.shown,
        ("rate", t("payments.chart_rate", period=PaymentList.period)),
        ("volume", t("payments.chart_volume", period=PaymentList.period, currency=PaymentList.currency)),
        t("payments.chart_count", period=PaymentList.period),
    )
    return card(
        row(
            _choices(
                _SHOWN, "show", PaymentList.shown, lambda value: PaymentList.set_filter("show", value), "payments.show"
            ),
            _choices(_STEPS, "step", PaymentList.step, PaymentList.set_step, "payments.per"),
            _day("from", PaymentList.first),
            _day("to", PaymentList.last),
            wrap=True,
        ),
        chart(PaymentList.figure, label=name, height=280, on_click=PaymentList.pick),
        rx.cond(
            PaymentList.has_usual,
            legend(
                (t("payments.legend_now"), ""),
                (t("payments.legend_usual"), "usual"),
                (t("payments.legend_band"), "band"),
            ),
        ),
        title=name,
        foot=rx.cond(
            PaymentList.point,
            row(
                badge(t("payments.point", when=PaymentList.point)),
                text_button(t("payments.whole_period"), on_click=PaymentList.whole_period),
            ),
            muted(t("payments.chart_sum", count=PaymentList.total)),
        ),
    )


def _choices(values: tuple[str, ...], prefix: str, chosen: Any, choose: Any, label: str) -> rx.Component:
    buttons = [
        choice_button(t(f"payments.{prefix}_{value}"), pressed=chosen == value, on_click=choose(value))
        for value in values
    ]
    return button_group(*buttons, label=t(label))


def _day(name: str, value: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span(t(f"payments.{name}"), class_name="muted"),
        rx.el.input(
            type="date",
            class_name="input input-s",
            value=value,
            on_change=lambda given: PaymentList.set_days(name, given),
        ),
        class_name="row filter-date",
    )


def _shares() -> rx.Component:
    none = t("payments.none")
    return columns(
        stack(
            card(_bars(PaymentList.methods, none), title=t("payments.methods")),
            card(_bars(PaymentList.currencies, none), title=t("payments.currencies")),
        ),
        card(_bars(PaymentList.countries, none), title=t("payments.countries")),
        card(_bars(PaymentList.failures, t("payments.no_failures")), title=t("payments.failures")),
        count=3,
    )


def _bars(items: Any, none: Any) -> rx.Component:
    bars = rx.el.div(
        rx.foreach(
            items,
            lambda item: rx.el.div(
                link(item["label"], href=item["href"], class_name="label"),
                rx.el.span(
                    rx.el.i(style={"--value": item["width"]}), class_name="bar", custom_attrs={"aria-hidden": "true"}
                ),
                rx.el.span(item["value"], class_name="value"),
            ),
        ),
        class_name="bars",
    )
    return rx.cond(items.length() > 0, bars, muted(none))


def _list() -> rx.Component:
    return card(
        filter_bar(
            search_filter(PaymentList, placeholder=t("payments.search")),
            chip_filter(
                PaymentList, "status", [(key, PAYMENT_WORDS[key]) for key in ("succeeded", "failed", "processing")]
            ),
            _options("method", PaymentList.methods),
            _options("currency", PaymentList.currencies),
            _options("country", PaymentList.countries),
            _options("failure", PaymentList.failures),
            clear_filter(PaymentList),
        ),
        rx.cond(PaymentList.rows.length() > 0, _table(), empty_state(t("payments.none"), t("payments.none_body"))),
        flush=True,
        title=t("payments.title"),
        note=PaymentList.range_label,
        end=[export_links(PaymentList, "payments")],
    )


def _options(name: str, shares: Any) -> rx.Component:
    """The values that occur, as a choice; what is chosen stays in it although nothing else does."""
    return rx.el.select(
        rx.el.option(t(f"payments.any_{name}"), value=""),
        rx.foreach(shares, lambda item: rx.el.option(item["text"], value=item["key"])),
        class_name="input input-s filter-select",
        value=PaymentList.filters.get(name, ""),
        on_change=lambda value: PaymentList.set_filter(name, value),
        custom_attrs={"aria-label": t(f"payments.any_{name}")},
    )


def _table() -> rx.Component:
    listed = [
        Column(
            t("payments.created"), lambda item: rx.el.span(item["when"], class_name="num"), card="meta", sort="created"
        ),
        Column(t("payments.customer"), lambda item: link(item["customer"], href=item["href"]), card="title"),
        Column(
            t("payments.amount"),
            lambda item: money(item["amount"], item["currency"]),
            amount=True,
            card="value",
            sort="amount",
        ),
        Column(t("payments.status"), _state, card="side"),
        Column(t("payments.failure"), lambda item: item["failure"], priority=2),
        Column(t("payments.method"), lambda item: item["method"], priority=2),
        Column(t("payments.country"), lambda item: item["country"], priority=3),
        Column(t("payments.id"), lambda item: mono(item["short_id"], title=item["stripe_id"]), priority=3),
    ]
    return rx.fragment(
        data_table(listed, PaymentList.rows, label=t("payments.title"), state=PaymentList), pager(PaymentList)
    )


def _state(item: Any) -> rx.Component:
    return rx.el.span(
        status(item["status"], PAYMENT_WORDS, extra=LOOKS),
        rx.cond(item["disputed"], rx.el.span(" ", badge(t("payments.disputed"), tone="warn"))),
        rx.cond(item["refunded"], rx.el.span(" ", badge(t("payments.refunded_badge")))),
    )


PAYMENT_LIST = payment_list
