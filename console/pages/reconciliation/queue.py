"""All breaks, to be worked down."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    card,
    chip_filter,
    clear_filter,
    empty_state,
    export_links,
    filter_bar,
    loading_or,
    page_header,
    search_filter,
    select_filter,
    shape,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import CLASSES, break_states, break_table
from console.pages.reconciliation.queue_state import BreakQueue as State
from services.core.permissions import Permission

_DEFINITIONS = ("settlement", "payouts")


@page(routes.BREAKS, title="reconciliation.breaks", permission=Permission.RECONCILIATION_READ, on_load=State.load)
def break_queue() -> rx.Component:
    table = break_table(State, left=t("reconciliation.left"), right=t("reconciliation.right"))
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
            loading_or(State, rx.cond(State.rows.length() > 0, table, rx.cond(narrowed, none, clean)), lines=12),
            flush=True,
            title=t("reconciliation.breaks"),
            end=[export_links(State, "breaks")],
        ),
    )


BREAK_QUEUE = break_queue
