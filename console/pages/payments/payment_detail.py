"""One payment: its facts, its story, the money it moved."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    badge,
    card,
    empty_state,
    facts,
    link,
    list_item,
    list_rows,
    loading_or,
    main_and_side,
    mono,
    muted,
    page_header,
    shape,
    stack,
    status_badge,
    timeline,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.payments.parts import LOOKS, PAYMENT_WORDS, movement_table
from console.pages.payments.records_state import PaymentDetail
from console.pages.payments.standing import standing_cards
from services.core.permissions import Permission


@page(routes.PAYMENT, title="payments.payment", permission=Permission.PAYMENT_READ, on_load=PaymentDetail.load)
def payment_detail() -> rx.Component:
    payment = PaymentDetail.payment
    return loading_or(
        PaymentDetail,
        stack(
            page_header(
                payment["title"],
                badge=rx.el.span(
                    status_badge(payment["status"], PAYMENT_WORDS, extra=LOOKS),
                    rx.cond(payment["disputed"], rx.el.span(" ", badge(t("payments.disputed"), tone="warn"))),
                ),
                meta=[mono(payment["stripe_id"]), payment["read_at"]],
            ),
            main_and_side(
                [
                    card(timeline(PaymentDetail.story), title=t("payments.story")),
                    card(
                        rx.cond(
                            PaymentDetail.movements.length() > 0,
                            movement_table(PaymentDetail.movements),
                            empty_state(t("payments.no_movements"), ""),
                        ),
                        title=t("payments.movements"),
                        flush=True,
                    ),
                    trail_card(PaymentDetail.trail, href=PaymentDetail.trail_href),
                ],
                [_facts(payment), _payouts(), *standing_cards(PaymentDetail)],
            ),
        ),
        lines=12,
    )


def _facts(payment: Any) -> rx.Component:
    customer = rx.cond(
        payment["customer_href"], link(payment["customer"], href=payment["customer_href"]), payment["customer"]
    )
    return card(
        facts(
            (t("payments.customer"), customer),
            (t("payments.created"), payment["when"]),
            (t("payments.received"), payment["received"]),
            (t("payments.refunded"), rx.cond(payment["refunded"], payment["refunded"], "—")),
            (t("payments.fees"), payment["fees"]),
            (t("payments.method"), payment["method"]),
            (t("payments.country"), payment["country"]),
            (t("payments.failure"), payment["failure"]),
            (t("payments.attempts"), payment["attempts"]),
            (t("payments.invoice"), payment["invoice"]),
            (t("payments.description"), payment["description"]),
            (t("payments.account"), payment["account"]),
        ),
        title=t("payments.facts"),
    )


def _payouts() -> rx.Component:
    return card(
        rx.cond(
            PaymentDetail.payouts.length() > 0,
            list_rows(
                PaymentDetail.payouts,
                lambda item: list_item(
                    mark=shape("ok", "ok"),
                    title=mono(item["short_id"]),
                    href=item["href"],
                    note=item["arrival"],
                    end=[rx.el.span(item["amount"], " ", item["currency"], class_name="num")],
                ),
            ),
            muted(t("payments.not_paid_out")),
        ),
        title=t("payments.paid_out_in"),
    )


PAYMENT_DETAIL = payment_detail
