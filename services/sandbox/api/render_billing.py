"""Customers, subscriptions and invoices in Stripe's shape."""

from __future__ import annotations

import calendar
import datetime as dt
import sqlite3
from collections import defaultdict

from services.sandbox.api.render_catalogue import price, price_id
from services.sandbox.api.render_payments import billing_details, card_details, charge_status, sepa_details
from services.sandbox.api.view import Json, View, listed
from services.sandbox.profile import PLANS
from services.sandbox.vocabulary import Method

_PLANS = {plan.number: plan for plan in PLANS}


def render_customers(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [_customer(view, row) for row in rows]


def _customer(view: View, row: sqlite3.Row) -> Json:
    person = view.person(row["n"])
    return {
        "id": view.id("cus", row["n"]),
        "object": "customer",
        "address": billing_details(person)["address"],
        "balance": 0,
        "created": row["created"],
        "currency": person.currency.lower(),
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "email": person.email,
        "invoice_prefix": f"MH{row['n']:06d}",
        "invoice_settings": {
            "custom_fields": None, "default_payment_method": view.id("pm", row["n"]), "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": person.name,
        "next_invoice_sequence": 2,
        "phone": None,
        "preferred_locales": ["de"],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }  # fmt: skip


def payment_method(view: View, customer: sqlite3.Row) -> Json:
    """The one method a customer pays with; it carries the customer's number."""
    person = view.person(customer["n"])
    kind = "sepa_debit" if person.method == Method.SEPA_DEBIT else "card"
    details = sepa_details(view, person, customer["n"]) if kind == "sepa_debit" else card_details(person)
    return {
        "id": view.id("pm", customer["n"]),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing_details(person),
        "created": customer["created"],
        "customer": view.id("cus", customer["n"]),
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        kind: details,
    }


def _period(created: int, now: int) -> tuple[int, int]:
    """The running month of a subscription that renews on the day it began."""
    begun = dt.datetime.fromtimestamp(created, dt.UTC)
    current = dt.datetime.fromtimestamp(max(created, now), dt.UTC)
    months = (current.year - begun.year) * 12 + current.month - begun.month
    if _after_months(begun, months) > current:
        months -= 1
    return int(_after_months(begun, months).timestamp()), int(_after_months(begun, months + 1).timestamp())


def _after_months(begun: dt.datetime, months: int) -> dt.datetime:
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    return begun.replace(year=year, month=month + 1, day=min(begun.day, calendar.monthrange(year, month + 1)[1]))


def render_subscriptions(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [_subscription(view, row) for row in rows]


def _subscription(view: View, row: sqlite3.Row) -> Json:
    latest = view.store.one(
        "SELECT * FROM invoice WHERE subscription = ? AND created <= ? ORDER BY created DESC LIMIT 1",
        row["n"],
        view.now,
    )
    ended = row["ended_at"] if row["ended_at"] is not None and row["ended_at"] <= view.now else None
    late = latest is not None and invoice_status(latest, view.now) == "open"
    person = view.person(row["customer"])
    return {
        "id": view.id("sub", row["n"]),
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": row["created"],
        "billing_mode": {"type": "flexible"},
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": ended,
        "cancellation_details": {
            "comment": None, "feedback": None, "reason": "payment_failed" if ended else None,
        },
        "collection_method": "charge_automatically",
        "created": row["created"],
        "currency": person.currency.lower(),
        "customer": view.id("cus", row["customer"]),
        "days_until_due": None,
        "default_payment_method": view.id("pm", row["customer"]),
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": ended,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listed([_item(view, row, person.currency)], "/v1/subscription_items"),
        "latest_invoice": view.id("in", latest["n"]) if latest else None,
        "livemode": False,
        "metadata": {},
        "start_date": row["created"],
        "status": "canceled" if ended else "past_due" if late else "active",
        "test_clock": None,
        "trial_end": None,
        "trial_start": None,
    }  # fmt: skip


def _item(view: View, row: sqlite3.Row, currency: str) -> Json:
    begin, end = _period(row["created"], view.now)
    return {
        "id": view.id("si", row["n"]), "object": "subscription_item", "created": row["created"],
        "current_period_end": end, "current_period_start": begin, "discounts": [], "metadata": {},
        "price": price(view, _PLANS[row["plan"]], currency), "quantity": 1,
        "subscription": view.id("sub", row["n"]), "tax_rates": [],
    }  # fmt: skip


def invoice_status(row: sqlite3.Row, now: int) -> str:
    if row["paid_at"] is not None and row["paid_at"] <= now:
        return "paid"
    if row["closed_at"] is not None and row["closed_at"] <= now:
        return row["closed_as"]
    return "open" if row["finalized_at"] <= now else "draft"


def render_invoices(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    marks = ",".join("?" * len(rows))
    attempts: dict[int, list[sqlite3.Row]] = defaultdict(list)
    query = f"SELECT * FROM charge WHERE intent IN ({marks}) ORDER BY created, n"  # noqa: S608 - only marks
    for charge in view.store.all(query, *(row["intent"] for row in rows)):
        attempts[charge["intent"]].append(charge)
    return [_invoice(view, row, attempts[row["intent"]]) for row in rows]


def _invoice(view: View, row: sqlite3.Row, attempts: list[sqlite3.Row]) -> Json:
    status, now = invoice_status(row, view.now), view.now
    made = [item for item in attempts if item["created"] <= now]
    coming = [item["created"] for item in attempts if item["created"] > now]
    failed = bool(made) and charge_status(made[-1], now) == "failed"
    person = view.person(row["customer"])
    paid = row["amount"] if status == "paid" else 0
    closed = {f"{name}_at": row["closed_at"] if status == word else None for name, word in _CLOSED}
    subscription = view.id("sub", row["subscription"])
    return {
        "id": view.id("in", row["n"]),
        "object": "invoice",
        "account_country": view.entity.country,
        "account_name": view.entity.name,
        "account_tax_ids": None,
        "amount_due": row["amount"],
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": row["amount"] - paid,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": len(made),
        "attempted": bool(made),
        "auto_advance": status in ("draft", "open"),
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": row["finalized_at"] if status == "draft" else None,
        "billing_reason": "subscription_create" if row["first"] else "subscription_cycle",
        "collection_method": "charge_automatically",
        "created": row["created"],
        "currency": row["currency"].lower(),
        "custom_fields": None,
        "customer": view.id("cus", row["customer"]),
        "customer_address": billing_details(person)["address"],
        "customer_email": person.email,
        "customer_name": person.name,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": row["finalized_at"] if status != "draft" else None,
        "ending_balance": 0 if status != "draft" else None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listed([_line(view, row)], f"/v1/invoices/{view.id('in', row['n'])}/lines"),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": coming[0] if status == "open" and failed and coming else None,
        "number": f"MH-{row['n']:08d}" if status != "draft" else None,
        "on_behalf_of": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": {}, "subscription": subscription},
            "type": "subscription_details",
        },
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": row["created"],
        "period_start": row["created"],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": status,
        "status_transitions": {
            "finalized_at": row["finalized_at"] if status != "draft" else None,
            "paid_at": row["paid_at"] if status == "paid" else None,
            **closed,
        },
        "subtotal": row["amount"],
        "subtotal_excluding_tax": row["amount"],
        "test_clock": None,
        "total": row["amount"],
        "total_discount_amounts": [],
        "total_excluding_tax": row["amount"],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": row["created"],
    }


_CLOSED = (("marked_uncollectible", "uncollectible"), ("voided", "void"))


def _line(view: View, row: sqlite3.Row) -> Json:
    plan = _PLANS[row["plan"]]
    begin, end = _period(row["created"], row["created"])
    return {
        "id": view.id("il", row["n"]),
        "object": "line_item",
        "amount": row["amount"],
        "currency": row["currency"].lower(),
        "description": f"1 × {plan.name}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": view.id("in", row["n"]),
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None, "proration": False, "proration_details": {"credited_items": None},
                "subscription": view.id("sub", row["subscription"]),
                "subscription_item": view.id("si", row["subscription"]),
            },
            "type": "subscription_item_details",
        },
        "period": {"end": end, "start": begin},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {
                "price": price_id(view, plan, row["currency"]), "product": view.id("prod", plan.number),
            },
            "type": "price_details",
            "unit_amount_decimal": str(row["amount"]),
        },
        "quantity": 1,
        "subtotal": row["amount"],
        "taxes": [],
    }  # fmt: skip


def render_invoice_payments(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    """Which payment intent an invoice is collected by: one for each finalised invoice, under the invoice's number."""
    return [_invoice_payment(view, row) for row in rows]


def _invoice_payment(view: View, row: sqlite3.Row) -> Json:
    status = invoice_status(row, view.now)
    paid = status == "paid"
    return {
        "id": view.id("inpay", row["n"]),
        "object": "invoice_payment",
        "amount_paid": row["amount"] if paid else None,
        "amount_requested": row["amount"],
        "created": row["finalized_at"],
        "currency": row["currency"].lower(),
        "invoice": view.id("in", row["n"]),
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": view.id("pi", row["intent"]), "type": "payment_intent"},
        "status": "paid" if paid else "canceled" if status in ("void", "uncollectible") else "open",
        "status_transitions": {"canceled_at": None, "paid_at": row["paid_at"] if paid else None},
    }
