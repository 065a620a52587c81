"""What a merchant may change over the API: refund a charge, pay an invoice, keep webhook endpoints.

Each change is made within the caller's transaction. What the world had planned for the object and has not shown
yet gives way to the change.
"""

from __future__ import annotations

import random
import secrets
import sqlite3

import orjson
from starlette.requests import Request

from services.sandbox.api.errors import invalid, missing
from services.sandbox.api.listing import retrieve, row_of
from services.sandbox.api.params import Params, integer, refuse_unknown
from services.sandbox.api.render_billing import invoice_status
from services.sandbox.api.render_events import endpoint
from services.sandbox.api.render_payments import charge_status
from services.sandbox.api.resources import BY_PATH
from services.sandbox.api.view import Json, View
from services.sandbox.days import local_day
from services.sandbox.endpoints import add_endpoint
from services.sandbox.generator import Day
from services.sandbox.generator.charges import Order, attempt, write_refund
from services.sandbox.generator.future import forget_aftermath, forget_attempts, pull_forward
from services.sandbox.generator.steps import world_of
from services.sandbox.vocabulary import REFUND_REASONS, Method


def create_refund(_: Request, view: View, params: Params) -> Json:
    """Refunds a succeeded charge, whole or in part. Raises StripeError 400 when there is nothing left to refund."""
    refuse_unknown(params, frozenset({"charge", "payment_intent", "amount", "reason", "metadata", "expand"}))
    charge = _charge(view, params)
    forget_aftermath(view.store, view.now, charge["n"])
    taken = view.store.scalar("SELECT coalesce(sum(amount), 0) FROM refund WHERE charge = ?", charge["n"])
    left = charge["amount"] - taken
    amount = integer(params, "amount", left) or 0
    if left <= 0:
        raise invalid("Charge has already been refunded.", "charge", "charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    reason = params.get("reason")
    if reason is not None and reason not in REFUND_REASONS:
        raise invalid(f"Invalid reason: must be one of {', '.join(REFUND_REASONS)}", "reason")
    day = _today(view, f"refund/{charge['n']}/{taken}")
    metadata = orjson.dumps(params["metadata"]) if isinstance(params.get("metadata"), dict) else None
    number = write_refund(day, view.now, charge["n"], _order(charge), amount=amount, reason=reason, metadata=metadata)
    day.flush()
    view.store.connection.execute("UPDATE charge SET aftermath = 1 WHERE n = ?", (charge["n"],))
    row = view.store.get("refund", number)
    assert row is not None  # noqa: S101 - written just above
    return BY_PATH["refunds"].render(view, [row])[0]


def _charge(view: View, params: Params) -> sqlite3.Row:
    if "charge" in params:
        row = row_of(view, BY_PATH["charges"], params["charge"])
        if row is None:
            raise missing("charge", params["charge"], param="charge")
    elif "payment_intent" in params:
        intent = row_of(view, BY_PATH["payment_intents"], params["payment_intent"])
        if intent is None:
            raise missing("payment_intent", params["payment_intent"], param="payment_intent")
        row = view.store.one(
            "SELECT * FROM charge WHERE intent = ? AND created <= ? ORDER BY created DESC LIMIT 1",
            intent["n"],
            view.now,
        )
    else:
        raise invalid("One of the following params should be provided: payment_intent or charge.", "charge")
    if row is None or charge_status(row, view.now) != "succeeded":
        raise invalid("This charge has not succeeded and cannot be refunded.", "charge", "charge_not_refundable")
    return row


def _order(charge: sqlite3.Row) -> Order:
    return Order(
        charge["intent"], charge["customer"], charge["invoice"], charge["amount"], charge["currency"],
        Method(charge["method"]),
    )  # fmt: skip


def _today(view: View, purpose: str) -> Day:
    """The day the change falls on. Nothing is planted in what comes over the API."""
    date = local_day(view.now, view.entity.zone)
    day = Day(view.store, view.entity, view.ids, world_of(view.store), date, plant=False)
    day.rng = random.Random(f"{day.world.seed}/{view.entity.code}/{purpose}")  # noqa: S311 - repeatable
    return day


def pay_invoice(request: Request, view: View, params: Params) -> Json:
    """Collects an open invoice now, successfully. Raises StripeError 404 or 400 (already paid, not open)."""
    refuse_unknown(params, frozenset({"paid_out_of_band", "payment_method", "source", "expand"}))
    invoice = row_of(view, BY_PATH["invoices"], request.path_params["id"])
    if invoice is None:
        raise missing("invoice", request.path_params["id"], param="id")
    status = invoice_status(invoice, view.now)
    if status == "paid":
        raise invalid("Invoice is already paid", "invoice")
    if status not in ("open", "uncollectible"):
        raise invalid(f"This invoice is {status} and cannot be paid.", "invoice", "invoice_not_editable")
    paid_at = view.now if params.get("paid_out_of_band") == "true" else _collect(view, invoice)
    if params.get("paid_out_of_band") == "true":
        forget_attempts(view.store, view.now, invoice)
    view.store.connection.execute(
        "UPDATE invoice SET paid_at = ?, closed_at = NULL, closed_as = NULL WHERE n = ?", (paid_at, invoice["n"])
    )
    day = _today(view, f"paid/{invoice['n']}")
    day.event(paid_at, "invoice.paid", invoice["n"])
    day.flush()
    return retrieve(view, BY_PATH["invoices"], request.path_params["id"])


def _collect(view: View, invoice: sqlite3.Row) -> int:
    """When the money is there: now for a card, once settled for a debit."""
    pending = view.store.one(
        "SELECT * FROM charge WHERE intent = ? AND created <= ? AND coalesce(settled_at, failed_at) > ?",
        invoice["intent"],
        view.now,
        view.now,
    )
    if pending is not None:
        raise invalid("A payment for this invoice is already on its way.", "invoice", "payment_intent_unexpected_state")
    day = _today(view, f"pay/{invoice['n']}")
    pulled = pull_forward(view.store, view.now, invoice)
    if pulled is not None:
        day.event(view.now, "charge.succeeded", pulled)
        day.event(view.now, "payment_intent.succeeded", invoice["intent"])
        day.flush()
        return view.now
    forget_attempts(view.store, view.now, invoice)
    intent = view.store.get("intent", invoice["intent"])
    assert intent is not None  # noqa: S101 - every finalised invoice has one
    order = Order(
        invoice["intent"], invoice["customer"], invoice["n"], invoice["amount"], invoice["currency"],
        Method(intent["method"]),
    )  # fmt: skip
    outcome = attempt(day, view.now, order, 100)
    day.flush()
    return outcome.paid_at or view.now


def create_endpoint(_: Request, view: View, params: Params) -> Json:
    """A webhook endpoint; the answer alone shows its signing secret."""
    refuse_unknown(params, frozenset({"url", "enabled_events", "metadata", "description", "api_version", "expand"}))
    url = params.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: an explicit scheme (such as https) must be provided.", "url", "url_invalid")
    number = add_endpoint(
        view.store, url, f"whsec_{secrets.token_hex(24)}", view.now, events=params.get("enabled_events") or ["*"],
        metadata=orjson.dumps(params["metadata"]) if params.get("metadata") else None,
    )  # fmt: skip
    row = view.store.get("webhook_endpoint", number)
    assert row is not None  # noqa: S101 - written just above
    return endpoint(view, row, reveal=True)


def delete_endpoint(request: Request, view: View, _: Params) -> Json:
    wanted = request.path_params["id"]
    row = row_of(view, BY_PATH["webhook_endpoints"], wanted)
    if row is None:
        raise missing("webhook endpoint", wanted)
    view.store.connection.execute("DELETE FROM webhook_endpoint WHERE n = ?", (row["n"],))
    return {"id": wanted, "object": "webhook_endpoint", "deleted": True}
