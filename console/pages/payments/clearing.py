"""The Stripe balance of a month as a clearing account, per currency."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console import routes
from console.components import (
    badge,
    card,
    columns,
    empty_state,
    link_button,
    loading_or,
    page_header,
    select_filter,
    stack,
    sum_table,
)
from console.design.format import Reader, compact_id
from console.design.texts import t
from console.kit import backend
from console.kit.authz import event
from console.kit.page import page
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from services import payments
from services.core.clock import business_day
from services.core.money import Money
from services.core.permissions import Permission
from services.payments import ClearingMove, ClearingPart, ClearingView


def _month(text: str, zone: str) -> tuple[dt.date, dt.date]:
    """The month of the address, the present one where it names none."""
    today = business_day(dt.datetime.now(dt.UTC), zone)
    try:
        first = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        first = today.replace(day=1)
    return first, (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)


def _category(name: str, reader: Reader) -> str:
    return reader.text(f"clearing.category_{name}", default=name.replace("_", " "))


def clearing_block(view: ClearingView, reader: Reader) -> dict[str, Any]:
    """Opening and moves on one side, what the closing consists of on the other; both end in the closing."""
    opening = {"label": reader.text("clearing.opening"), "note": reader.text("clearing.opening_note")}
    closing = reader.signed_amount(Money(view.closing_minor, view.currency))
    wrong = reader.money(Money(view.unexplained_minor, view.currency))
    return {
        "currency": view.currency,
        "explained": "yes" if view.explained else "",
        "wrong": reader.text("clearing.not_explained", amount=wrong),
        "label": reader.text("clearing.closing", currency=view.currency),
        "closing": closing,
        "moves": [
            opening | {"amount": reader.signed_amount(Money(view.opening_minor, view.currency))},
            *[_move(move, view.currency, reader) for move in view.moves],
        ],
        "parts": [_part(part, view.currency, reader) for part in sorted(view.parts, key=lambda p: -abs(p.net_minor))],
    }


def _move(move: ClearingMove, currency: str, reader: Reader) -> dict[str, str]:
    items = reader.text("clearing.items", count=reader.number(move.items))
    note = items
    if move.fee_minor:
        gross, fee = (reader.amount(Money(minor, currency)) for minor in (move.gross_minor, move.fee_minor))
        note = reader.text("clearing.gross_fee", items=items, gross=gross, fee=fee)
    return {
        "label": _category(move.category, reader),
        "note": note,
        "amount": reader.signed_amount(Money(move.net_minor, currency)),
    }


def _part(part: ClearingPart, currency: str, reader: Reader) -> dict[str, str]:
    payout = compact_id(part.payout_ref, head=8, tail=6) if part.payout_ref else ""
    counted = "payouts" if part.part == "composed" else "items"
    name = "off_more" if part.part == "off" and not payout else part.part
    return {
        "label": reader.text(f"clearing.part_{name}", category=_category(part.category, reader), payout=payout),
        "note": reader.text(f"clearing.{counted}", count=reader.number(part.items)),
        "amount": reader.signed_amount(Money(part.net_minor, currency)),
    }


class ClearingAccount(ListState, rx.State):
    """The month and legal entity of the address."""

    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    blocks: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    chosen: str = ""
    title: str = ""
    earlier: str = ""
    later: str = ""

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        self.chosen = query.get("entity") or (self.entities[0]["value"] if self.entities else "")
        self.blocks = []
        if self.chosen:
            first, last = _month(query.get("month", ""), reader.time_zone)
            found = await backend.load(
                self,
                payments.clearing_account,
                entity_id=self.chosen,
                first_day=first,
                last_day=last,  # pyright: ignore[reportArgumentType]
            )
            only = query.get("currency")
            self.blocks = [clearing_block(view, reader) for view in found if not only or view.currency == only]
            name = next((item["label"] for item in self.entities if item["value"] == self.chosen), "")
            self.title = reader.text("clearing.heading", month=reader.whole_month(first), entity=name)
            self.earlier, self.later = (
                routes.to(routes.CLEARING, query={"entity": self.chosen, "month": f"{day:%Y-%m}"})
                for day in (first - dt.timedelta(days=1), last + dt.timedelta(days=1))
            )
        self._listed()


@page(
    routes.CLEARING,
    title="clearing.title",
    permission=Permission.PAYMENT_READ,
    on_load=ClearingAccount.load,
    nav=routes.PAYOUTS,
)
def clearing_account() -> rx.Component:
    none = card(
        empty_state(
            t("clearing.none"),
            t("clearing.none_body"),
            actions=[link_button(t("clearing.to_payouts"), href=routes.PAYOUTS)],
        )
    )
    blocks = rx.el.div(rx.foreach(ClearingAccount.blocks, _block), class_name="stack")
    return rx.fragment(
        page_header(
            t("clearing.title"),
            meta=[ClearingAccount.title, t("clearing.meta")],
            actions=[
                select_filter(
                    ClearingAccount,
                    "entity",
                    ClearingAccount.entities,
                    label=t("clearing.entity"),
                    shown=ClearingAccount.chosen,
                ),
                link_button(t("clearing.earlier"), href=ClearingAccount.earlier, icon_name="chevron-left"),
                link_button(t("clearing.later"), href=ClearingAccount.later, icon_name="chevron-right"),
            ],
        ),
        stack(loading_or(ClearingAccount, rx.cond(ClearingAccount.blocks.length() > 0, blocks, none), lines=12)),
    )


def _block(item: Any) -> rx.Component:
    explains = rx.cond(
        item["explained"] == "yes",
        badge(t("clearing.explained"), mark="ok", tone="ok"),
        badge(item["wrong"], mark="ne", tone="warn"),
    )
    moved = sum_table(
        item["moves"].to(list[dict[str, str]]), item["label"], item["closing"], caption=t("clearing.moves")
    )
    parts = sum_table(
        item["parts"].to(list[dict[str, str]]), item["label"], item["closing"], caption=t("clearing.consists")
    )
    return columns(
        card(moved, title=t("clearing.moves"), note=item["currency"]),
        card(parts, title=t("clearing.consists"), note=item["currency"], end=[explains]),
        count=2,
    )


CLEARING_ACCOUNT = clearing_account
