"""All breaks, to be worked down."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    bulk_bar,
    button,
    card,
    chip_filter,
    clear_filter,
    confirm,
    empty_state,
    export_links,
    filter_bar,
    list_item,
    list_rows,
    loading_or,
    money,
    page_header,
    search_filter,
    select_filter,
    shape,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import CLASSES, break_states, break_table, may
from console.pages.reconciliation.queue_state import BreakQueue as State
from services.core.permissions import Permission

_DEFINITIONS = ("settlement", "payouts")


@page(routes.BREAKS, title="reconciliation.breaks", permission=Permission.RECONCILIATION_READ, on_load=State.load)
def break_queue() -> rx.Component:
    table = break_table(
        State, left=t("reconciliation.left"), right=t("reconciliation.right"), selectable=lambda r: r["id"]
    )
    none = empty_state(t("reconciliation.none"), t("reconciliation.none_body"))
    clean = empty_state(t("reconciliation.all_done"), t("reconciliation.all_done_body"), mark=shape("ok", "ok"))
    narrowed = rx.Var.create(State.filters).to(dict).length() > 0
    return rx.fragment(
        page_header(t("reconciliation.breaks"), meta=[t("reconciliation.queue_meta")]),
        card(
            filter_bar(
                search_filter(State, placeholder=t("reconciliation.search")),
                chip_filter(
                    State, "state", [("unresolved", t("reconciliation.state_unresolved")), *break_states().items()]
                ),
                select_filter(
                    State,
                    "class",
                    [(name, t(f"reconciliation.class_{name}")) for name in CLASSES],
                    label=t("reconciliation.any_class"),
                ),
                select_filter(
                    State,
                    "definition",
                    [(name, t(f"reconciliation.definition_{name}")) for name in _DEFINITIONS],
                    label=t("reconciliation.any_definition"),
                ),
                select_filter(State, "entity", State.entities, label=t("reconciliation.any_entity")),
                rx.el.button(
                    t("reconciliation.mine"),
                    type="button",
                    class_name="chip",
                    on_click=State.set_filter("assigned", State.me),
                    custom_attrs={"aria-pressed": rx.cond(State.filters["assigned"], "true", "false")},
                ),
                clear_filter(State),
            ),
            _bulk(),
            loading_or(State, rx.cond(State.rows.length() > 0, table, rx.cond(narrowed, none, clean)), lines=12),
            flush=True,
            title=t("reconciliation.breaks"),
            end=[export_links(State, "breaks")],
        ),
        rx.cond(State.causes.length() > 0, _causes(), rx.fragment()),
        confirm(
            open_=State.matching,
            on_open_change=State.close,
            title=t("breakwork.match_title", count=State.selected.length()),  # pyright: ignore[reportAttributeAccessIssue]
            body=[rx.el.p(t("breakwork.match_body"))],
            confirm_label=t("breakwork.match_do"),
            on_confirm=State.match,
            keep_label=t("breakwork.match_keep"),
            reason_label=t("breakwork.reason"),
        ),
    )


def _bulk() -> rx.Component:
    deeds = (
        button(t("breakwork.take"), on_click=State.take, small=True),
        button(t("breakwork.match"), on_click=State.ask, small=True),
    )
    return bulk_bar(
        State,
        t("breakwork.selected", count=State.selected.length()),  # pyright: ignore[reportAttributeAccessIssue]
        *(may(Permission.BREAK_WORK, deed) for deed in deeds),
    )


def _causes() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return list_item(
            mark=shape("warn"),
            title=item["text"],
            href=item["href"],
            end=[money(item["amount"], item["currency"])],
        )

    return card(list_rows(State.causes, line), title=t("breakwork.causes"), flush=True)


BREAK_QUEUE = break_queue
