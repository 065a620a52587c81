"""Signed webhooks for events whose time has come: at least once, in order of creation, retried when refused."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import time
from dataclasses import dataclass

import httpx
import orjson

from services.sandbox.api.render_events import render_events
from services.sandbox.api.view import View
from services.sandbox.locks import held
from services.sandbox.store import Store
from services.sandbox.vocabulary import EVENTS

_BATCH = 50
_ATTEMPTS = 12
_TIMEOUT = 10.0
_SETTLING = 1  # seconds until no transaction can still add an event that the cursor has passed


@dataclass(frozen=True)
class Delivery:
    """One event for one endpoint."""

    event: int
    endpoint: sqlite3.Row
    body: bytes


def sign(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.body`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def deliver_events(view: View) -> int:
    """Sends what became due, then what waits for another attempt; returns how many were accepted.

    The cursor moves after a batch was sent, so a crash sends it again rather than losing it. When an endpoint
    cannot be reached at all the round ends, and the next one goes on from there. While another process delivers,
    this one leaves it to that.
    """
    with held(view.store.path.with_suffix(".webhooks.lock")) as mine:
        return _deliver(view) if mine else 0


def _deliver(view: View) -> int:
    store, accepted = view.store, 0
    endpoints = store.all("SELECT * FROM webhook_endpoint")
    with httpx.Client(timeout=_TIMEOUT, trust_env=False) as client:
        while endpoints:
            created, number = store.meta("webhook_cursor")
            rows = store.all(
                "SELECT * FROM event WHERE (created, n) > (?, ?) AND created <= ? ORDER BY created, n LIMIT ?",
                created, number, view.now - _SETTLING, _BATCH,
            )  # fmt: skip
            if not rows:
                break
            try:
                accepted += sum(_offer(client, store, item) for item in _deliveries(view, rows, endpoints))
            except httpx.TransportError:
                return accepted
            with store.writing():
                store.remember("webhook_cursor", [rows[-1]["created"], rows[-1]["n"]])
        return accepted + _again(client, view, endpoints)


def _deliveries(view: View, rows: list[sqlite3.Row], endpoints: list[sqlite3.Row]) -> list[Delivery]:
    found = []
    for row in rows:
        rendered = render_events(view, [row])
        if not rendered:
            continue
        body = orjson.dumps({**rendered[0], "pending_webhooks": len(endpoints)})
        for endpoint in endpoints:
            wanted = orjson.loads(endpoint["events"])
            if "*" in wanted or EVENTS[row["type"]][0] in wanted:
                found.append(Delivery(row["n"], endpoint, body))
    return found


def _offer(client: httpx.Client, store: Store, item: Delivery) -> bool:
    """Posts one event; a refusal is noted for another attempt. Raises httpx.TransportError without an answer."""
    now = int(time.time())
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": sign(item.body, item.endpoint["secret"], now),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    answer = client.post(item.endpoint["url"], content=item.body, headers=headers)
    if answer.is_success:
        return True
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO webhook_retry VALUES (?,?,1,?) ON CONFLICT DO UPDATE SET attempts = attempts + 1, "
            "due = ? + min(3600, 5 * (1 << attempts))",
            (item.event, item.endpoint["n"], now + 5, now),
        )
    return False


def _again(client: httpx.Client, view: View, endpoints: list[sqlite3.Row]) -> int:
    """Another attempt at what was refused, until it is accepted or given up after twelve attempts."""
    store, accepted = view.store, 0
    by_number = {endpoint["n"]: endpoint for endpoint in endpoints}
    for retry in store.all("SELECT * FROM webhook_retry WHERE due <= ? ORDER BY due LIMIT ?", time.time(), _BATCH):
        row, endpoint = store.get("event", retry["event"]), by_number.get(retry["endpoint"])
        items = _deliveries(view, [row], [endpoint]) if row and endpoint and retry["attempts"] < _ATTEMPTS else []
        try:
            done = not items or _offer(client, store, items[0])
        except httpx.TransportError:
            break
        if done:
            accepted += bool(items)
            with store.writing() as connection:
                connection.execute(
                    "DELETE FROM webhook_retry WHERE event = ? AND endpoint = ?", (retry["event"], retry["endpoint"])
                )
    return accepted
