"""People, their roles, and the table of what a role may do."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    confirm,
    data_table,
    dialog,
    empty_state,
    field,
    form_dialog,
    list_item,
    list_rows,
    loading_or,
    muted,
    page_header,
    person,
    row,
    select_input,
    shape,
    status,
    text_area,
    text_input,
    trail_link,
)
from console.components.controls import plain_form
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.access.access_state import Access
from console.pages.access.tabs import access_tabs
from services.core.permissions import Permission

_STATES = {"active": t("access.state_active"), "inactive": t("access.state_inactive")}
_LOOKS = {"active": ("ok", "ok"), "inactive": ("block", "")}


@page(routes.ACCESS, title="access.title", permission=Permission.USER_READ, on_load=Access.load)
def access() -> rx.Component:
    return rx.fragment(
        page_header(
            t("access.title"),
            meta=[t("access.meta", count=Access.count), t("access.meta_audited")],
            actions=[
                _if_manager(
                    button(t("access.add"), kind="primary", icon_name="user-plus", on_click=Access.ask("add", ""))
                )
            ],
        ),
        access_tabs(routes.ACCESS),
        card(
            loading_or(Access, rx.cond(Access.rows.length() > 0, _people(), _none())),
            flush=True,
            title=t("access.people"),
        ),
        _add_dialog(),
        _roles_dialog(),
        _password_dialog(),
        _deactivate_dialog(),
        _impersonate_dialog(),
        _factors_dialog(),
    )


def _if_manager(content: rx.Component) -> rx.Component:
    return rx.cond(Shell.rights.contains(str(Permission.USER_MANAGE)), content, rx.fragment())  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]


def _people() -> rx.Component:
    columns = [
        Column(t("access.name"), _who, card="title", wrap=True),
        Column(t("access.roles"), lambda item: item["roles"], card="meta", wrap=True),
        Column(t("access.last_sign_in"), lambda item: item["last_sign_in"], priority=3),
        Column(t("access.state"), lambda item: status(item["state"], _STATES, extra=_LOOKS), card="side"),
        Column(t("audit.trail_of_one"), lambda item: trail_link(item["trail"]), priority=3),
        Column(t("access.actions"), lambda item: _if_manager(_actions(item)), card="full"),
    ]
    return data_table(columns, Access.rows, label=t("access.people"))


def _who(item: Any) -> rx.Component:
    return rx.fragment(
        person(item["name"], item["initials"], item["team"]), rx.el.div(item["email"], class_name="sub muted")
    )


def _actions(item: Any) -> rx.Component:
    return rx.cond(
        item["state"] == "active",
        row(
            button(t("access.change_roles"), small=True, on_click=Access.ask("roles", item["id"])),
            rx.cond(
                item["invited"] == "yes",
                button(t("access.invite"), small=True, on_click=Access.invite(item["id"])),
                button(t("access.new_password"), small=True, on_click=Access.ask("password", item["id"])),
            ),
            rx.cond(
                item["factors"] != "",
                button(t("access.reset_factors"), small=True, on_click=Access.ask("factors", item["id"])),
                rx.fragment(),
            ),
            rx.cond(
                item["admin"] == "",
                button(
                    t("access.impersonate"), small=True, kind="quiet", on_click=Access.ask("impersonate", item["id"])
                ),
                rx.fragment(),
            ),
            button(t("access.deactivate"), small=True, kind="quiet", on_click=Access.ask("deactivate", item["id"])),
        ),
        button(t("access.activate"), small=True, on_click=Access.activate(item["id"], item["name"])),
    )


def _none() -> rx.Component:
    return empty_state(t("access.none"), t("access.none_body"))


def _entity_choice() -> rx.Component:
    options = rx.foreach(Access.entities, lambda item: rx.el.option(item["label"], value=item["value"]))  # pyright: ignore[reportArgumentType]
    choice = rx.el.select(
        rx.el.option(t("access.all_entities"), value=""), options, id="entity", name="entity", class_name="input"
    )
    return field(t("access.entity"), choice, name="entity")


def _add_dialog() -> rx.Component:
    return form_dialog(
        muted(t("access.add_body")),
        field(t("access.email"), text_input(name="email", type="email", required=True, max_length=254), name="email"),
        field(t("access.name"), text_input(name="name", required=True, max_length=100), name="name"),
        field(t("access.role"), select_input(Access.roles, name="role"), name="role"),
        _entity_choice(),
        open_=Access.asking == "add",
        on_open_change=Access.close,
        title=t("access.add_title"),
        act=button(t("access.add_do"), kind="primary", submit=True),
        on_submit=Access.add,
        keep=t("access.keep"),
    )


def _roles_dialog() -> rx.Component:
    held = list_rows(
        Access.grants,  # pyright: ignore[reportArgumentType]
        lambda item: list_item(
            mark=shape("ok", "ok"),
            title=item["label"],
            end=[button(t("access.take"), small=True, on_click=Access.take(item["role"], item["entity"]))],
        ),
    )
    return form_dialog(
        field(t("access.role"), select_input(Access.roles, name="role"), name="role"),
        _entity_choice(),
        open_=Access.asking == "roles",
        on_open_change=Access.close,
        title=t("access.roles_of", name=Access.person["name"]),
        act=button(t("access.give"), kind="primary", submit=True),
        on_submit=Access.give,
        note=t("access.roles_effect"),
        above=[rx.cond(Access.grants.length() > 0, held, muted(t("access.no_roles")))],
    )


def _password_dialog() -> rx.Component:
    return confirm(
        open_=Access.asking == "password",
        on_open_change=Access.close,
        title=t("access.password_title", name=Access.person["name"]),
        body=[rx.el.p(t("access.password_body", email=Access.person["email"]))],
        confirm_label=t("access.password_do"),
        on_confirm=Access.renew_password,
        keep_label=t("access.password_keep"),
    )


def _deactivate_dialog() -> rx.Component:
    return confirm(
        open_=Access.asking == "deactivate",
        on_open_change=Access.close,
        title=t("access.deactivate_title", name=Access.person["name"]),
        body=[
            rx.el.p(t("access.deactivate_sessions", count=Access.person["sessions"])),
            rx.el.p(t("access.deactivate_body")),
        ],
        confirm_label=t("access.deactivate_do"),
        on_confirm=Access.deactivate,
        keep_label=t("access.deactivate_keep"),
        danger=True,
    )


def _impersonate_dialog() -> rx.Component:
    """A plain form, because the browser gets another cookie."""
    form = plain_form(
        rx.el.p(t("access.impersonate_body")),
        rx.el.input(type="hidden", name="user_id", value=Access.person["id"]),
        field(
            t("access.reason"),
            text_area(name="reason", required=True, min_length=8, max_length=500),
            name="reason",
        ),
        rx.el.div(
            button(t("access.keep"), on_click=Access.close(False)),
            button(t("access.impersonate_do"), kind="primary", submit=True),
            class_name="dialog-foot dialog-foot-inset",
        ),
        action=routes.IMPERSONATE,
        class_name="stack",
    )
    return dialog(
        open_=Access.asking == "impersonate",
        on_open_change=Access.close,
        title=t("access.impersonate_title", name=Access.person["name"]),
        body=[form],
    )


def _factors_dialog() -> rx.Component:
    return confirm(
        open_=Access.asking == "factors",
        on_open_change=Access.close,
        title=t("access.factors_title", name=Access.person["name"]),
        body=[rx.el.p(t("access.factors_body"))],
        confirm_label=t("access.factors_do"),
        on_confirm=Access.reset_factors,
        keep_label=t("access.deactivate_keep"),
        danger=True,
    )


ACCESS = access
