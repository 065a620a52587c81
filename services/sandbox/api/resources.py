"""Which objects there are: address, table, rendering, and the filters their lists take."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from services.sandbox.api import filters
from services.sandbox.api.filters import Condition
from services.sandbox.api.params import Params
from services.sandbox.api.render_balance import render_movements, render_payouts
from services.sandbox.api.render_billing import (
    render_customers,
    render_invoice_payments,
    render_invoices,
    render_subscriptions,
)
from services.sandbox.api.render_events import render_endpoints, render_events
from services.sandbox.api.render_payments import (
    charge_prefix,
    refund_prefix,
    render_charges,
    render_disputes,
    render_intents,
    render_refunds,
)
from services.sandbox.api.view import Json, View
from services.sandbox.vocabulary import Method

Filter = Callable[[View, Params], list[Condition]]
_METHODS = (Method.CARD, Method.SEPA_DEBIT)


@dataclass(frozen=True)
class Resource:
    """One kind of object. `created` is the column its lists are ordered by, newest first."""

    path: str
    noun: str
    table: str
    prefixes: tuple[str, ...]
    render: Callable[[View, list[sqlite3.Row]], list[Json]]
    params: frozenset[str] = frozenset()
    filter: Filter = filters.none
    created: str = "created"


RESOURCES = (
    Resource("customers", "customer", "customer", ("cus",), render_customers, frozenset({"email"}), filters.customers),
    Resource(
        "subscriptions", "subscription", "subscription", ("sub",), render_subscriptions,
        frozenset({"customer", "status"}), filters.subscriptions,
    ),
    Resource(
        "invoices", "invoice", "invoice", ("in",), render_invoices,
        frozenset({"customer", "subscription", "status", "collection_method"}), filters.invoices,
    ),
    Resource(
        "invoice_payments", "invoice_payment", "invoice", ("inpay",), render_invoice_payments,
        frozenset({"invoice", "payment", "status"}), filters.invoice_payments, "finalized_at",
    ),
    Resource(
        "payment_intents", "payment_intent", "intent", ("pi",), render_intents, frozenset({"customer"}),
        filters.by_customer,
    ),
    Resource(
        "charges", "charge", "charge", tuple(charge_prefix(method) for method in _METHODS), render_charges,
        frozenset({"customer", "payment_intent"}), filters.charges,
    ),
    Resource(
        "refunds", "refund", "refund", tuple(refund_prefix(method) for method in _METHODS), render_refunds,
        frozenset({"charge", "payment_intent"}), filters.by_charge,
    ),
    Resource(
        "disputes", "dispute", "dispute", ("dp",), render_disputes, frozenset({"charge", "payment_intent"}),
        filters.by_charge,
    ),
    Resource(
        "balance_transactions", "balance transaction", "bt", ("txn",), render_movements,
        frozenset({"payout", "type", "currency", "source"}), filters.movements,
    ),
    Resource(
        "payouts", "payout", "payout", ("po",), render_payouts, frozenset({"status", "arrival_date"}), filters.payouts
    ),
    Resource(
        "events", "event", "event", ("evt",), render_events, frozenset({"type", "types", "delivery_success"}),
        filters.events,
    ),
    Resource("webhook_endpoints", "webhook endpoint", "webhook_endpoint", ("we",), render_endpoints),
)  # fmt: skip
BY_PATH = {resource.path: resource for resource in RESOURCES}
BY_PREFIX = {prefix: resource for resource in RESOURCES for prefix in resource.prefixes}
