"""One bank account: what its statements prove, where they break off, and who its payment provider is."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    bullets,
    button,
    callout,
    card,
    data_table,
    day_calendar,
    empty_state,
    facts,
    field,
    link,
    link_button,
    loading_or,
    main_and_side,
    number,
    page_header,
    shape,
    stack,
    status_badge,
    text_input,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.imports.bank_account_state import BankAccount
from console.pages.imports.import_file import balance_columns
from console.pages.imports.parts import PROOF_LOOKS, PROOF_WORDS
from services.core.permissions import Permission


@page(routes.BANK_ACCOUNT, title="imports.account", permission=Permission.BANK_READ, on_load=BankAccount.load)
def bank_account_page() -> rx.Component:
    head = page_header(
        rx.el.span(BankAccount.iban, class_name="num"),
        badge=status_badge(BankAccount.state, PROOF_WORDS, extra=PROOF_LOOKS),
        meta=[BankAccount.entity, BankAccount.currency, BankAccount.note],
    )
    gaps = rx.cond(BankAccount.gaps.length() > 0, _gaps())
    return loading_or(
        BankAccount,
        rx.fragment(
            head,
            main_and_side(
                [gaps, _calendar(), _statements(), trail_card(BankAccount.trail, href=BankAccount.trail_href)],
                [_facts(), _provider(), _csv(), _closing()],
            ),
        ),
    )


def _gaps() -> rx.Component:
    holes = rx.foreach(BankAccount.gaps, lambda gap: rx.el.li(shape("warn", "warn"), rx.el.div(gap)))
    consequence = callout(t("imports.holes_consequence"), tone="warn")
    return card(stack(consequence, bullets(holes), gap="s"), title=t("imports.holes"))


def _calendar() -> rx.Component:
    return card(day_calendar(BankAccount.days, label=t("imports.calendar")), title=t("imports.calendar"))


def _csv() -> rx.Component:
    said = rx.cond(BankAccount.reads_csv, t("imports.csv_set"), t("imports.csv_unset"))
    edit = link_button(t("imports.csv_edit"), href=BankAccount.csv_href, small=True)
    may = Shell.rights.contains(str(Permission.BANK_IMPORT))
    return card(stack(rx.el.p(said), rx.cond(may, rx.el.div(edit, class_name="row")), gap="s"), title=t("imports.csv"))


def _closing() -> rx.Component:
    form = rx.el.form(
        field(
            t("imports.closed_on"),
            text_input(name="closed_on", type="date", default_value=BankAccount.closed_on),
            name="closed_on",
            hint=t("imports.closed_hint"),
        ),
        rx.el.div(button(t("imports.closed_save"), submit=True, small=True), class_name="row"),
        on_submit=BankAccount.close,
        key=BankAccount.closed_on,
        class_name="stack stack-s",
    )
    return rx.cond(
        Shell.rights.contains(str(Permission.BANK_IMPORT)), card(form, title=t("imports.closed")), rx.fragment()
    )


def _statements() -> rx.Component:
    balances = balance_columns(one_currency=True)
    columns = [
        Column(
            t("imports.statement"),
            lambda row: link(row["number"], href=row["href"], title=row["reference"]),
            card="title",
        ),
        Column(t("imports.days_head"), lambda row: row["days"], card="meta"),
        balances[0],
        balances[1],
        Column(t("imports.rows_sum"), lambda row: number(row["sum"]), amount=True, priority=2),
        *balances[2:],
    ]
    return card(
        rx.cond(
            BankAccount.statements.length() > 0,
            data_table(columns, BankAccount.statements, label=t("imports.all_statements")),
            empty_state(t("imports.no_statements"), t("imports.proof_none_body")),
        ),
        title=t("imports.all_statements"),
        flush=True,
    )


def _facts() -> rx.Component:
    return card(
        facts(
            (t("imports.holder"), BankAccount.name),
            (t("imports.entity"), BankAccount.entity),
            (t("imports.iban"), rx.el.span(BankAccount.iban, class_name="num")),
            (t("imports.bic"), BankAccount.bic),
            (t("imports.currency"), BankAccount.currency),
        ),
        title=t("imports.facts"),
    )


def _provider() -> rx.Component:
    form = rx.el.form(
        field(
            t("imports.provider"),
            text_input(name="pattern", default_value=BankAccount.pattern, required=True, max_length=200),
            name="pattern",
            hint=t("imports.provider_hint"),
        ),
        rx.el.div(button(t("imports.provider_save"), submit=True, small=True, busy=BankAccount.busy), class_name="row"),
        on_submit=BankAccount.save_pattern,
        key=BankAccount.pattern,
        class_name="stack stack-s",
    )
    shown = facts((t("imports.provider"), BankAccount.pattern))
    return card(rx.cond(Shell.rights.contains(str(Permission.BANK_IMPORT)), form, shown), title=t("imports.provider"))


PAGE = bank_account_page
