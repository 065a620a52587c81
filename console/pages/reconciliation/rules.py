"""The rules by which a definition matches, as a form, with a back-test before anything holds."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    card,
    data_table,
    field,
    loading_or,
    main_and_side,
    mono,
    page_header,
    poll,
    row,
    stack,
    text_area,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import may
from console.pages.reconciliation.rules_state import RuleBook as State
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION_RULES,
    title="rules.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def rule_book() -> rx.Component:
    return rx.fragment(
        page_header(t("rules.title"), meta=[State.name, t("rules.meta", version=State.version)]),
        poll(State.has_draft & (State.tested == ""), State.load, every=3000),
        loading_or(State, main_and_side([_form(), _examples()], [_backtest(), _versions()])),
    )


def _form() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return rx.el.div(
            rx.el.label(item["label"], html_for=item["name"], class_name="label"),
            rx.el.input(
                id=item["name"],
                name=item["name"],
                type="number",
                min=item["low"],
                max=item["high"],
                default_value=item["value"],
                class_name="input",
                key=item["name"] + item["value"],
            ),
            class_name="field",
        )

    order = rx.el.input(id="order", name="order", default_value=State.order, class_name="input", key=State.order)
    form = rx.el.form(
        rx.foreach(State.fields, line),
        field(t("rules.order"), order, name="order", hint=State.options),
        field(
            t("rules.note"),
            text_area(name="note", rows=2, required=True, max_length=500, default_value=State.note, key=State.note),
            name="note",
        ),
        may(Permission.RULES_EDIT, button(t("rules.save"), kind="primary", submit=True)),
        on_submit=State.save,
        class_name="stack stack-s",
    )
    return card(form, title=t("rules.edit"), note=t("rules.edit_note"))


def _backtest() -> rx.Component:
    deeds = row(
        button(t("rules.test"), on_click=State.test, icon_name="flask-conical"),
        rx.cond(State.tested != "", button(t("rules.publish"), kind="primary", on_click=State.publish), rx.fragment()),
        wrap=True,
    )
    said = rx.cond(State.tested != "", rx.el.p(State.tested), rx.el.p(t("rules.backtest_none"), class_name="muted"))
    return card(
        stack(
            said,
            rx.cond(State.waiting, callout(t("rules.waiting"), tone="info"), rx.fragment()),
            rx.cond(State.has_draft, may(Permission.RULES_EDIT, deeds), rx.fragment()),
            gap="s",
        ),
        title=t("rules.backtest"),
    )


def _examples() -> rx.Component:
    columns = [
        Column(t("rules.what"), lambda r: r["what"], card="title"),
        Column(t("rules.key"), lambda r: mono(r["key"]), card="full"),
        Column(t("rules.class"), lambda r: r["class"], card="meta"),
        Column(t("rules.day"), lambda r: r["day"], card="side"),
    ]
    table = card(data_table(columns, State.examples, label=t("rules.backtest")), title=t("rules.backtest"), flush=True)
    return rx.cond(State.examples.length() > 0, table, rx.fragment())


def _versions() -> rx.Component:
    columns = [
        Column(t("rules.version"), lambda r: r["version"], card="title"),
        Column(t("rules.note"), lambda r: r["note"], card="full", wrap=True),
        Column(t("rules.author"), lambda r: r["author"], card="meta"),
    ]
    return card(data_table(columns, State.versions, label=t("rules.versions")), title=t("rules.versions"), flush=True)


RULE_BOOK = rule_book
