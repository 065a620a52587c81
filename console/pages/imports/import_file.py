"""One file: figures, statements, rejected rows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    callout,
    card,
    data_table,
    empty_state,
    figures,
    loading_or,
    money,
    mono,
    number,
    page_header,
    shape,
    stack,
    status,
    status_badge,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.imports.import_file_state import ImportFile
from console.pages.imports.parts import FILE_LOOKS, FILE_WORDS, STATEMENT_LOOKS, STATEMENT_WORDS
from services.core.permissions import Permission


@page(routes.IMPORT_FILE, title="imports.report", permission=Permission.BANK_READ, on_load=ImportFile.load)
def import_file_page() -> rx.Component:
    head = page_header(
        ImportFile.name,
        badge=status_badge(ImportFile.state, FILE_WORDS, extra=FILE_LOOKS),
        meta=[ImportFile.entity, ImportFile.received, ImportFile.origin, ImportFile.taken_by, ImportFile.digest],
    )
    problem = rx.cond(ImportFile.problem, callout(ImportFile.problem, tone="warn", title=t("imports.problem")))
    return loading_or(
        ImportFile,
        rx.fragment(
            head,
            stack(
                problem,
                card(_figures(), title=t("imports.report")),
                rx.cond(ImportFile.statements.length() > 0, _statements()),
                _rejections(),
                trail_card(ImportFile.trail, href=ImportFile.trail_href),
            ),
        ),
    )


def _figures() -> rx.Component:
    def named(*names: str) -> rx.Component:
        return figures(*[(t(f"imports.{name}"), ImportFile.figures[name]) for name in names])

    return rx.cond(
        ImportFile.kind == "books",
        named("read", "new", "changed", "unchanged", "rejected"),
        named("read", "new", "unchanged", "rejected"),
    )


def _statements() -> rx.Component:
    columns = [
        Column(t("imports.statement"), lambda row: rx.el.span(row["number"], title=row["reference"]), card="title"),
        Column(t("imports.account"), lambda row: rx.el.span(row["account"], class_name="num"), card="meta", priority=2),
        Column(t("imports.days_head"), lambda row: row["days"], card="meta"),
        *balance_columns(),
    ]
    return card(
        data_table(columns, ImportFile.statements, label=t("imports.statements")),
        title=t("imports.statements"),
        flush=True,
    )


def balance_columns(*, one_currency: bool = False) -> list[Column]:
    """Opening, closing, difference, rows and whether they add up; of `one_currency` the page itself says which."""

    def balance(name: str) -> Any:
        return lambda row: number(row[name]) if one_currency else money(row[name], row["currency"])

    return [
        Column(t("imports.rows"), lambda row: number(row["rows"]), amount=True, priority=3),
        Column(t("imports.opening"), balance("opening"), amount=True, priority=2),
        Column(t("imports.closing"), balance("closing"), amount=True, card="value"),
        Column(t("imports.difference"), _difference, amount=True, priority=2),
        Column(
            t("imports.state"),
            lambda row: status(row["state"], STATEMENT_WORDS, extra=STATEMENT_LOOKS),
            card="side",
        ),
    ]


def _difference(row: Any) -> rx.Component:
    return rx.cond(row["off"], number(row["difference"]), rx.el.span(row["difference"], class_name="num muted"))


def _rejections() -> rx.Component:
    member = [Column(t("imports.member"), lambda row: row["member"], priority=3)]
    columns = [
        Column(t("imports.line"), lambda row: number(row["line"]), amount=True, card="value"),
        Column(t("imports.reason"), lambda row: row["reason"], card="title", wrap=True),
        Column(t("imports.excerpt"), lambda row: mono(row["excerpt"], title=row["excerpt"]), priority=2, wrap=True),
    ]
    table = rx.cond(
        ImportFile.kind == "bank",
        data_table([*member, *columns], ImportFile.rejections, label=t("imports.rejected_rows")),
        data_table(columns, ImportFile.rejections, label=t("imports.rejected_rows")),
    )
    nothing = empty_state(t("imports.none_rejected"), t("imports.none_rejected_body"), mark=shape("ok", "ok"))
    return card(
        rx.cond(ImportFile.rejections.length() > 0, table, nothing),
        title=t("imports.rejected_rows"),
        note=ImportFile.rejections_note,
        flush=True,
    )


PAGE = import_file_page
