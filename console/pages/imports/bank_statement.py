"""One statement: its lines as the bank gives them, with returns, charges and collective bookings."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    data_table,
    empty_state,
    facts,
    link,
    list_card,
    loading_or,
    main_and_side,
    money,
    mono,
    muted,
    number,
    page_header,
    search_filter,
    stack,
    status,
    status_badge,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.imports.bank_statement_state import BankStatement as State
from console.pages.imports.parts import STATEMENT_LOOKS, STATEMENT_WORDS
from services.core.permissions import Permission

_WORDS = {name: t(f"statements.line_{name}") for name in ("booked", "reversed", "returned")}
_LOOKS = {"booked": ("ok", ""), "reversed": ("info", "info"), "returned": ("warn", "warn")}


@page(
    routes.BANK_STATEMENT,
    title="statements.title",
    permission=Permission.BANK_READ,
    on_load=State.load,
)
def bank_statement_page() -> rx.Component:
    item = State.item
    head = page_header(
        t("statements.named", number=item["number"]),
        badge=status_badge(item["state"], STATEMENT_WORDS, extra=STATEMENT_LOOKS),
        meta=[item["entity"], link(item["iban"], href=item["account_href"]), item["days"], item["format"]],
    )
    records = rx.cond(State.records.length() > 0, _records(), rx.fragment())
    return loading_or(State, rx.fragment(head, main_and_side([_lines(), records], [_balances()])))


def _lines() -> rx.Component:
    columns = [
        Column(t("statements.counterparty"), _who, card="title"),
        Column(t("statements.text"), lambda r: rx.el.span(r["text"], title=r["text_full"]), card="full", wrap=True),
        Column(t("statements.booked_on"), lambda r: number(r["day"]), card="meta"),
        Column(t("statements.what"), _what, card="side", wrap=True),
        Column(t("statements.records"), _batch, amount=True, priority=3),
        Column(t("statements.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
    ]
    return list_card(
        State,
        data_table(columns, State.rows, label=t("statements.lines")),
        empty_state(t("statements.none"), t("statements.none_body")),
        title=t("statements.lines"),
        filters=[search_filter(State, placeholder=t("statements.search"))],
    )


def _who(row: Any) -> rx.Component:
    name = rx.el.span(row["who"], title=row["who_full"])
    return rx.cond(row["match_href"], link(name, href=row["match_href"]), name)


def _what(row: Any) -> rx.Component:
    """Booked, taken back, or returned: below it why, what had been collected, and what the bank charged."""
    shown = status(row["status"], _WORDS, extra=_LOOKS)
    return rx.cond(row["why"], rx.el.div(shown, rx.el.div(row["why"], class_name="sub")), shown)


def _batch(row: Any) -> rx.Component:
    return rx.cond(row["records_href"], link(number(row["records"]), href=row["records_href"]), muted(row["records"]))


def _records() -> rx.Component:
    columns = [
        Column(t("statements.counterparty"), lambda r: r["who"], card="title"),
        Column(t("statements.text"), lambda r: rx.el.span(r["text"], title=r["text"]), card="full", wrap=True),
        Column(t("statements.reference"), lambda r: mono(r["reference"]), priority=2),
        Column(t("statements.reason"), lambda r: r["reason"], card="side"),
        Column(t("statements.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
    ]
    return card(
        data_table(columns, State.records, label=t("statements.records_of")),
        title=t("statements.records_of"),
        note=State.records_note,
        flush=True,
        id="records",
    )


def _balances() -> rx.Component:
    item = State.item
    return card(
        stack(
            facts(
                (t("imports.opening"), money(item["opening"], item["currency"])),
                (t("imports.rows_sum"), money(item["sum"], item["currency"])),
                (t("imports.closing"), money(item["closing"], item["currency"])),
                (t("imports.difference"), money(item["difference"], item["currency"])),
                (t("imports.rows"), item["rows"]),
            ),
            link(t("statements.file"), href=item["file_href"]),
            gap="s",
        ),
        title=t("statements.balances"),
    )


PAGE = bank_statement_page
