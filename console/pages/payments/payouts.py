"""Payouts: the list, and one with what it is made of."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    chip_filter,
    data_table,
    empty_state,
    facts,
    link,
    link_button,
    list_card,
    loading_or,
    main_and_side,
    money,
    mono,
    muted,
    page_header,
    plain_status,
    search_filter,
    stack,
    status,
    status_badge,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.payments.lists_state import PayoutList
from console.pages.payments.parts import LOOKS, PAYOUT_WORDS, movement_table
from console.pages.payments.records_state import PayoutDetail
from console.pages.payments.standing import standing_cards
from services.core.permissions import Permission


@page(routes.PAYOUTS, title="payments.payouts", permission=Permission.PAYMENT_READ, on_load=PayoutList.load)
def payout_list() -> rx.Component:
    return stack(
        page_header(
            t("payments.payouts"),
            meta=[PayoutList.range_label],
            actions=[link_button(t("clearing.title"), href=routes.CLEARING)],
        ),
        list_card(
            PayoutList,
            _table(),
            empty_state(t("payments.no_payout"), t("payments.no_payout_body")),
            first=empty_state(t("payments.first_payout"), t("payments.first_body")),
            title=t("payments.payouts"),
            filters=[
                search_filter(PayoutList, placeholder=t("payments.search_payout")),
                chip_filter(PayoutList, "status", list(PAYOUT_WORDS.items())),
            ],
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(
            t("payments.created"), lambda item: rx.el.span(item["when"], class_name="num"), card="meta", sort="created"
        ),
        Column(t("payments.id"), lambda item: link(mono(item["short_id"]), href=item["href"]), card="title"),
        Column(
            t("payments.amount"),
            lambda item: money(item["amount"], item["currency"]),
            amount=True,
            card="value",
            sort="amount",
        ),
        Column(t("payments.status"), lambda item: status(item["status"], PAYOUT_WORDS, extra=LOOKS), card="side"),
        Column(t("payments.arrival"), lambda item: item["arrival"], priority=2, sort="arrival"),
        Column(t("payments.sum_of_parts"), _sum, priority=2),
        Column(t("payments.parts"), lambda item: item["parts"], amount=True, priority=3),
        Column(t("payments.trace"), lambda item: mono(item["trace"]), priority=3),
    ]
    return data_table(columns, PayoutList.rows, label=t("payments.payouts"), state=PayoutList)


def _sum(item: Any) -> Any:
    return rx.match(
        item["sum"],
        ("ok", plain_status(t("payments.adds_up"), mark="eq", tone="ok")),
        ("off", plain_status(t("payments.off_by", amount=item["off"]), mark="ne", tone="bad")),
        muted(t("payments.not_read")),
    )


@page(routes.PAYOUT, title="payments.payout", permission=Permission.PAYMENT_READ, on_load=PayoutDetail.load)
def payout_detail() -> rx.Component:
    payout = PayoutDetail.payout
    return loading_or(
        PayoutDetail,
        stack(
            page_header(
                payout["title"],
                badge=status_badge(payout["status"], PAYOUT_WORDS, extra=LOOKS),
                meta=[mono(payout["stripe_id"])],
            ),
            main_and_side(
                [
                    card(
                        rx.cond(
                            PayoutDetail.movements.length() > 0,
                            movement_table(PayoutDetail.movements),
                            empty_state(t("payments.no_movements"), ""),
                        ),
                        title=t("payments.movements"),
                        note=PayoutDetail.part_note,
                        flush=True,
                    ),
                    trail_card(PayoutDetail.trail, href=PayoutDetail.trail_href),
                ],
                [
                    card(
                        facts(
                            (t("payments.created"), payout["when"]),
                            (t("payments.arrival"), payout["arrival"]),
                            (t("payments.sum_of_parts"), payout["composed"]),
                            ("", _sum(payout)),
                            (t("payments.parts"), payout["parts"]),
                            (t("payments.trace"), mono(payout["trace"])),
                            (t("payments.account"), payout["account"]),
                            (t("payments.failure_code"), rx.cond(payout["failure"], payout["failure"], "—")),
                        ),
                        title=t("payments.facts"),
                    ),
                    *standing_cards(PayoutDetail),
                ],
            ),
        ),
        lines=12,
    )


PAYOUT_LIST = payout_list
PAYOUT_DETAIL = payout_detail
