"""What one does with many breaks at once: the bar above the list, and a dialog for each deed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import bulk_bar, button, checkbox, confirm, field, form_dialog, money, select_input
from console.design.texts import t
from console.pages.reconciliation.parts import RESOLUTIONS, may
from console.pages.reconciliation.queue_state import BreakQueue as State
from services.core.permissions import Permission


def queue_bulk() -> rx.Component:
    """The bar while rows are selected; letters open the dialogs of what people do most."""
    count = State.selected.length()  # pyright: ignore[reportAttributeAccessIssue]
    deeds = (
        button(t("breakwork.take"), on_click=State.take, small=True),
        button(t("breakwork.assign"), on_click=State.ask("assign"), small=True, custom_attrs={"data-key": "a"}),
        button(t("breakwork.comment"), on_click=State.ask("comment"), small=True, custom_attrs={"data-key": "c"}),
        button(t("breakwork.resolve"), on_click=State.ask("resolve"), small=True, custom_attrs={"data-key": "r"}),
        button(t("breakwork.match"), on_click=State.ask("match"), small=True),
        button(t("breakwork.reopen"), on_click=State.ask("reopen"), small=True),
    )
    return bulk_bar(State, t("breakwork.selected", count=count), *(may(Permission.BREAK_WORK, deed) for deed in deeds))


def queue_dialogs() -> rx.Component:
    """One dialog a deed, each with the number of breaks it is about."""
    return rx.fragment(
        _dialog("match", State.match, body=[rx.el.p(t("breakwork.match_body")), _parts(), _force()]),
        _dialog(
            "resolve",
            State.resolve,
            body=[rx.el.p(t("breakwork.resolve_body")), _resolution(), rx.el.p(State.terms, id="terms")],
        ),
        _dialog("reopen", State.reopen, body=[rx.el.p(t("breakwork.reopen_body"))]),
        _dialog("comment", State.comment, body=[rx.el.p(t("breakwork.comment_body"))], label="breakwork.comment_label"),
        _assign(),
    )


def _dialog(deed: str, handler: Any, *, body: list[rx.Component], label: str = "breakwork.reason") -> rx.Component:
    return confirm(
        open_=State.asking == deed,
        on_open_change=State.close,
        title=t(f"breakwork.{deed}_title", count=State.selected.length()),  # pyright: ignore[reportAttributeAccessIssue]
        body=body,
        confirm_label=t(f"breakwork.{deed}_do"),
        on_confirm=handler,
        keep_label=t("breakwork.match_keep"),
        reason_label=t(label),
    )


def _parts() -> rx.Component:
    """Each selected break with its difference, and room for the part of it that belongs here."""

    def line(item: Any) -> rx.Component:
        name = "part_" + item["id"]
        return rx.el.tr(
            rx.el.th(rx.el.label(item["number"], html_for=name), scope="row"),
            rx.el.td(money(item["delta"], item["currency"]), class_name="amount"),
            rx.el.td(rx.el.input(id=name, name=name, input_mode="decimal", class_name="input input-s num")),
        )

    heads = (t("reconciliation.break"), t("reconciliation.difference"), t("breakwork.part"))
    return rx.el.table(
        rx.el.caption(t("breakwork.parts"), class_name="visually-hidden"),
        rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
        rx.el.tbody(rx.foreach(State.chosen, line)),
        class_name="data-table data-table-dense data-table-bare",
    )


def _force() -> rx.Component:
    return checkbox(t("breakwork.force"), name="force")


def _resolution() -> rx.Component:
    options = [(name, t(f"reconciliation.resolution_{name}")) for name in RESOLUTIONS]
    return field(t("reconciliation.resolution"), select_input(options, name="resolution"), name="resolution")


def _assign() -> rx.Component:
    choice = rx.el.select(
        rx.el.option(t("reconciliation.nobody"), value=""),
        rx.foreach(State.people, lambda person: rx.el.option(person["label"], value=person["value"])),
        name="person",
        id="person",
        class_name="input",
    )
    return form_dialog(
        field(t("reconciliation.assign_to"), choice, name="person"),
        open_=State.asking == "assign",
        on_open_change=State.close,
        title=t("breakwork.assign_title", count=State.selected.length()),  # pyright: ignore[reportAttributeAccessIssue]
        act=button(t("breakwork.assign_do"), kind="primary", submit=True),
        on_submit=State.assign,
        keep=t("breakwork.match_keep"),
    )
