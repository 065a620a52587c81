"""Amounts, sums, deviations."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import Text


def money(amount: Text, currency: Text, *, strong: bool = False) -> rx.Component:
    """An amount of a table cell: the number (made by `reader.amount`) and its code in grey."""
    inner = rx.el.span(amount, rx.el.span(currency, class_name="currency"), class_name="num")
    return rx.el.strong(inner) if strong else inner


def money_or(amount: Text, currency: Text, absent: Any, *, strong: bool = False) -> rx.Component:
    """`money`, or the word for its absence when the row has an empty amount."""
    return rx.cond(amount, money(amount, currency, strong=strong), rx.el.span(absent, class_name="muted"))


def number(text: Any) -> rx.Component:
    return rx.el.span(text, class_name="num")


def sum_table(rows: rx.Var, total_label: Any, total: Any, *, caption: Any) -> rx.Component:
    """Lines that are added up: one rule above the sum, a double one below.

    `rows` holds items {"label", "note", "amount"}, already written for the reader.
    """
    return rx.el.table(
        rx.el.caption(caption, class_name="visually-hidden"),
        rx.el.tbody(
            rx.foreach(
                rows,
                lambda item: rx.el.tr(
                    rx.el.th(item["label"], scope="row"),
                    rx.el.td(item["note"], class_name="muted"),
                    rx.el.td(item["amount"], class_name="amount num"),
                ),
            )
        ),
        rx.el.tfoot(
            rx.el.tr(
                rx.el.th(total_label, scope="row"),
                rx.el.td(),
                rx.el.td(rx.el.span(total, class_name="sum"), class_name="amount num"),
            )
        ),
        class_name="data-table data-table-dense data-table-bare ledger",
    )


def deviation(text: Any, *, width: Text, tone: Text) -> rx.Component:
    """A track with the limit at its middle. `width`: half the share of the limit, in CSS per cent ("3.7%")."""
    return rx.el.span(
        rx.el.span(class_name="gauge-track", custom_attrs={"aria-hidden": "true"}, style={"--value": width}),
        rx.el.span(text),
        class_name="gauge",
        custom_attrs={"data-tone": tone},
    )


def bars(items: rx.Var) -> rx.Component:
    """Counts by class, one colour, number at the end. Items {"label", "width", "value"}, width in CSS per cent."""
    return rx.el.div(
        rx.foreach(
            items,
            lambda item: rx.el.div(
                rx.el.span(item["label"], class_name="label"),
                rx.el.span(
                    rx.el.i(style={"--value": item["width"]}), class_name="bar", custom_attrs={"aria-hidden": "true"}
                ),
                rx.el.span(item["value"], class_name="value"),
            ),
        ),
        class_name="bars",
    )
