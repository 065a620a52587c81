"""The correcting entries of a break, and the form that records one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import bullet, bullets, button, card, field, money, stack, text_area, text_input
from console.design.texts import t
from console.pages.reconciliation.break_state import BreakPage as State
from console.pages.reconciliation.parts import may
from services.core.permissions import Permission


def adjustment_card() -> rx.Component:
    """What was recorded, the oldest first, and the form below it."""

    def line(item: Any) -> rx.Component:
        return bullet(
            rx.el.span(money(item["amount"], item["currency"], strong=True), " ", item["memo"]), note=item["line"]
        )

    kept = bullets(rx.foreach(State.adjusted, line))
    none = rx.el.p(t("adjustments.none_yet"), class_name="muted")
    return card(
        stack(rx.cond(State.adjusted.length() > 0, kept, none), may(Permission.BREAK_WORK, _form()), gap="s"),
        title=t("adjustments.title"),
    )


def _form() -> rx.Component:
    amount = t("adjustments.amount_in", currency=State.item["currency"])
    fields = (
        field(amount, text_input(name="amount", required=True, input_mode="decimal"), name="amount"),
        field(t("adjustments.debit"), text_input(name="debit", required=True, max_length=40), name="debit"),
        field(t("adjustments.credit"), text_input(name="credit", required=True, max_length=40), name="credit"),
        field(t("adjustments.booked_on"), text_input(name="booked_on", type="date", required=True), name="booked_on"),
        field(
            t("adjustments.memo"),
            text_area(name="memo", rows=2, required=True, min_length=8, max_length=500),
            name="memo",
        ),
    )
    form = rx.el.form(
        *fields,
        button(t("adjustments.add"), submit=True),
        on_submit=State.adjust,
        reset_on_submit=True,
        class_name="stack stack-s",
    )
    return rx.el.details(rx.el.summary(t("adjustments.add")), form)
