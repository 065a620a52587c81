"""What is at work, what waits, what is done: the list, live while its newest page is shown."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    chip_filter,
    data_table,
    empty_state,
    export_links,
    link,
    list_card,
    mono,
    muted,
    page_header,
    search_filter,
    select_filter,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.runs.parts import WORDS, bar, live
from console.pages.runs.run_list_state import RunList
from services.core.permissions import Permission

_FILTERED = ("running", "queued", "retry_wait", "paused", "dead", "succeeded", "cancelled")


@page(routes.RUNS, title="runs.title", permission=Permission.RUN_READ, on_load=RunList.load)
def run_list() -> rx.Component:
    return rx.fragment(
        page_header(t("runs.title"), meta=[t("runs.meta")]),
        list_card(
            RunList,
            _table(),
            empty_state(t("runs.none"), t("runs.none_body")),
            title=t("runs.title"),
            filters=[
                search_filter(RunList, placeholder=t("runs.search")),
                select_filter(RunList, "kind", RunList.kinds, label=t("runs.any_kind")),
                chip_filter(RunList, "state", [(state, WORDS[state]) for state in _FILTERED]),
            ],
            end=[export_links(RunList, "runs")],
        ),
        rx.cond(RunList.live, live(RunList.load, seconds=3)),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("runs.run"), lambda row: link(row["number"], href=row["href"], class_name="num"), card="title"),
        Column(t("runs.kind"), lambda row: mono(row["kind"]), card="meta"),
        Column(t("runs.state"), lambda row: status(row["state"], WORDS), card="side"),
        Column(t("runs.progress"), bar, priority=2),
        Column(t("runs.entity"), lambda row: row["entity"], priority=3),
        Column(t("runs.started_by"), lambda row: muted(row["started_by"]), priority=3),
        Column(t("runs.queued_at"), lambda row: rx.el.span(row["queued_at"], class_name="num"), priority=2),
        Column(t("runs.duration"), lambda row: row["duration"], amount=True, card="value"),
    ]
    return data_table(columns, RunList.rows, label=t("runs.title"), state=RunList)


RUN_LIST = run_list
