"""Runs that failed for good."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    bulk_bar,
    button,
    data_table,
    empty_state,
    link,
    list_card,
    mono,
    page_header,
    search_filter,
    shape,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.runs.dead_letters_state import DeadLetters
from console.pages.runs.parts import may
from services.core.permissions import Permission


@page(routes.DEAD_LETTERS, title="runs.dead_letters", permission=Permission.RUN_READ, on_load=DeadLetters.load)
def dead_letters() -> rx.Component:
    return rx.fragment(
        page_header(t("runs.dead_letters"), meta=[t("runs.dead_meta")]),
        list_card(
            DeadLetters,
            _table(),
            empty_state(t("runs.dead_none"), t("runs.dead_none_body"), mark=shape("ok", "ok")),
            title=t("runs.dead_letters"),
            filters=[search_filter(DeadLetters, placeholder=t("runs.search"))],
            above=[_selected()],
        ),
    )


def _selected() -> rx.Component:
    return bulk_bar(
        DeadLetters,
        t("runs.selected", count=DeadLetters.selected.length()),  # pyright: ignore[reportAttributeAccessIssue]
        rx.cond(
            may(Permission.RUN_CONTROL),
            button(t("runs.replay_selected"), on_click=DeadLetters.replay, small=True, icon_name="rotate-cw"),
            rx.fragment(),
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("runs.run"), lambda row: link(row["number"], href=row["href"], class_name="num"), card="title"),
        Column(t("runs.kind"), lambda row: mono(row["kind"]), card="meta"),
        Column(t("runs.error"), lambda row: rx.el.span(row["error"], title=row["error"]), wrap=True, card="full"),
        Column(t("runs.attempts_used"), lambda row: row["attempts"], amount=True, priority=2),
        Column(t("runs.started_by"), lambda row: row["started_by"], priority=3),
        Column(t("runs.died_at"), lambda row: rx.el.span(row["finished_at"], class_name="num"), card="side"),
    ]
    return data_table(
        columns,
        DeadLetters.rows,
        label=t("runs.dead_letters"),
        state=DeadLetters,
        selectable=lambda row: row["id"],
    )


DEAD_LETTERS = dead_letters
