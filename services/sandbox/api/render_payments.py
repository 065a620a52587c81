"""Charges, payment intents, refunds and disputes in Stripe's shape, as of the view's instant."""

from __future__ import annotations

import sqlite3
from collections import defaultdict

import orjson

from services.sandbox.api.render_balance import render_movements
from services.sandbox.api.view import Json, View
from services.sandbox.people import Person
from services.sandbox.vocabulary import CARD_DECLINES, SEPA_RETURNS, Decline, Method

_FINAL_CODES = ("lost_card", "stolen_card", "expired_card")
_TYPES = {Method.CARD: "card", Method.SEPA_DEBIT: "sepa_debit"}


def charge_prefix(method: int) -> str:
    return "py" if method == Method.SEPA_DEBIT else "ch"


def charge_status(row: sqlite3.Row, now: int) -> str:
    """`succeeded`, `pending` (a debit on its way) or `failed`, at an instant."""
    if row["method"] == Method.CARD:
        return "failed" if row["code"] is not None else "succeeded"
    if row["failed_at"] is not None and row["failed_at"] <= now:
        return "failed"
    return "succeeded" if row["settled_at"] is not None and row["settled_at"] <= now else "pending"


def decline_of(row: sqlite3.Row) -> Decline:
    return (SEPA_RETURNS if row["method"] == Method.SEPA_DEBIT else CARD_DECLINES)[row["code"]]


