"""What most pages are made of: a card with a list that can be narrowed, and a card with a short table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from console.components.filters import clear_filter, filter_bar, is_narrowed
from console.components.layout import card
from console.components.states import empty_state, loading_or
from console.components.table import Column, data_table, pager


def list_card(
    state: Any,
    table: rx.Component,
    nothing: rx.Component,
    *,
    title: Any,
    filters: Sequence[rx.Component],
    above: Sequence[rx.Component] = (),
    end: Sequence[Any] = (),
    lines: int = 12,
    first: rx.Component | None = None,
) -> rx.Component:
    """The filters over the rows of `state` (a `ListState`) with their pages, or `nothing` where there are none.

    `first` stands there instead while nothing is filtered.
    """
    empty = nothing if first is None else rx.cond(is_narrowed(state), nothing, first)
    rows = rx.cond(state.rows.length() > 0, rx.fragment(table, pager(state)), empty)
    return card(
        filter_bar(*filters, clear_filter(state)),
        *above,
        loading_or(state, rows, lines=lines),
        title=title,
        end=end,
        flush=True,
    )


def table_card(columns: list[Column], rows: Any, *, title: Any, none: Any, note: Any = None) -> rx.Component:
    """All rows at once under a heading that is also the table's label; the words `none` where there are none."""
    table = rx.cond(rows.length() > 0, data_table(columns, rows, label=title), empty_state(none, ""))
    return card(table, title=title, note=note, flush=True)
