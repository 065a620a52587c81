"""Open sessions of everybody: device, address, last seen; each can be ended at once."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import Column, button, card, data_table, loading_or, mono, page_header, row
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.access.sessions_state import Sessions
from console.pages.access.tabs import access_tabs
from services.core.permissions import Permission


@page(routes.ACCESS_SESSIONS, title="access.sessions", permission=Permission.USER_READ, on_load=Sessions.load)
def sessions() -> rx.Component:
    columns = [
        Column(
            t("access.name"),
            lambda item: rx.el.span(
                item["person"], rx.cond(item["by"], rx.el.span(item["by"], class_name="sub"), rx.fragment())
            ),
            card="title",
        ),
        Column(t("access.device"), lambda item: item["device"], card="meta"),
        Column(t("access.address"), lambda item: mono(item["address"]), priority=2),
        Column(t("access.since"), lambda item: item["since"], priority=3),
        Column(t("access.last_seen"), lambda item: item["seen"], card="meta", named=True),
        Column(
            t("access.actions"),
            lambda item: rx.cond(
                Shell.rights.contains(str(Permission.USER_MANAGE)),
                row(
                    button(t("account.end"), small=True, on_click=Sessions.end(item["id"])),
                    button(t("access.end_all"), small=True, kind="quiet", on_click=Sessions.end_all(item["user"])),
                ),
                rx.fragment(),
            ),
            card="full",
        ),
    ]
    return rx.fragment(
        page_header(t("access.sessions"), meta=[t("access.sessions_meta", count=Sessions.count)]),
        access_tabs(routes.ACCESS_SESSIONS),
        card(
            loading_or(Sessions, data_table(columns, Sessions.rows, label=t("access.sessions"))),
            flush=True,
            title=t("access.sessions"),
        ),
    )


SESSIONS = sessions
