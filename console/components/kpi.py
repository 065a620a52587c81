"""Tiles: one figure, what it counts, how it moved, and a click to its rows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import link
from console.components.icon import Text, shape


def kpi_strip(*tiles: Any, count: int = 5) -> rx.Component:
    """Four or five tiles in one frame."""
    return rx.el.div(*tiles, class_name="kpi-strip" + (" kpi-strip-4" if count == 4 else ""))


def kpi_tile(
    label: Any,
    value: Any,
    *,
    href: Text,
    unit: Any = None,
    note: Any = None,
    alert: rx.Var | bool = False,
    spark: Text | None = None,
    spark_end: Text = "0",
) -> rx.Component:
    """A tile. `note` says as of when or against what; `alert` puts the warning triangle beside the label.

    `spark` and `spark_end` come from `format.sparkline`; the line is for shape only.
    """
    parts = [
        rx.el.span(label, rx.cond(alert, shape("warn", "warn"), rx.fragment()), class_name="kpi-label"),
        *([sparkline(spark, spark_end)] if spark is not None else []),
        rx.el.span(value, *([rx.el.small(" ", unit)] if unit is not None else []), class_name="kpi-value"),
        *([rx.el.span(note, class_name="kpi-delta")] if note is not None else []),
    ]
    return link(*parts, href=href, class_name="kpi")


def sparkline(path: Text, end: Text) -> rx.Component:
    """A shape without axes, its last point marked."""
    return rx.cond(
        path,
        rx.el.svg(
            rx.el.svg.path(d=path),
            rx.el.svg.circle(cx="72", cy=end, r="2"),
            class_name="sparkline",
            custom_attrs={"viewBox": "0 0 72 24", "aria-hidden": "true"},
        ),
        rx.fragment(),
    )
