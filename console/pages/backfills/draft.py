"""A new backfill, or other parameters of one: the form that its definition asks for."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    button,
    callout,
    card,
    facts,
    field,
    link_button,
    loading_or,
    main_and_side,
    mono,
    page_header,
    row,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.draft_state import BackfillDraft as State
from console.pages.backfills.parts import when
from services.core.permissions import Permission

_INPUTS = {"date": "date", "moment": "datetime-local", "whole": "number", "number": "number", "text": "text"}


@page(routes.BACKFILL_DRAFT, title="backfills.draft", permission=Permission.BACKFILL_DRAFT, on_load=State.load)
def draft() -> rx.Component:
    item = State.definition
    head = page_header(
        item["title"],
        meta=[
            rx.el.span(
                when(State.label, rx.el.span(State.label, " · ", class_name="num")),
                mono(item["name"]),
                " v",
                item["version"],
            )
        ],
    )
    return loading_or(State, rx.fragment(head, main_and_side([_form()], [_about()])))


def _form() -> rx.Component:
    none = rx.el.p(t("backfills.takes_nothing"), class_name="secondary")
    fields = rx.el.div(rx.foreach(State.fields, _field), class_name="stack stack-s")
    keep = link_button(t("backfills.back"), href=State.back)
    save = rx.cond(State.label, t("backfills.save_params"), t("backfills.make_draft"))
    return card(
        stack(
            when(State.label, callout(t("backfills.change_voids"), tone="warn")),
            rx.el.form(
                stack(
                    rx.cond(State.fields.length() > 0, fields, none),
                    row(button(save, kind="primary", submit=True, busy=State.busy), keep, wrap=True),
                ),
                on_submit=State.submit,
            ),
        ),
        title=t("backfills.params"),
        note=t("backfills.params_note"),
    )


def _field(item: Any) -> rx.Component:
    name = item["name"]
    return rx.el.div(
        field(
            rx.el.span(
                item["label"],
                when(item["required"] == "", rx.el.span(" ", t("backfills.optional"), class_name="muted")),
            ),
            _control(item),
            name=name,
            hint=item["hint"],
            error=item["error"],
        ),
        key=name,
    )


def _control(item: Any) -> Any:
    shared: dict[str, Any] = {
        "id": item["name"],
        "name": item["name"],
        "custom_attrs": {"aria-invalid": rx.cond(item["error"] != "", "true", "false")},
    }
    typed = [
        (
            kind,
            rx.el.input(
                type=html,
                class_name="input",
                default_value=item["value"],
                min=item["least"],
                max=item["most"],
                step=rx.cond(item["kind"] == "whole", "1", "any"),
                **shared,
            ),
        )
        for kind, html in _INPUTS.items()
    ]
    chosen = rx.el.select(
        rx.foreach(item["choices"].to(list[str]), lambda value: rx.el.option(value, value=value)),
        class_name="input",
        default_value=item["value"],
        **shared,
    )
    ticked = rx.el.input(
        type="checkbox", class_name="check", default_checked=item["value"] == "True", value="true", **shared
    )
    return rx.match(item["kind"], *typed, ("choice", chosen), ("check", ticked), rx.fragment())


def _about() -> rx.Component:
    item = State.definition
    return card(
        stack(
            rx.el.p(item["description"], class_name="secondary"),
            facts(
                (t("backfills.owner"), item["owner"]),
                (t("backfills.writes"), rx.el.span(mono(item["table"]), ": ", mono(item["columns"]))),
                (t("backfills.must_hold"), item["checks"]),
                (t("backfills.runbook"), item["runbook"]),
            ),
            gap="s",
        ),
        title=t("backfills.definition"),
        foot=t("backfills.draft_foot"),
    )


DRAFT = draft
