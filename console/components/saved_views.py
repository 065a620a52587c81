"""Named filters of a list whose state is a `SavedViewsState`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import button, field, icon_button, link, text_button, text_input
from console.components.dialog import form_dialog
from console.design.texts import t


def save_view_button(state: Any) -> rx.Component:
    """Shown when something is filtered."""
    save = text_button(t("table.save_view"), on_click=state.ask_name)
    return rx.cond(state.filters.length() > 0, save, rx.fragment())


def saved_view_bar(state: Any) -> rx.Component:
    """The reader's views as chips, each a link, and the dialog that names a new one."""
    chips = rx.el.nav(
        rx.foreach(
            state.views,
            lambda view: rx.el.span(
                link(view["name"], href=view["href"]),
                icon_button(
                    "x",
                    label=t("table.remove_view", name=view["name"]),
                    on_click=state.remove_view(view["id"]),
                    class_name="chip-remove",
                ),
                class_name="chip chip-set",
            ),
        ),
        class_name="filter-bar",
        custom_attrs={"aria-label": t("table.views")},
    )
    return rx.fragment(rx.cond(state.views.length() > 0, chips, rx.fragment()), _naming(state))


def _naming(state: Any) -> rx.Component:
    return form_dialog(
        field(t("table.view_name"), text_input(name="view_name", required=True, max_length=60), name="view_name"),
        open_=state.naming,
        on_open_change=state.close_naming,
        title=t("table.save_view"),
        act=button(t("table.save_view"), kind="primary", submit=True),
        on_submit=state.save_view,
    )
