"""Every backfill there was: what is prepared, waits, runs, stands still, is done."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    chip_filter,
    clear_filter,
    data_table,
    empty_state,
    export_links,
    filter_bar,
    is_narrowed,
    link,
    link_button,
    loading_or,
    muted,
    page_header,
    pager,
    poll,
    search_filter,
    select_filter,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.backfill_list_state import BackfillList as State
from console.pages.backfills.parts import STAGE_WORDS, WORDS, may, section_tabs, when
from services.core.permissions import Permission


@page(routes.BACKFILLS, title="backfills.title", permission=Permission.BACKFILL_READ, on_load=State.load)
def backfill_list() -> rx.Component:
    none = empty_state(t("backfills.no_match"), t("backfills.no_match_body"))
    first = empty_state(
        t("backfills.none"),
        t("backfills.none_body"),
        actions=[link_button(t("backfills.to_catalogue"), href=routes.BACKFILL_CATALOGUE)],
    )
    start = link_button(t("backfills.new"), href=routes.BACKFILL_CATALOGUE, kind="primary", icon_name="plus")
    return rx.fragment(
        page_header(
            t("backfills.title"), meta=[t("backfills.meta")], actions=[when(may(Permission.BACKFILL_DRAFT), start)]
        ),
        section_tabs("title"),
        card(
            filter_bar(
                search_filter(State, placeholder=t("backfills.search")),
                chip_filter(State, "stage", list(STAGE_WORDS.items())),
                select_filter(State, "definition", State.definitions, label=t("backfills.any_definition")),
                clear_filter(State),
            ),
            loading_or(State, rx.cond(State.rows.length() > 0, _table(), rx.cond(is_narrowed(State), none, first))),
            flush=True,
            title=t("backfills.title"),
            end=[export_links(State, "backfills")],
        ),
        poll(State.loaded & (State.failure == ""), State.refresh, every=5000),
    )


def _table() -> rx.Component:
    def record(row: Any) -> rx.Component:
        return link(row["label"], href=row["href"], class_name="num")

    columns = [
        Column(t("backfills.number"), record, card="meta"),
        Column(t("backfills.name"), lambda row: link(row["title"], href=row["href"]), card="title"),
        Column(t("backfills.state"), lambda row: status(row["state"], WORDS), card="side"),
        Column(t("backfills.rows"), lambda row: rx.el.span(row["rows"], class_name="num"), amount=True, card="value"),
        Column(t("backfills.author"), lambda row: muted(row["by"]), priority=2, card="meta"),
        Column(t("backfills.drafted"), lambda row: rx.el.span(row["at"], class_name="num"), priority=3),
        Column(t("backfills.started"), lambda row: rx.el.span(row["started"], class_name="num"), priority=2),
    ]
    return rx.fragment(data_table(columns, State.rows, label=t("backfills.title"), state=State), pager(State))


BACKFILL_LIST = backfill_list
