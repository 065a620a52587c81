"""What is still missing, step by step, each checked live."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    bullet,
    bullets,
    button,
    callout,
    card,
    code,
    field,
    icon,
    link_button,
    list_item,
    list_rows,
    loading_or,
    main_and_side,
    page_header,
    row,
    select_input,
    shape,
    stack,
    status_badge,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.setup.setup_state import Setup
from services.core.permissions import Permission
from services.integrations.stripe_gateway import NEEDED_RIGHTS

_EXAMPLE = """KONTOR_STRIPE__ACCOUNTS='{"mh-de": {
  "api_key": "rk_live_…",
  "webhook_secret": "whsec_…"}}'"""


@page(routes.SETUP, title="setup.title", permission=Permission.SETUP_MANAGE, on_load=Setup.load)
def setup() -> rx.Component:
    return rx.fragment(
        page_header(
            t("setup.title"),
            meta=[t("setup.meta_done", done=Setup.done, count=Setup.count), t("setup.meta_live")],
            actions=[button(t("setup.check"), icon_name="rotate-cw", on_click=Setup.load)],
        ),
        rx.cond(Shell.sandbox, callout(t("setup.sandbox_body"), title=t("setup.sandbox"))),
        main_and_side(
            [card(loading_or(Setup, list_rows(Setup.steps, _step), lines=7), flush=True, title=t("setup.steps"))],  # pyright: ignore[reportArgumentType]
            [_connect_form(), _bank_form(), _ledger_form(), _entity_form(), _rights()],
        ),
    )


def _step(step: Any) -> rx.Component:
    return list_item(
        mark=rx.fragment(
            rx.match(
                step["state"],
                ("done", shape("ok", "ok")),
                ("failed", shape("bad", "bad")),
                ("checking", shape("run", "info")),
                shape("draft"),
            )
        ),
        title=step["title"],
        note=step["sentence"],
        end=[row(_action(step), _state(step["state"]))],
    )


def _state(state: Any) -> rx.Component:
    return status_badge(
        state,
        {
            "done": t("setup.state_done"),
            "failed": t("setup.state_failed"),
            "checking": t("setup.state_checking"),
            "open": t("setup.state_open"),
        },
        extra={"done": ("ok", "ok"), "checking": ("run", "info")},
    )


def _action(step: Any) -> rx.Component:
    """Where the step is taken; gone once it is done."""
    start = rx.cond(
        Shell.rights.contains(str(Permission.RECONCILIATION_RUN)),  # pyright: ignore[reportAttributeAccessIssue]
        button(t("setup.start"), small=True, icon_name="play", on_click=Setup.start_all),
        rx.fragment(),
    )
    imports = link_button(t("setup.to_imports"), href=routes.IMPORTS, small=True)
    ways = rx.match(
        step["name"],
        ("bank", imports),
        ("books", imports),
        ("people", link_button(t("setup.to_access"), href=routes.ACCESS, small=True)),
        ("reconciliation", start),
        rx.fragment(),
    )
    return rx.cond(step["state"] == "done", rx.fragment(), ways)


def _entity_form() -> rx.Component:
    form = rx.el.form(
        field(t("setup.name"), text_input(name="name", required=True, max_length=200), name="name"),
        field(
            t("setup.code"),
            text_input(name="code", required=True, pattern="[a-z][a-z0-9\\-]{1,30}", max_length=31),
            name="code",
            hint=t("setup.code_hint"),
        ),
        field(
            t("setup.country"),
            text_input(name="country", required=True, pattern="[A-Z]{2}", max_length=2),
            name="country",
            hint=t("setup.country_hint"),
        ),
        field(
            t("setup.currency"),
            text_input(name="currency", required=True, pattern="[A-Z]{3}", max_length=3, default_value="EUR"),
            name="currency",
        ),
        field(
            t("setup.time_zone"),
            text_input(name="time_zone", required=True, default_value="Europe/Berlin"),
            name="time_zone",
            hint=t("setup.zone_hint"),
        ),
        rx.el.div(button(t("setup.add"), submit=True, icon_name="plus"), class_name="row"),
        on_submit=Setup.add_entity,
        reset_on_submit=True,
        class_name="stack",
    )
    return card(form, title=t("setup.add_entity"))


def _connect_form() -> rx.Component:
    form = rx.el.form(
        field(t("setup.account"), select_input(Setup.loose, name="account"), name="account"),
        field(t("setup.owner"), select_input(Setup.entities, name="owner"), name="owner"),
        rx.el.div(button(t("setup.connect_do"), kind="primary", submit=True), class_name="row"),
        on_submit=Setup.connect,
        class_name="stack",
    )
    possible = (Setup.loose.length() > 0) & (Setup.entities.length() > 0)
    return rx.cond(possible, card(form, title=t("setup.connect")), rx.fragment())


def _bank_form() -> rx.Component:
    form = rx.el.form(
        field(t("setup.owner"), select_input(Setup.entities, name="bank_owner"), name="bank_owner"),
        field(
            t("setup.iban"),
            text_input(name="iban", required=True, max_length=42),
            name="iban",
            hint=t("setup.iban_hint"),
        ),
        field(
            t("setup.account_currency"),
            rx.el.input(
                id="bank-currency",
                name="currency",
                class_name="input",
                required=True,
                pattern="[A-Za-z]{3}",
                max_length=3,
                default_value="EUR",
            ),
            name="bank-currency",
        ),
        field(
            t("setup.pattern"),
            text_input(name="pattern", required=True, max_length=200, default_value="STRIPE"),
            name="pattern",
            hint=t("setup.pattern_hint"),
        ),
        rx.el.div(button(t("setup.open_account"), submit=True, icon_name="plus"), class_name="row"),
        on_submit=Setup.open_bank,
        reset_on_submit=True,
        class_name="stack",
    )
    return _where_entities(card(form, title=t("setup.new_account")))


def _ledger_form() -> rx.Component:
    form = rx.el.form(
        field(t("setup.owner"), select_input(Setup.entities, name="ledger_owner"), name="ledger_owner"),
        field(t("setup.name"), text_input(name="ledger_name", required=True, max_length=100), name="ledger_name"),
        field(
            t("setup.code"),
            text_input(name="ledger_code", required=True, pattern="[a-z][a-z0-9\\-]{1,30}", max_length=31),
            name="ledger_code",
            hint=t("setup.ledger_hint"),
        ),
        rx.el.div(button(t("setup.open_ledger"), submit=True, icon_name="plus"), class_name="row"),
        on_submit=Setup.open_ledger,
        reset_on_submit=True,
        class_name="stack",
    )
    return _where_entities(card(form, title=t("setup.new_ledger")))


def _where_entities(form: rx.Component) -> rx.Component:
    may = Shell.rights.contains(str(Permission.BANK_IMPORT))
    return rx.cond((Setup.entities.length() > 0) & may, form, rx.fragment())


def _rights() -> rx.Component:
    return card(
        stack(code(_EXAMPLE), bullets(*[bullet(right, mark=icon("key-round")) for right in NEEDED_RIGHTS])),
        title=t("setup.rights"),
    )


SETUP = setup
