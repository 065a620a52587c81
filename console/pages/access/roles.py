"""Roles and the matrix of rights, as the code and the administrators have them: what stands here is what is checked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    data_table,
    field,
    form_dialog,
    loading_or,
    mono,
    muted,
    number,
    page_header,
    row,
    select_input,
    shape,
    stack,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.access.roles_state import Roles
from console.pages.access.tabs import access_tabs
from services.core.permissions import Permission

_MANAGES: Any = Shell.rights


@page(routes.ACCESS_ROLES, title="access.roles", permission=Permission.USER_READ, on_load=Roles.load)
def roles() -> rx.Component:
    return rx.fragment(
        page_header(
            t("access.roles"),
            meta=[t("access.roles_meta")],
            actions=[_if_manager(button(t("access.new_role"), kind="primary", on_click=Roles.ask("")))],
        ),
        access_tabs(routes.ACCESS_ROLES),
        loading_or(
            Roles,
            stack(
                card(_list(), flush=True, title=t("access.roles")),
                card(_matrix(), flush=True, title=t("access.matrix")),
            ),
        ),
        _editor(),
    )


def _if_manager(content: rx.Component) -> rx.Component:
    return rx.cond(_MANAGES.contains(str(Permission.USER_MANAGE)), content, rx.fragment())


def _list() -> rx.Component:
    columns = [
        Column(t("access.role"), lambda item: item["name"], card="title"),
        Column(t("access.holders"), lambda item: number(item["holders"]), amount=True, card="meta", named=True),
        Column(
            t("access.rights"), lambda item: number(item["rights"]), amount=True, priority=2, card="meta", named=True
        ),
        Column(t("access.factor_needed"), _factor, card="full"),
        Column(
            t("access.actions"),
            lambda item: rx.cond(item["custom"] == "yes", _if_manager(_actions(item)), muted(t("access.built_in"))),
            card="full",
        ),
    ]
    return data_table(columns, Roles.roles, label=t("access.roles"))


def _factor(item: Any) -> rx.Component:
    choice = rx.el.select(
        rx.el.option(t("access.factor_default", what=item["by_default"]), value="default"),
        rx.el.option(t("access.factor_yes"), value="yes"),
        rx.el.option(t("access.factor_no"), value="no"),
        value=item["factor"],
        on_change=lambda value: Roles.require_factor(item["code"], value),
        class_name="input",
        custom_attrs={"aria-label": t("access.factor_needed")},
    )
    shown = rx.match(
        item["factor"],
        ("yes", t("access.factor_yes")),
        ("no", t("access.factor_no")),
        t("access.factor_default", what=item["by_default"]),
    )
    return rx.cond(_MANAGES.contains(str(Permission.USER_MANAGE)), choice, rx.el.span(shown))


def _actions(item: Any) -> rx.Component:
    return row(
        button(t("access.edit"), small=True, on_click=Roles.ask(item["code"])),
        button(t("access.retire"), small=True, kind="quiet", on_click=Roles.retire(item["code"])),
    )


def _matrix() -> rx.Component:
    heads = rx.foreach(Roles.roles, lambda item: rx.el.th(item["name"], scope="col", class_name="center"))
    lines = rx.foreach(
        Roles.matrix,
        lambda line: rx.el.tr(rx.el.th(mono(line["right"]), scope="row"), rx.foreach(line["held"].to(list[str]), _may)),
    )
    return rx.el.div(
        rx.el.table(
            rx.el.caption(t("access.matrix"), class_name="visually-hidden"),
            rx.el.thead(rx.el.tr(rx.el.th(t("access.right"), scope="col"), heads)),
            rx.el.tbody(lines),
            class_name="data-table data-table-dense matrix",
        ),
        class_name="table-scroll",
        role="region",
        tab_index=0,
        custom_attrs={"aria-label": t("access.matrix")},
    )


def _may(held: Any) -> rx.Component:
    yes = rx.fragment(shape("ok", "ok"), rx.el.span(t("access.may"), class_name="visually-hidden"))
    no = rx.fragment(
        rx.el.span("–", class_name="muted", custom_attrs={"aria-hidden": "true"}),
        rx.el.span(t("access.may_not"), class_name="visually-hidden"),
    )
    narrowed = rx.fragment(shape("warn", "warn"), rx.el.span(held, class_name="sub"))
    return rx.el.td(rx.match(held, ("yes", yes), ("", no), narrowed), class_name="center")


def _editor() -> rx.Component:
    return form_dialog(
        rx.cond(Roles.editing["version"] == "0", _code(), rx.fragment()),
        field(
            t("access.name"),
            text_input(name="name", required=True, max_length=60, default_value=Roles.editing["name"]),
            name="name",
        ),
        _rights(),
        *_narrowing(),
        open_=Roles.asking,
        on_open_change=Roles.close,
        title=t("access.role_editor"),
        act=button(t("access.save_role"), kind="primary", submit=True),
        on_submit=Roles.save,
        keep=t("access.keep"),
        note=t("access.roles_effect"),
        key=Roles.editing["code"] + Roles.editing["version"],
    )


def _code() -> rx.Component:
    return field(
        t("access.role_code"),
        text_input(name="code", required=True, max_length=40, pattern="[a-z][a-z0-9_\\-]+"),
        name="code",
        hint=t("access.role_code_hint"),
    )


def _rights() -> rx.Component:
    def right(item: Any) -> rx.Component:
        name, held = "right:" + item["right"].to(str), item["held"] == "yes"
        return rx.el.label(
            rx.el.input(type="checkbox", name=name, default_checked=held, class_name="check"),
            mono(item["right"]),
            class_name="choice",
        )

    return rx.el.fieldset(rx.el.legend(t("access.rights")), rx.foreach(Roles.choices, right), class_name="choices")


def _narrowing() -> tuple[rx.Component, rx.Component]:
    """Whose records the role's rights reach, and up to which amount."""
    whose = [("", t("access.narrow_none")), ("own", t("access.narrow_own")), ("own_team", t("access.narrow_team"))]
    only = select_input(whose, name="only", default_value=Roles.narrowed["only"])
    limit = text_input(name="limit", max_length=20, default_value=Roles.narrowed["limit"], input_mode="decimal")
    currency = select_input(Roles.currencies, name="currency", default_value=Roles.narrowed["currency"])
    return (
        field(t("access.narrow"), only, name="only", hint=t("access.narrow_hint")),
        rx.el.div(
            field(t("access.limit"), limit, name="limit", hint=t("access.limit_hint")),
            field(t("access.currency"), currency, name="currency"),
            class_name="field-grid",
        ),
    )


ROLES = roles
