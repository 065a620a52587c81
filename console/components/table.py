"""Lists: server-side filter, sort and paging, selection, priorities, cards on small screens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from console.components.controls import button, link_button, plain_link
from console.components.icon import Text, icon
from console.design.texts import t

PAGE_SIZE = 50


@dataclass(frozen=True)
class Column:
    """One column: its head, how a row's cell is drawn, and where it goes on a small screen.

    `priority` 3 leaves under 1280 px, 2 under 900. On a phone a row is a card: `card` says whether the
    cell is its `title`, the `value` at the right, `side` (state) or `meta`; without it the cell is left out.
    `named` sets the head before the value there, where a number says nothing by itself.
    `sort` is the name the column is sorted by in the address.
    """

    head: Any
    cell: Callable[[Any], Any]
    amount: bool = False
    priority: int = 1
    card: str = ""
    sort: str = ""
    wrap: bool = False
    named: bool = False

    @property
    def classes(self) -> str:
        names = ["amount"] if self.amount else []
        if self.priority > 1:
            names.append(f"p{self.priority}")
        if self.card:
            names.append(f"c-{self.card}")
        if self.wrap:
            names.append("wrap")
        if self.named:
            names.append("named")
        return " ".join(names)


def data_table(
    columns: list[Column],
    rows: Any,
    *,
    label: Any,
    state: Any = None,
    selectable: Callable[[Any], Any] | None = None,
    tone: Callable[[Any], Any] | None = None,
    dense: bool = False,
    extra_class: str = "",
) -> rx.Component:
    """A table of at most 100 rows, each a dictionary of strings already written for the reader.

    `state`, a `ListState`, makes heads with a `sort` clickable; `selectable(row)` gives the key of a row
    and adds check boxes; the first column should hold the link to the record (Enter opens it, J and K move).
    """
    heads = [_head(column, state) for column in columns]
    if selectable is not None:
        heads.insert(
            0, rx.el.th(rx.el.span(t("table.select"), class_name="visually-hidden"), scope="col", class_name="select")
        )
    classes = "data-table data-table-cards" + (" data-table-dense" if dense else "") + f" {extra_class}".rstrip()
    return rx.el.div(
        rx.el.table(
            rx.el.caption(label, class_name="visually-hidden"),
            rx.el.thead(rx.el.tr(*heads)),
            rx.el.tbody(rx.foreach(rows, lambda row: _row(row, columns, state, selectable, tone))),
            class_name=classes,
            custom_attrs={"data-keys": "true"},
        ),
        *([] if selectable is None else [_range(state)]),
        class_name="table-scroll",
        role="region",
        tab_index=0,
        custom_attrs={"aria-label": label},
    )


def _range(state: Any) -> rx.Component:
    """Where the keyboard writes the keys of a range, so that it arrives as one event and not as one a row."""
    return rx.el.input(on_change=state.select_rows, hidden=True, custom_attrs={"data-select": "true"})


def _head(column: Column, state: Any) -> rx.Component:
    if state is None or not column.sort:
        return rx.el.th(column.head, scope="col", class_name=column.classes)
    active = state.sort == column.sort
    direction = rx.cond(active, rx.cond(state.descending, "descending", "ascending"), "none")
    arrow = rx.cond(active, rx.cond(state.descending, icon("arrow-down"), icon("arrow-up")), rx.fragment())
    return rx.el.th(
        rx.el.button(column.head, arrow, type="button", class_name="sort", on_click=state.sort_by(column.sort)),
        scope="col",
        class_name=column.classes,
        custom_attrs={"aria-sort": direction},
    )


def _row(
    row: Any,
    columns: list[Column],
    state: Any,
    selectable: Callable[[Any], Any] | None,
    tone: Callable[[Any], Any] | None,
) -> rx.Component:
    cells = [
        rx.el.td(
            column.cell(row),
            class_name=column.classes,
            custom_attrs={"data-label": column.head} if column.named else {},
        )
        for column in columns
    ]
    attributes: dict[str, Any] = {"data-tone": tone(row)} if tone is not None else {}
    if selectable is not None:
        key = selectable(row)
        checked = state.selected.contains(key)
        attributes["aria-selected"] = rx.cond(checked, "true", "false")
        box = rx.el.input(
            type="checkbox",
            class_name="check",
            checked=checked,
            on_change=lambda _: state.toggle_selected(key),
            custom_attrs={"aria-label": t("table.select_row"), "data-key-of": key},
        )
        cells.insert(0, rx.el.td(box, class_name="select"))
    return rx.el.tr(*cells, custom_attrs=attributes)


def bulk_bar(state: Any, summary: Any, *actions: rx.Component) -> rx.Component:
    """Takes the place above the head while rows are selected."""
    return rx.cond(
        state.selected.length() > 0,
        rx.el.div(
            rx.el.span(summary, class_name="selection num"),
            *actions,
            rx.el.button(t("table.clear"), type="button", class_name="link-button push", on_click=state.clear_selected),
            class_name="bulk-bar",
            role="region",
            custom_attrs={"aria-label": t("table.selected")},
        ),
        rx.fragment(),
    )


def pager(state: Any) -> rx.Component:
    """Range and order at the left, keys in the middle, Newer and Older at the right."""
    return rx.el.div(
        rx.el.span(state.range_label),
        rx.el.span(rx.el.kbd("J"), " ", rx.el.kbd("K"), " ", t("table.move"), class_name="pager-keys push hide-small"),
        rx.el.span(rx.el.kbd("Enter"), " ", t("table.open"), class_name="pager-keys hide-small"),
        rx.cond(state.newer, button(t("table.newer"), small=True, on_click=state.go_newer), rx.fragment()),
        rx.cond(state.older, button(t("table.older"), small=True, on_click=state.go_older), rx.fragment()),
        class_name="pager",
    )


def pager_below(state: Any) -> rx.Component:
    """Newer and Older of the second list of a page; nothing where all of it is shown."""

    def turn(label: str, href: Any) -> rx.Component:
        return rx.cond(href, link_button(t(label), href=href, small=True), rx.fragment())

    keys = [turn("table.newer", state.below_newer), turn("table.older", state.below_older)]
    shown = (state.below_newer != "") | (state.below_older != "")
    return rx.cond(shown, rx.el.div(rx.el.span(class_name="push"), *keys, class_name="pager"), rx.fragment())


def export_links(state: Any, name: str) -> rx.Component:
    """CSV and XLSX of exactly what is filtered; `name` is registered in `console/http_api/exports.py`."""
    return rx.el.span(_export(state, name, "csv"), " ", _export(state, name, "xlsx"), class_name="row")


def _export(state: Any, name: str, kind: str) -> rx.Component:
    return plain_link(
        icon("download"),
        kind.upper(),
        href=f"/export/{name}.{kind}?" + state.query_string,
        class_name="button button-s",
        download=True,
        custom_attrs={"aria-label": t("table.export", kind=kind.upper())},
    )


def truncated_id(short: Text, full: Text) -> rx.Component:
    """A machine id without its middle; the full one is in the title."""
    return rx.el.span(short, class_name="mono secondary", title=full)
