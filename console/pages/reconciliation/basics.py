"""From which amount a break is severe, on which days nobody books, and what currencies are worth."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    columns,
    data_table,
    field,
    filter_bar,
    form_dialog,
    icon_button,
    link_button,
    loading_or,
    money,
    number,
    page_header,
    select_filter,
    stack,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.basics_rates import rates_card
from console.pages.reconciliation.basics_state import Basics as State
from console.pages.reconciliation.parts import may, recon_tabs
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION_BASICS,
    title="basics.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def basics() -> rx.Component:
    return rx.fragment(
        page_header(t("basics.title"), meta=[t("basics.meta")]),
        recon_tabs("basics"),
        loading_or(State, columns(stack(_severity(), rates_card()), _holidays(), count=2), lines=12),
        _editor(),
    )


def _severity() -> rx.Component:
    table = data_table(
        [
            Column(t("basics.currency"), lambda r: rx.el.strong(r["currency"]), card="title"),
            Column(t("basics.notable"), lambda r: money(r["notable"], r["currency"]), amount=True, card="meta"),
            Column(t("basics.severe"), lambda r: money(r["severe"], r["currency"]), amount=True, card="value"),
            Column(t("basics.changed"), lambda r: rx.el.span(r["changed"], class_name="muted"), priority=3),
            Column("", _edit, amount=True, card="side"),
        ],
        State.severities,
        label=t("basics.severity"),
        dense=True,
    )
    return card(
        table,
        title=t("basics.severity"),
        note=t("basics.severity_note"),
        end=[may(Permission.RULES_EDIT, button(t("basics.add"), on_click=State.edit(""), small=True))],
        foot=t("basics.severity_foot"),
        flush=True,
    )


def _edit(row: Any) -> rx.Component:
    return may(
        Permission.RULES_EDIT, button(t("basics.edit"), on_click=State.edit(row["currency"]), small=True, kind="quiet")
    )


def _editor() -> rx.Component:
    def amount(name: str) -> rx.Component:
        control = text_input(name=name, required=True, input_mode="decimal", default_value=State.editing[name])
        return field(t(f"basics.{name}"), control, name=name)

    code = field(
        t("basics.currency"), text_input(name="currency", required=True, min_length=3, max_length=3), name="currency"
    )
    known = t("basics.edit_title", currency=State.editing["currency"])
    return form_dialog(
        rx.cond(State.editing["currency"], rx.fragment(), code),
        amount("notable"),
        amount("severe"),
        open_=State.editing.length() > 0,
        on_open_change=State.close,
        title=rx.cond(State.editing["currency"], known, t("basics.add_title")),
        act=button(t("basics.save"), kind="primary", submit=True),
        on_submit=State.save,
        keep=t("basics.keep"),
    )


def _holidays() -> rx.Component:
    table = data_table(
        [
            Column(t("basics.day"), lambda r: number(r["day"]), card="title"),
            Column(t("basics.name"), lambda r: r["name"], card="full"),
            Column(t("basics.origin"), lambda r: rx.el.span(r["origin"], class_name="muted"), card="meta"),
            Column("", _remove, amount=True, card="side"),
        ],
        State.holidays,
        label=t("basics.holidays"),
        dense=True,
    )
    none = rx.el.p(t("basics.holidays_none"), class_name="muted pad")
    which = filter_bar(
        select_filter(State, "entity", State.entities, label=t("basics.entity"), shown=State.chosen),
        link_button(t("basics.earlier"), href=State.earlier, small=True),
        link_button(t("basics.later"), href=State.later, small=True),
    )
    return card(
        rx.cond(State.chosen != "", which, rx.fragment()),
        rx.cond(State.holidays.length() > 0, table, none),
        rx.cond(
            State.chosen != "",
            rx.el.div(may(Permission.RULES_EDIT, _day_form()), class_name="card-body"),
            rx.fragment(),
        ),
        title=t("basics.holidays"),
        note=t("basics.holidays_note", year=State.year),
        flush=True,
    )


def _remove(row: Any) -> rx.Component:
    taken = icon_button("trash", label=t("basics.remove_day", day=row["day"]), on_click=State.remove_day(row["id"]))
    return rx.cond(row["own"] == "yes", may(Permission.RULES_EDIT, taken), rx.fragment())


def _day_form() -> rx.Component:
    return rx.el.form(
        stack(
            field(t("basics.day"), text_input(name="day", type="date", required=True), name="day"),
            field(t("basics.name"), text_input(name="name", required=True, max_length=80), name="name"),
            rx.el.div(button(t("basics.add_day"), submit=True, small=True), class_name="row"),
            gap="s",
        ),
        on_submit=State.add_day,
        reset_on_submit=True,
    )


BASICS = basics
