"""Two sides beside each other (the T), and before against after."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import shape
from console.design.texts import t


def two_sides(rows: rx.Var, *, left: Any, right: Any, caption: Any) -> rx.Component:
    """Field by field: a heavy rule under the heads, a line between the sides, = or ≠ on it.

    Rows {"field", "left", "right", "differs" (bool), "note"}; an absent side holds the word for absent.
    A row may say "uncompared" (bool): its values are for reading, no rule looks at them.
    """
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="visually-hidden"),
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(t("sides.field"), scope="col"),
                    rx.el.th(left, scope="col"),
                    rx.el.th(rx.el.span(t("sides.comparison"), class_name="visually-hidden"), scope="col"),
                    rx.el.th(right, scope="col"),
                    rx.el.th(t("sides.difference"), scope="col", class_name="p2"),
                )
            ),
            rx.el.tbody(rx.foreach(rows, _side_row)),
            class_name="data-table compare t-account",
        ),
        class_name="table-scroll",
        role="region",
        tab_index=0,
        custom_attrs={"aria-label": caption},
    )


def _side_row(row: Any) -> rx.Component:
    differs = row["differs"]
    return rx.el.tr(
        rx.el.th(row["field"], scope="row", class_name="muted"),
        rx.el.td(rx.cond(differs, rx.el.mark(row["left"]), row["left"]), class_name="num"),
        rx.el.td(
            rx.cond(
                row["uncompared"],
                rx.el.span("·", class_name="muted", title=t("sides.uncompared")),
                rx.cond(differs, shape("ne", label=t("sides.differs")), shape("eq", label=t("sides.same"))),
            ),
            class_name="glyph",
        ),
        rx.el.td(rx.cond(differs, rx.el.mark(row["right"]), row["right"]), class_name="num"),
        rx.el.td(row["note"], class_name="muted p2"),
        custom_attrs={"data-tone": rx.cond(differs, "warn", "")},
    )


def diff(rows: rx.Var, *, caption: Any) -> rx.Component:
    """Before and after of a change. Rows {"field", "was", "now"}."""
    return rx.el.table(
        rx.el.caption(caption, class_name="visually-hidden"),
        rx.el.thead(
            rx.el.tr(
                rx.el.th(t("sides.field"), scope="col"),
                rx.el.th(t("sides.before"), scope="col"),
                rx.el.th(t("sides.after"), scope="col"),
            )
        ),
        rx.el.tbody(
            rx.foreach(
                rows,
                lambda row: rx.el.tr(
                    rx.el.th(row["field"], scope="row"),
                    rx.el.td(row["was"], class_name="was"),
                    rx.el.td(row["now"], class_name="now"),
                ),
            )
        ),
        class_name="diff",
    )


def code(text: Any) -> rx.Component:
    """Log lines, JSON, parameters."""
    return rx.el.pre(text, class_name="code-block", tab_index=0)