def render_charges(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    touched = [row["n"] for row in rows if row["aftermath"]]
    refunds = view.among(
        "SELECT charge, sum(amount) AS amount FROM refund WHERE charge IN ({marks}) AND created <= ? GROUP BY charge",
        touched,
    )
    disputes = view.among("SELECT charge FROM dispute WHERE charge IN ({marks}) AND created <= ?", touched)
    refunded = {row["charge"]: row["amount"] for row in refunds}
    disputed = {row["charge"] for row in disputes}
    return [_charge(view, row, refunded.get(row["n"], 0), row["n"] in disputed) for row in rows]


def _charge(view: View, row: sqlite3.Row, refunded: int, disputed: bool) -> Json:
    status = charge_status(row, view.now)
    decline = decline_of(row) if status == "failed" else None
    person = view.person(row["customer"])
    name = charge_prefix(row["method"])
    captured = row["amount"] if row["bt"] is not None else 0
    return {
        "id": view.id(name, row["n"]),
        "object": "charge",
        "amount": row["amount"],
        "amount_captured": captured,
        "amount_refunded": refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": view.id("txn", row["bt"]),
        "billing_details": billing_details(person),
        "calculated_statement_descriptor": "MUSTERHANDEL",
        "captured": row["bt"] is not None,
        "created": row["created"],
        "currency": row["currency"].lower(),
        "customer": view.id("cus", row["customer"]),
        "description": "Subscription update" if row["invoice"] else "Order",
        "disputed": disputed,
        "failure_balance_transaction": view.id("txn", row["fail_bt"]) if decline else None,
        "failure_code": decline and decline.failure_code,
        "failure_message": decline and decline.message,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": _outcome(decline, row["method"]),
        "paid": status == "succeeded",
        "payment_intent": view.id("pi", row["intent"]),
        "payment_method": view.id("pm", row["customer"]),
        "payment_method_details": _method_details(view, row, person),
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": refunded >= row["amount"],
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": status,
        "transfer_data": None,
        "transfer_group": None,
    }


def billing_details(person: Person) -> Json:
    return {
        "address": {
            "city": person.city, "country": person.country, "line1": None, "line2": None,
            "postal_code": person.postal_code, "state": None,
        },
        "email": person.email,
        "name": person.name,
        "phone": None,
        "tax_id": None,
    }  # fmt: skip


def _outcome(decline: Decline | None, method: int) -> Json:
    if decline is None:
        return {
            "advice_code": None, "network_advice_code": None, "network_decline_code": None,
            "network_status": "approved_by_network", "reason": None, "risk_level": "normal",
            "seller_message": "Payment complete.", "type": "authorized",
        }  # fmt: skip
    final = decline.decline_code in _FINAL_CODES
    return {
        "advice_code": None if method else "do_not_try_again" if final else "try_again_later",
        "network_advice_code": None, "network_decline_code": None, "network_status": "declined_by_network",
        "reason": decline.decline_code, "risk_level": "normal",
        "seller_message": f"The bank returned the decline code `{decline.decline_code}`.", "type": "issuer_declined",
    }  # fmt: skip


def _method_details(view: View, row: sqlite3.Row, person: Person) -> Json:
    if row["method"] == Method.SEPA_DEBIT:
        return {"type": "sepa_debit", "sepa_debit": sepa_details(view, person, row["customer"])}
    return {
        "type": "card",
        "card": {
            **card_details(person), "amount_authorized": row["amount"], "authorization_code": None, "mandate": None,
            "installments": None, "network": person.brand, "network_token": {"used": False},
            "overcapture": {"maximum_amount_capturable": row["amount"], "status": "unavailable"},
            "three_d_secure": None, "wallet": None,
        },
    }  # fmt: skip


def card_details(person: Person) -> Json:
    return {
        "brand": person.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": person.card_country,
        "exp_month": person.exp_month,
        "exp_year": person.exp_year,
        "fingerprint": person.fingerprint,
        "funding": person.funding,
        "last4": person.last4,
    }


def sepa_details(view: View, person: Person, customer: int) -> Json:
    return {
        "bank_code": "37040044", "branch_code": "", "country": person.country, "fingerprint": person.fingerprint,
        "last4": person.last4, "mandate": view.id("mandate", customer),
    }  # fmt: skip


def render_intents(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    charges: dict[int, sqlite3.Row] = {}
    query = "SELECT * FROM charge WHERE intent IN ({marks}) AND created <= ? ORDER BY created, n"
    for charge in view.among(query, (row["n"] for row in rows)):
        charges[charge["intent"]] = charge
    return [_intent(view, row, charges.get(row["n"])) for row in rows]


def _intent(view: View, row: sqlite3.Row, latest: sqlite3.Row | None) -> Json:
    canceled = row["canceled_at"] is not None and row["canceled_at"] <= view.now
    outcome = charge_status(latest, view.now) if latest else None
    method = view.id("pm", row["customer"]) if outcome in ("succeeded", "pending") else None
    return {
        "id": view.id("pi", row["n"]),
        "object": "payment_intent",
        "amount": row["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": row["amount"] if outcome == "succeeded" else 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": row["canceled_at"] if canceled else None,
        "cancellation_reason": "abandoned" if canceled else None,
        "capture_method": "automatic",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": row["created"],
        "currency": row["currency"].lower(),
        "customer": view.id("cus", row["customer"]),
        "customer_account": None,
        "description": "Subscription update" if row["invoice"] else "Order",
        "excluded_payment_method_types": None,
        "last_payment_error": _last_error(view, latest) if outcome == "failed" else None,
        "latest_charge": view.id(charge_prefix(latest["method"]), latest["n"]) if latest else None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": [_TYPES[Method(row["method"])]],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": "off_session" if row["invoice"] else None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "canceled" if canceled else _INTENT_STATUS[outcome],
        "transfer_data": None,
        "transfer_group": None,
    }


_INTENT_STATUS = {
    None: "requires_payment_method",
    "failed": "requires_payment_method",
    "pending": "processing",
    "succeeded": "succeeded",
}


def _last_error(view: View, charge: sqlite3.Row | None) -> Json | None:
    if charge is None:
        return None
    decline = decline_of(charge)
    return {
        "charge": view.id(charge_prefix(charge["method"]), charge["n"]),
        "code": decline.failure_code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://docs.stripe.com/error-codes/{decline.failure_code.replace('_', '-')}",
        "message": decline.message,
        "type": "card_error",
    }


def _charges_behind(view: View, rows: list[sqlite3.Row]) -> dict[int, sqlite3.Row]:
    found = view.among("SELECT * FROM charge WHERE n IN ({marks}) AND created <= ?", (row["charge"] for row in rows))
    return {charge["n"]: charge for charge in found}


def refund_prefix(method: int) -> str:
    return "pyr" if method == Method.SEPA_DEBIT else "re"


def render_refunds(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    charges = _charges_behind(view, rows)
    return [_refund(view, row, charges[row["charge"]]) for row in rows]


def _refund(view: View, row: sqlite3.Row, charge: sqlite3.Row) -> Json:
    details = (
        {"type": "sepa_debit"}
        if row["method"] == Method.SEPA_DEBIT
        else {
            "type": "card",
            "card": {"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"},
        }
    )
    return {
        "id": view.id(refund_prefix(row["method"]), row["n"]),
        "object": "refund",
        "amount": row["amount"],
        "balance_transaction": view.id("txn", row["bt"]),
        "charge": view.id(charge_prefix(charge["method"]), charge["n"]),
        "created": row["created"],
        "currency": row["currency"].lower(),
        "customer": view.id("cus", charge["customer"]),
        "destination_details": details,
        "metadata": orjson.loads(row["metadata"]) if row["metadata"] else {},
        "payment_intent": view.id("pi", charge["intent"]),
        "payment_method": view.id("pm", charge["customer"]),
        "reason": row["reason"],
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }


def dispute_status(row: sqlite3.Row, now: int) -> str:
    if row["closed_at"] <= now:
        return "won" if row["won"] else "lost"
    return "under_review" if row["review_at"] <= now else "needs_response"


def render_disputes(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    charges = _charges_behind(view, rows)
    numbers = [number for row in rows for number in (row["bt"], row["back_bt"]) if number]
    movements = defaultdict(list)
    found = view.among("SELECT * FROM bt WHERE n IN ({marks}) AND created <= ? ORDER BY n", numbers)
    for row, rendered in zip(found, render_movements(view, found), strict=True):
        movements[row["source"]].append(rendered)
    return [_dispute(view, row, charges[row["charge"]], movements[row["n"]]) for row in rows]


def _dispute(view: View, row: sqlite3.Row, charge: sqlite3.Row, movements: list[Json]) -> Json:
    status = dispute_status(row, view.now)
    return {
        "id": view.id("dp", row["n"]),
        "object": "dispute",
        "amount": row["amount"],
        "balance_transactions": movements,
        "charge": view.id(charge_prefix(charge["method"]), charge["n"]),
        "created": row["created"],
        "currency": row["currency"].lower(),
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": row["created"] + 7 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": status != "needs_response",
            "past_due": False,
            "submission_count": int(status != "needs_response"),
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": view.id("pi", charge["intent"]),
        "payment_method_details": {
            "type": "card",
            "card": {
                "brand": view.person(charge["customer"]).brand,
                "case_type": "chargeback",
                "network_reason_code": "10.4",
            },
        }
        if charge["method"] == Method.CARD
        else None,
        "reason": row["reason"],
        "status": status,
    }
