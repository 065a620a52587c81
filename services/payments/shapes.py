"""Stripe's objects as rows: what is kept of each, in the order it is copied.

Field names are those of Stripe's pinned API version. Currencies become capitals, stamps aware UTC.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from services.payments.vocabulary import NO_COUNTRY, NO_METHOD, StripeObject

Row = tuple[Any, ...]
Reader = Callable[[dict[str, Any], ZoneInfo], Row]


@dataclass(frozen=True)
class Shape:
    """How one object type is stored: its table, the columns beside the common ones with their SQL types, its reader."""

    table: str
    columns: dict[str, str]
    read: Reader


def _time(stamp: int | None) -> dt.datetime | None:
    return None if stamp is None else dt.datetime.fromtimestamp(stamp, dt.UTC)


def created(raw: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(raw["created"], dt.UTC)


def _id(value: Any) -> str | None:
    """The id of a reference, expanded or not."""
    return value["id"] if isinstance(value, dict) else value


def _customer(raw: dict[str, Any], _: ZoneInfo) -> Row:
    return (
        raw.get("name"),
        raw.get("email"),
        (raw.get("address") or {}).get("country"),
        bool(raw.get("delinquent")),
        bool(raw.get("deleted")),
    )


def _instrument(method: str, details: dict[str, Any]) -> str | None:
    last4 = details.get("last4")
    if last4 is None:
        return None
    return f"{(details.get('brand') or method).replace('_', ' ')} …{last4}"


def _decline_code(raw: dict[str, Any]) -> str | None:
    """The issuer's own reason; Stripe gives it beside the general `card_declined` only."""
    return (raw.get("outcome") or {}).get("reason") if raw.get("failure_code") == "card_declined" else None


def _charge(raw: dict[str, Any], _: ZoneInfo) -> Row:
    told = raw.get("payment_method_details") or {}
    method = told.get("type") or NO_METHOD
    details = told.get(method) or {}
    return (
        _id(raw.get("payment_intent")) or raw["id"],
        _id(raw.get("customer")),
        _id(raw.get("balance_transaction")),
        raw["amount"],
        raw.get("amount_refunded") or 0,
        raw["currency"].upper(),
        raw["status"],
        bool(raw.get("disputed")),
        method,
        details.get("country") or NO_COUNTRY,
        _instrument(method, details),
        raw.get("failure_code"),
        _decline_code(raw),
        raw.get("failure_message"),
    )


def _invoice_payment(raw: dict[str, Any]) -> str | None:
    """The payment intent of the invoice's default payment, else of its newest one."""
    made = (raw.get("payments") or {}).get("data") or []
    ranked = sorted(made, key=lambda one: (bool(one.get("is_default")), one.get("created") or 0), reverse=True)
    for one in ranked:
        payment = one.get("payment") or {}
        found = _id(payment.get("payment_intent")) or _id(payment.get("charge"))
        if found:
            return found
    return _id(raw.get("payment_intent"))


def _subscription(raw: dict[str, Any]) -> str | None:
    parent = raw.get("parent") or {}
    return _id((parent.get("subscription_details") or {}).get("subscription"))


def _invoice(raw: dict[str, Any], _: ZoneInfo) -> Row:
    moments = raw.get("status_transitions") or {}
    return (
        raw.get("number"),
        _id(raw.get("customer")),
        _invoice_payment(raw),
        _subscription(raw),
        raw.get("status") or "draft",
        raw["currency"].upper(),
        raw["total"],
        raw["amount_due"],
        raw["amount_paid"],
        raw["amount_remaining"],
        raw.get("attempt_count") or 0,
        raw.get("billing_reason"),
        raw.get("collection_method"),
        _time(raw.get("due_date")),
        _time(raw.get("next_payment_attempt")),
        _time(moments.get("finalized_at")),
        _time(moments.get("paid_at")),
        _time(moments.get("voided_at")),
        _time(moments.get("marked_uncollectible_at")),
    )


def _intent(raw: dict[str, Any], _: ZoneInfo) -> Row:
    methods = raw.get("payment_method_types") or []
    error = raw.get("last_payment_error") or {}
    return (
        raw["status"],
        raw["amount"],
        raw.get("amount_received") or 0,
        raw["currency"].upper(),
        methods[0] if len(methods) == 1 else NO_METHOD,
        error.get("code"),
        error.get("decline_code"),
        _id(raw.get("customer")),
        _id(raw.get("latest_charge")),
        raw.get("description"),
        _time(raw.get("canceled_at")),
    )


def _refund(raw: dict[str, Any], _: ZoneInfo) -> Row:
    return (
        _id(raw.get("charge")),
        _id(raw.get("payment_intent")),
        raw["amount"],
        raw["currency"].upper(),
        raw.get("status") or "pending",
        raw.get("reason"),
        raw.get("failure_reason"),
    )


