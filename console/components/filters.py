"""What narrows a list. Every filter writes into the address, and the address loads the list."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import icon
from console.design.texts import t


def filter_bar(*filters: Any) -> rx.Component:
    """The row above a table."""
    return rx.el.div(*filters, class_name="filter-bar", role="search")


def search_filter(state: Any, *, placeholder: Any, name: str = "q") -> rx.Component:
    """Free text; `/` puts the cursor here. Waits until the reader stops typing."""
    return rx.el.div(
        icon("search"),
        rx.el.input(
            type="search",
            class_name="input input-s",
            placeholder=placeholder,
            default_value=state.filters.get(name, ""),
            key=f"{name}-" + state.filters.get(name, "").to(str),
            on_blur=lambda value: state.set_filter(name, value),
            custom_attrs={"aria-label": placeholder, "data-filter": "true"},
        ),
        class_name="search",
    )


def chip_filter(state: Any, name: str, options: Any, *, all_label: Any = None) -> rx.Component:
    """One of several values as chips; `options`: pairs (value, text) or a variable of {"value", "label", "count"}."""
    chosen = state.filters.get(name, "")
    every = _chip(
        all_label if all_label is not None else t("table.all"), None, chosen == "", state.set_filter(name, "")
    )
    if isinstance(options, rx.Var):
        rest = rx.foreach(
            options,
            lambda item: _chip(
                item["label"], item["count"], chosen == item["value"], state.set_filter(name, item["value"])
            ),
        )
        return rx.fragment(every, rest)
    return rx.fragment(
        every, *[_chip(text, None, chosen == value, state.set_filter(name, value)) for value, text in options]
    )


def select_filter(state: Any, name: str, options: Any, *, label: Any, shown: Any = None) -> rx.Component:
    """One of many values; `options` as in `chip_filter`, the first choice is all of them. Away when there are none.

    A page that always shows one of them says which (`shown`), and then there is no choice of all.
    """
    if isinstance(options, rx.Var):
        rest = [rx.foreach(options, lambda item: rx.el.option(item["label"], value=item["value"]))]
        return rx.cond(options.to(list).length() > 0, _select(state, name, rest, label, shown), rx.fragment())
    rest = [rx.el.option(text, value=value) for value, text in options]
    return _select(state, name, rest, label, shown)


def _select(state: Any, name: str, rest: list[Any], label: Any, shown: Any) -> rx.Component:
    return rx.el.select(
        *([rx.el.option(label, value="")] if shown is None else []),
        *rest,
        class_name="input input-s filter-select",
        value=state.filters.get(name, "") if shown is None else shown,
        on_change=lambda value: state.set_filter(name, value),
        custom_attrs={"aria-label": label},
    )


def date_filter(state: Any, name: str, *, label: Any) -> rx.Component:
    """A day, ISO in the address."""
    return rx.el.label(
        rx.el.span(label, class_name="muted"),
        rx.el.input(
            type="date",
            class_name="input input-s",
            value=state.filters.get(name, ""),
            on_change=lambda value: state.set_filter(name, value),
        ),
        class_name="row filter-date",
    )


def is_narrowed(state: Any) -> rx.Var[bool]:
    """Whether anything is filtered."""
    return rx.Var.create(state.filters).to(dict).length() > 0


def clear_filter(state: Any) -> rx.Component:
    """Shown when something is filtered."""
    return rx.cond(
        is_narrowed(state),
        rx.el.button(t("table.clear_filters"), type="button", class_name="link-button", on_click=state.clear_filters),
        rx.fragment(),
    )


def _chip(text: Any, count: Any, pressed: Any, on_click: Any) -> rx.Component:
    number = [] if count is None else [rx.el.b(count)]
    return rx.el.button(
        text,
        *number,
        type="button",
        class_name="chip",
        on_click=on_click,
        custom_attrs={"aria-pressed": rx.cond(pressed, "true", "false")},
    )
