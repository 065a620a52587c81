"""The merchant's own exchange rates: what is known, and how a table of them comes in."""

from __future__ import annotations

import reflex as rx

from console.components import Column, card, data_table, file_upload, number
from console.design.texts import t
from console.pages.reconciliation.basics_state import Basics as State
from console.pages.reconciliation.parts import may
from services.core.permissions import Permission


def rates_card() -> rx.Component:
    """The newest rates, and the drop zone for who may edit rules."""
    table = data_table(
        [
            Column(t("basics.pair"), lambda r: rx.el.strong(r["pair"]), card="title"),
            Column(t("basics.day"), lambda r: number(r["day"]), card="meta"),
            Column(t("basics.rate"), lambda r: number(r["rate"]), amount=True, card="value"),
        ],
        State.rates,
        label=t("basics.rates"),
        dense=True,
    )
    none = rx.el.p(t("basics.rates_none"), class_name="muted pad")
    zone = file_upload(
        "rates",
        State.load_rates,
        accept={"text/csv": [".csv"]},
        title=t("basics.rates_add"),
        hint=t("basics.rates_hint"),
    )
    return card(
        rx.cond(State.rates.length() > 0, table, none),
        rx.el.div(may(Permission.RULES_EDIT, zone), class_name="pad"),
        title=t("basics.rates"),
        note=t("basics.rates_note"),
        flush=True,
    )
