"""Which letters wait, went, or were given up."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    chip_filter,
    data_table,
    empty_state,
    list_card,
    muted,
    number,
    page_header,
    plain_link,
    search_filter,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.notifications.letters_state import OutgoingLetters as State
from services.core.permissions import Permission

_STATES = {state: t(f"notifications.state_{state}") for state in ("queued", "sent", "dead", "skipped")}
_LOOKS = {"queued": ("wait", ""), "sent": ("ok", "ok"), "dead": ("bad", "bad"), "skipped": ("block", "")}
_RIGHTS: Any = Shell.rights


@page(routes.LETTERS, title="notifications.title", permission=Permission.NOTIFICATION_READ, on_load=State.load)
def letters() -> rx.Component:
    read = plain_link(t("notifications.read_caught"), href=State.caught_at, target="_blank", rel="noopener")
    return rx.fragment(
        page_header(t("notifications.title"), meta=[t("notifications.meta")]),
        rx.cond(
            State.caught_at,
            callout(rx.fragment(t("notifications.caught"), " ", read), tone="info"),
            rx.fragment(),
        ),
        list_card(
            State,
            _table(),
            empty_state(t("notifications.none"), t("notifications.none_body")),
            title=t("notifications.title"),
            filters=[
                search_filter(State, placeholder=t("notifications.search")),
                chip_filter(State, "state", list(_STATES.items())),
            ],
        ),
    )


def _table() -> rx.Component:
    def again(item: Any) -> rx.Component:
        may = _RIGHTS.contains(str(Permission.NOTIFICATION_SEND)) & (item["again"] != "")
        return rx.cond(
            may, button(t("notifications.again"), small=True, on_click=State.send_again(item["id"])), rx.fragment()
        )

    columns = [
        Column(t("notifications.subject"), lambda item: item["subject"], card="title", wrap=True),
        Column(t("notifications.recipient"), lambda item: item["recipient"], card="meta"),
        Column(t("notifications.purpose"), lambda item: muted(item["purpose"]), priority=3),
        Column(t("notifications.written"), lambda item: number(item["written"]), priority=2, card="meta"),
        Column(t("notifications.attempts"), lambda item: number(item["attempts"]), amount=True, priority=3),
        Column(t("notifications.error"), lambda item: muted(item["error"]), priority=2, wrap=True),
        Column(t("notifications.state"), lambda item: status(item["state"], _STATES, extra=_LOOKS), card="side"),
        Column("", again, card="full"),
    ]
    return data_table(columns, State.rows, label=t("notifications.title"))


LETTERS = letters
