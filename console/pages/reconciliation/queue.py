"""All breaks, to be worked down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    card,
    chip_filter,
    clear_filter,
    date_filter,
    empty_state,
    export_links,
    filter_bar,
    is_narrowed,
    list_item,
    list_rows,
    loading_or,
    money,
    page_header,
    save_view_button,
    saved_view_bar,
    search_filter,
    select_filter,
    shape,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import CLASSES, SEVERITIES, break_states, break_table
from console.pages.reconciliation.queue_bulk import queue_bulk, queue_dialogs
from console.pages.reconciliation.queue_state import BreakQueue as State
from services.core.permissions import Permission

_DEFINITIONS = ("settlement", "payouts")
_AGES = ("fresh", "week", "old")


@page(routes.BREAKS, title="reconciliation.breaks", permission=Permission.RECONCILIATION_READ, on_load=State.load)
def break_queue() -> rx.Component:
    table = break_table(
        State, left=t("reconciliation.left"), right=t("reconciliation.right"), selectable=lambda r: r["id"]
    )
    none = empty_state(t("reconciliation.none"), t("reconciliation.none_body"))
    clean = empty_state(t("reconciliation.all_done"), t("reconciliation.all_done_body"), mark=shape("ok", "ok"))
    return rx.fragment(
        page_header(t("reconciliation.breaks"), meta=[t("reconciliation.queue_meta")]),
        card(
            _filters(),
            saved_view_bar(State),
            queue_bulk(),
            loading_or(
                State, rx.cond(State.rows.length() > 0, table, rx.cond(is_narrowed(State), none, clean)), lines=12
            ),
            flush=True,
            title=t("reconciliation.breaks"),
            end=[export_links(State, "breaks")],
        ),
        rx.cond(State.causes.length() > 0, _causes(), rx.fragment()),
        queue_dialogs(),
    )


def _filters() -> rx.Component:
    return filter_bar(
        search_filter(State, placeholder=t("reconciliation.search")),
        chip_filter(State, "state", [("unresolved", t("reconciliation.state_unresolved")), *break_states().items()]),
        _choice("severity", [(name, t(f"breakwork.severity_{name}")) for name in SEVERITIES], "breakwork.any_severity"),
        _choice("age", [(name, t(f"breakwork.age_{name}")) for name in _AGES], "breakwork.any_age"),
        _choice("class", [(name, t(f"reconciliation.class_{name}")) for name in CLASSES], "reconciliation.any_class"),
        _choice(
            "definition",
            [(name, t(f"reconciliation.definition_{name}")) for name in _DEFINITIONS],
            "reconciliation.any_definition",
        ),
        _choice("entity", State.entities, "reconciliation.any_entity"),
        rx.el.select(
            rx.el.option(t("breakwork.anybody"), value=""),
            rx.el.option(t("reconciliation.mine"), value=State.me),
            rx.el.option(t("breakwork.nobody_has"), value="nobody"),
            value=State.filters.get("assigned", ""),
            on_change=lambda value: State.set_filter("assigned", value),
            class_name="input input-s filter-select",
            custom_attrs={"aria-label": t("reconciliation.assigned")},
        ),
        date_filter(State, "from", label=t("breakwork.from")),
        date_filter(State, "to", label=t("breakwork.to")),
        clear_filter(State),
        save_view_button(State),
    )


def _choice(name: str, options: Any, label: str) -> rx.Component:
    return select_filter(State, name, options, label=t(label))


def _causes() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return list_item(
            mark=shape("warn", "warn"),
            title=item["text"],
            href=item["href"],
            end=[money(item["amount"], item["currency"])],
        )

    return card(list_rows(State.causes, line), title=t("breakwork.causes"), flush=True)


BREAK_QUEUE = break_queue
