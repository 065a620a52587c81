"""One ledger: its calendar, its gaps, how it is read."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    bullets,
    button,
    callout,
    card,
    day_calendar,
    facts,
    field,
    link_button,
    loading_or,
    main_and_side,
    page_header,
    select_input,
    shape,
    stack,
    status_badge,
    text_area,
    text_input,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.imports.ledger_state import Ledger
from console.pages.imports.mapping import first_rows
from console.pages.imports.parts import PROOF_LOOKS, PROOF_WORDS
from services.core.permissions import Permission

_EXPECTS = [(name, t(f"imports.expects_{name}")) for name in ("every_day", "weekdays", "nothing")]


@page(routes.LEDGER, title="imports.ledger", permission=Permission.BOOKS_READ, on_load=Ledger.load)
def ledger_page() -> rx.Component:
    head = page_header(
        Ledger.name,
        badge=status_badge(Ledger.state, PROOF_WORDS, extra=PROOF_LOOKS),
        meta=[Ledger.entity, t("imports.ledger")],
    )
    holes = rx.foreach(Ledger.gaps, lambda gap: rx.el.li(shape("warn", "warn"), rx.el.div(gap)))
    gaps = card(
        stack(callout(t("imports.ledger_holes"), tone="warn"), bullets(holes), gap="s"), title=t("imports.holes")
    )
    calendar = card(day_calendar(Ledger.days, label=t("imports.calendar")), title=t("imports.calendar"))
    main = [
        rx.cond(Ledger.gaps.length() > 0, gaps),
        calendar,
        _query(),
        trail_card(Ledger.trail, href=Ledger.trail_href),
    ]
    return loading_or(Ledger, rx.fragment(head, main_and_side(main, [_facts(), _expects(), _http()])))


def _facts() -> rx.Component:
    edit = link_button(t("imports.mapping_edit"), href=Ledger.mapping_href, small=True)
    shown = facts(
        (t("imports.entity"), Ledger.entity),
        (t("imports.ledger_code"), Ledger.code),
        (t("imports.mapping_version"), Ledger.mapping_version),
    )
    may = Shell.rights.contains(str(Permission.BOOKS_IMPORT))
    return card(stack(shown, rx.cond(may, rx.el.div(edit, class_name="row")), gap="s"), title=t("imports.ledger"))


def _expects() -> rx.Component:
    form = rx.el.form(
        field(
            t("imports.expects"),
            select_input(_EXPECTS, name="expects", default_value=Ledger.expects),
            name="expects",
            hint=t("imports.expects_hint"),
        ),
        rx.el.div(button(t("imports.expects_save"), submit=True, small=True), class_name="row"),
        on_submit=Ledger.set_expects,
        key=Ledger.expects,
        class_name="stack stack-s",
    )
    may = Shell.rights.contains(str(Permission.BOOKS_IMPORT))
    return rx.cond(may, card(form, title=t("imports.expects_title")), rx.fragment())


def _http() -> rx.Component:
    return card(rx.el.p(t("imports.http_hint", code=Ledger.code)), title=t("imports.http"))


def _query() -> rx.Component:
    """Only where the settings name a database; those who may not edit see nothing of it."""
    may = Shell.rights.contains(str(Permission.BOOKS_QUERY)) & (Ledger.databases.length() > 0)
    rows = rx.cond(Ledger.shown.length() > 0, first_rows(Ledger))
    return rx.cond(may, stack(card(_query_form(), title=t("imports.query")), rows), rx.fragment())


def _query_form() -> rx.Component:
    def whole(name: str, label: str, value: Any, digits: int) -> rx.Component:
        control = text_input(name=name, default_value=value, input_mode="numeric", max_length=digits)
        return field(t(label), control, name=name)

    return rx.el.form(
        rx.el.div(
            field(
                t("imports.query_database"),
                select_input(Ledger.databases, name="database", default_value=Ledger.database),
                name="database",
            ),
            whole("timeout", "imports.query_timeout", Ledger.timeout, 4),
            whole("row_cap", "imports.query_cap", Ledger.row_cap, 8),
            class_name="field-grid",
        ),
        field(
            t("imports.query_statement"),
            text_area(name="statement", rows=6, default_value=Ledger.statement, max_length=20000, required=True),
            name="statement",
            hint=t("imports.query_hint"),
        ),
        rx.el.div(
            button(t("imports.query_save"), submit=True, busy=Ledger.busy),
            rx.cond(Ledger.version > 0, button(t("imports.pull"), icon_name="play", on_click=Ledger.pull)),
            rx.el.span(Ledger.asked, class_name="muted"),
            class_name="row",
        ),
        on_submit=Ledger.save_query,
        key=Ledger.version.to(str),
        class_name="stack",
    )


PAGE = ledger_page
