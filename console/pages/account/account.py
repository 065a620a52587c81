"""My account: password, second factors, recovery codes, sessions."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    card,
    data_table,
    empty_state,
    facts,
    loading_or,
    mono,
    page_header,
    plain_status,
    stack,
)
from console.components.controls import plain_form
from console.design.texts import t
from console.kit.page import page
from console.pages.account.account_state import Account
from services.core.permissions import Permission


@page(routes.ACCOUNT, title="account.title", permission=Permission.SELF, on_load=Account.load)
def account() -> rx.Component:
    return rx.fragment(
        page_header(t("account.title"), meta=[Account.email]),
        loading_or(
            Account,
            stack(
                rx.cond(
                    Account.factor_needed & ~Account.has_factor,
                    callout(t("account.factor_needed"), tone="warn", end=_away("account.add_factor", routes.ENROL)),
                    rx.fragment(),
                ),
                _proofs(),
                _sessions(),
            ),
        ),
    )


def _proofs() -> rx.Component:
    return card(
        facts(
            (t("account.password"), Account.password),
            (t("account.codes_left"), Account.codes_left),
        ),
        rx.cond(Account.factors.length() > 0, _factors(), empty_state(t("account.none"), t("account.none_body"))),
        title=t("account.ways_in"),
        end=[
            _away("account.change_password", routes.OWN_ENTRY),
            _away("account.new_codes", routes.NEW_CODES),
            _away("account.add_factor", routes.ENROL),
        ],
    )


def _factors() -> rx.Component:
    columns = [
        Column(t("account.factor"), lambda item: item["label"], card="title"),
        Column(
            t("account.kind"),
            lambda item: rx.cond(item["kind"] == "totp", t("account.kind_totp"), t("account.kind_passkey")),
            card="meta",
        ),
        Column(t("account.added"), lambda item: item["added"], priority=3),
        Column(t("account.last_used"), lambda item: item["used"], priority=2, card="meta"),
        Column(
            t("access.actions"),
            lambda item: button(t("account.remove"), small=True, kind="quiet", on_click=Account.remove(item["id"])),
            card="full",
        ),
    ]
    return data_table(columns, Account.factors, label=t("account.factors"))


def _sessions() -> rx.Component:
    columns = [
        Column(t("access.device"), lambda item: item["device"], card="title"),
        Column(t("access.address"), lambda item: mono(item["address"]), card="meta"),
        Column(t("access.since"), lambda item: item["since"], priority=3),
        Column(t("access.last_seen"), lambda item: item["seen"], card="meta"),
        Column(
            t("access.actions"),
            lambda item: rx.cond(
                item["own"] == "yes",
                plain_status(t("account.this_one"), mark="ok"),
                button(t("account.end"), small=True, on_click=Account.end(item["id"])),
            ),
            card="full",
        ),
    ]
    return card(
        data_table(columns, Account.sessions, label=t("access.sessions")),
        flush=True,
        title=t("access.sessions"),
        end=[button(t("account.end_others"), small=True, on_click=Account.end_others)],
    )


def _away(key: str, href: str) -> rx.Component:
    """To a plain HTML page of its own, past the page's router, and back here."""
    return plain_form(
        rx.el.input(type="hidden", name="next", value=routes.ACCOUNT),
        button(t(key), small=True, submit=True),
        action=href,
        attributes={"method": "get"},
    )


ACCOUNT = account
