"""Events and webhook endpoints in Stripe's shape. An event shows its object as it was then."""

from __future__ import annotations

import sqlite3

import orjson

from services.sandbox.api.render_balance import render_payouts
from services.sandbox.api.render_billing import render_customers, render_invoices, render_subscriptions
from services.sandbox.api.render_payments import render_charges, render_disputes, render_intents, render_refunds
from services.sandbox.api.view import API_VERSION, Json, View
from services.sandbox.vocabulary import EVENTS

_OBJECTS = {
    "cus": ("customer", render_customers),
    "sub": ("subscription", render_subscriptions),
    "in": ("invoice", render_invoices),
    "pi": ("intent", render_intents),
    "ch": ("charge", render_charges),
    "re": ("refund", render_refunds),
    "dp": ("dispute", render_disputes),
    "po": ("payout", render_payouts),
}


def render_events(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [event for row in rows if (event := _event(view, row))]


def _event(view: View, row: sqlite3.Row) -> Json | None:
    name, prefix = EVENTS[row["type"]]
    table, render = _OBJECTS[prefix]
    source = view.store.get(table, row["source"])
    if source is None:
        return None
    return {
        "id": view.id("evt", row["n"]),
        "object": "event",
        "api_version": API_VERSION,
        "created": row["created"],
        "data": {"object": render(view.at(row["created"]), [source])[0]},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": name,
    }


def render_endpoints(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [endpoint(view, row) for row in rows]


def endpoint(view: View, row: sqlite3.Row, *, reveal: bool = False) -> Json:
    """A webhook endpoint; its secret is shown once, in the answer that created it."""
    shown = {"secret": row["secret"]} if reveal else {}
    return {
        "id": view.id("we", row["n"]),
        "object": "webhook_endpoint",
        "api_version": API_VERSION,
        "application": None,
        "created": row["created"],
        "description": None,
        "enabled_events": orjson.loads(row["events"]),
        "livemode": False,
        "metadata": orjson.loads(row["metadata"]) if row["metadata"] else {},
        **shown,
        "status": "enabled",
        "url": row["url"],
    }
