"""Words and parts that several of these pages share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import Column, data_table, money, mono
from console.design.texts import t
from services.payments import PaymentStatus, PayoutStatus

PAYMENT_WORDS: dict[str, Any] = {status.value: t(f"payments.status_{status}") for status in PaymentStatus}
PAYOUT_WORDS: dict[str, Any] = {status.value: t(f"payments.status_{status}") for status in PayoutStatus}
INVOICE_WORDS: dict[str, Any] = {
    word: t(f"payments.invoice_{word}") for word in ("draft", "open", "paid", "uncollectible", "void")
}
LOOKS: dict[str, tuple[str, str]] = {
    "processing": ("wait", ""),
    "requires_action": ("warn", "warn"),
    "requires_capture": ("wait", ""),
    "incomplete": ("draft", ""),
    "canceled": ("block", ""),
    "in_transit": ("run", "info"),
    "paid": ("ok", "ok"),
    "uncollectible": ("bad", "bad"),
    "void": ("block", ""),
}


def movement_table(rows: rx.Var) -> rx.Component:
    """Balance transactions with what was charged for them."""
    columns = [
        Column(t("payments.created"), lambda item: rx.el.span(item["when"], class_name="num"), card="meta"),
        Column(t("payments.category"), lambda item: item["category"], card="title"),
        Column(t("payments.source"), lambda item: mono(item["short_source"], title=item["source"]), priority=2),
        Column(t("payments.amount"), lambda item: money(item["amount"], item["currency"]), amount=True, priority=2),
        Column(t("payments.fee"), lambda item: money(item["fee"], item["currency"]), amount=True, priority=2),
        Column(t("payments.net"), lambda item: money(item["net"], item["currency"]), amount=True, card="value"),
        Column(t("payments.id"), lambda item: mono(item["short_id"], title=item["stripe_id"]), priority=3),
    ]
    return data_table(columns, rows, label=t("payments.movements"))
