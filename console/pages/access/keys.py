"""API keys: prefix, scopes, term, last use; the secret is shown once."""

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
    loading_or,
    mono,
    page_header,
    row,
    select_input,
    status,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.access.keys_state import Keys
from console.pages.access.tabs import access_tabs
from services.core.permissions import Permission

_WORDS = {
    "active": t("access.key_active"),
    "expired": t("access.key_expired"),
    "revoked": t("access.key_revoked"),
}
_LOOKS = {"active": ("ok", "ok"), "expired": ("wait", ""), "revoked": ("block", "")}
_TERMS = [(days, t("access.key_days", days=days)) for days in ("30", "90", "180", "366")]
_OVERLAPS = [("0", t("access.overlap_none")), ("1", t("access.overlap_day"))] + [
    (days, t("access.key_days", days=days)) for days in ("7", "14", "30")
]


@page(routes.ACCESS_KEYS, title="access.keys", permission=Permission.KEY_MANAGE, on_load=Keys.load)
def keys() -> rx.Component:
    none = empty_state(t("access.no_keys"), t("access.no_keys_body"))
    return rx.fragment(
        page_header(
            t("access.keys"),
            meta=[t("access.keys_meta")],
            actions=[button(t("access.new_key"), kind="primary", icon_name="key-round", on_click=Keys.ask)],
        ),
        access_tabs(routes.ACCESS_KEYS),
        card(
            loading_or(Keys, rx.cond(Keys.rows.length() > 0, _list(), none)),
            flush=True,
            title=t("access.keys"),
        ),
        _new(),
        _rotation(),
        _revocation(),
        dialog(
            open_=Keys.asking == "issued",
            on_open_change=Keys.close,
            title=t("access.key_issued"),
            body=[rx.el.p(mono(Keys.issued)), rx.el.p(t("access.key_issued_body"), class_name="muted")],
            foot=[button(t("shell.close"), kind="primary", on_click=Keys.close(False))],
        ),
    )


def _list() -> rx.Component:
    columns = [
        Column(t("access.name"), lambda item: item["name"], card="title"),
        Column(t("access.prefix"), lambda item: mono(item["prefix"]), card="meta"),
        Column(t("access.owner"), lambda item: item["owner"], priority=2),
        Column(t("access.scopes"), lambda item: mono(item["scopes"]), priority=3, wrap=True),
        Column(t("access.expires"), lambda item: item["expires"], priority=2, card="meta", named=True),
        Column(t("access.last_used"), lambda item: item["used"], card="meta", named=True),
        Column(t("access.state"), lambda item: status(item["state"], _WORDS, extra=_LOOKS), card="side"),
        Column(
            t("access.actions"),
            lambda item: rx.cond(item["state"] == "active", _actions(item), rx.fragment()),
            card="full",
        ),
    ]
    return data_table(columns, Keys.rows, label=t("access.keys"))


def _actions(item: Any) -> rx.Component:
    manages = Shell.rights.contains(str(Permission.USER_MANAGE))
    revoke = button(t("access.revoke"), small=True, kind="quiet", on_click=Keys.ask_about("revocation", item["id"]))
    return rx.cond(
        item["own"] == "yes",
        row(button(t("access.rotate"), small=True, on_click=Keys.ask_about("rotation", item["id"])), revoke),
        rx.cond(manages, revoke, rx.fragment()),
    )


def _new() -> rx.Component:
    return form_dialog(
        field(t("access.key_name"), text_input(name="name", required=True, max_length=60), name="name"),
        field(t("access.key_term"), select_input(_TERMS, name="days", default_value="90"), name="days"),
        rx.el.fieldset(
            rx.el.legend(t("access.scopes")),
            rx.foreach(
                Keys.scopes,
                lambda scope: rx.el.label(
                    rx.el.input(type="checkbox", name="scope:" + scope.to(str), class_name="check"),
                    mono(scope),
                    class_name="choice",
                ),
            ),
            class_name="choices",
        ),
        open_=Keys.asking == "new",
        on_open_change=Keys.close,
        title=t("access.new_key_title"),
        act=button(t("access.make_key"), kind="primary", submit=True),
        on_submit=Keys.create,
        keep=t("access.keep"),
        note=t("access.key_effect"),
    )


def _rotation() -> rx.Component:
    overlap = select_input(_OVERLAPS, name="overlap_days", default_value="7")
    return form_dialog(
        field(t("access.overlap"), overlap, name="overlap_days"),
        open_=Keys.asking == "rotation",
        on_open_change=Keys.close,
        title=t("access.rotate_title", name=Keys.about["name"], prefix=Keys.about["prefix"]),
        act=button(t("access.rotate_act"), kind="primary", submit=True),
        on_submit=Keys.rotate,
        keep=t("access.keep"),
        note=t("access.rotate_effect"),
    )


def _revocation() -> rx.Component:
    return confirm(
        open_=Keys.asking == "revocation",
        on_open_change=Keys.close,
        title=t("access.revoke_title", name=Keys.about["name"], prefix=Keys.about["prefix"]),
        body=[rx.el.p(t("access.revoke_body"))],
        confirm_label=t("access.revoke_do"),
        on_confirm=Keys.revoke,
        keep_label=t("access.revoke_keep"),
        danger=True,
    )


KEYS = keys