def _dispute(raw: dict[str, Any], _: ZoneInfo) -> Row:
    return (
        _id(raw.get("charge")),
        _id(raw.get("payment_intent")),
        raw["amount"],
        raw["currency"].upper(),
        raw["status"],
        raw["reason"],
        raw.get("network_reason_code"),
        _time((raw.get("evidence_details") or {}).get("due_by")),
    )


def _trace(raw: dict[str, Any]) -> str | None:
    trace = raw.get("trace_id") or {}
    return trace.get("value") if trace.get("status") == "supported" else None


def _payout(raw: dict[str, Any], _: ZoneInfo) -> Row:
    arrival = dt.datetime.fromtimestamp(raw["arrival_date"], dt.UTC)
    return (
        raw["amount"],
        raw["currency"].upper(),
        raw["status"],
        bool(raw["automatic"]),
        raw.get("method") or "standard",
        arrival,
        arrival.date(),
        _trace(raw),
        raw.get("statement_descriptor"),
        raw.get("reconciliation_status"),
        raw.get("failure_code"),
    )


def _balance_transaction(raw: dict[str, Any], zone: ZoneInfo) -> Row:
    return (
        raw["type"],
        raw["reporting_category"],
        _id(raw.get("source")),
        raw["amount"],
        raw["fee"],
        raw["net"],
        raw["currency"].upper(),
        _time(raw.get("available_on")),
        created(raw).astimezone(zone).date(),
        raw.get("description"),
    )


SHAPES: dict[StripeObject, Shape] = {
    StripeObject.CUSTOMER: Shape(
        "customer",
        {"name": "text", "email": "text", "country": "text", "delinquent": "bool", "deleted": "bool"},
        _customer,
    ),
    StripeObject.CHARGE: Shape(
        "charge",
        {
            "payment_ref": "text",
            "customer_ref": "text",
            "balance_transaction_ref": "text",
            "amount_minor": "int8",
            "refunded_minor": "int8",
            "currency": "text",
            "status": "text",
            "disputed": "bool",
            "method": "text",
            "country": "text",
            "instrument": "text",
            "failure_code": "text",
            "decline_code": "text",
            "failure_message": "text",
        },
        _charge,
    ),
    StripeObject.INVOICE: Shape(
        "invoice",
        {
            "number": "text",
            "customer_ref": "text",
            "payment_ref": "text",
            "subscription_ref": "text",
            "status": "text",
            "currency": "text",
            "total_minor": "int8",
            "due_minor": "int8",
            "paid_minor": "int8",
            "remaining_minor": "int8",
            "attempt_count": "int8",
            "billing_reason": "text",
            "collection_method": "text",
            "due_at": "timestamptz",
            "next_attempt_at": "timestamptz",
            "finalized_at": "timestamptz",
            "paid_at": "timestamptz",
            "voided_at": "timestamptz",
            "uncollectible_at": "timestamptz",
        },
        _invoice,
    ),
    StripeObject.PAYMENT_INTENT: Shape(
        "payment",
        {
            "intent_status": "text",
            "amount_minor": "int8",
            "received_minor": "int8",
            "currency": "text",
            "intent_method": "text",
            "error_code": "text",
            "error_decline_code": "text",
            "customer_ref": "text",
            "charge_ref": "text",
            "description": "text",
            "canceled_at": "timestamptz",
        },
        _intent,
    ),
    StripeObject.REFUND: Shape(
        "refund",
        {
            "charge_ref": "text",
            "payment_ref": "text",
            "amount_minor": "int8",
            "currency": "text",
            "status": "text",
            "reason": "text",
            "failure_reason": "text",
        },
        _refund,
    ),
    StripeObject.DISPUTE: Shape(
        "dispute",
        {
            "charge_ref": "text",
            "payment_ref": "text",
            "amount_minor": "int8",
            "currency": "text",
            "status": "text",
            "reason": "text",
            "network_reason_code": "text",
            "evidence_due_at": "timestamptz",
        },
        _dispute,
    ),
    StripeObject.PAYOUT: Shape(
        "payout",
        {
            "amount_minor": "int8",
            "currency": "text",
            "status": "text",
            "automatic": "bool",
            "method": "text",
            "arrival_at": "timestamptz",
            "arrival_on": "date",
            "trace_ref": "text",
            "statement_descriptor": "text",
            "reconciliation_status": "text",
            "failure_code": "text",
        },
        _payout,
    ),
    StripeObject.BALANCE_TRANSACTION: Shape(
        "balance_transaction",
        {
            "type": "text",
            "reporting_category": "text",
            "source_ref": "text",
            "amount_minor": "int8",
            "fee_minor": "int8",
            "net_minor": "int8",
            "currency": "text",
            "available_at": "timestamptz",
            "booked_on": "date",
            "description": "text",
        },
        _balance_transaction,
    ),
}
