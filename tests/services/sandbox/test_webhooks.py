from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import stripe

from services import sandbox

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)


class Intake(ThreadingHTTPServer):
    """A console that keeps what it was sent; refuses the first `refusals` posts."""

    def __init__(self, refusals: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refusals = refusals
        self.posts: list[tuple[bytes, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hooks/stripe"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.refusals -= 1
        refused = server.refusals >= 0
        if not refused:
            server.posts.append((body, self.headers["Stripe-Signature"]))
        self.send_response(500 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def intake(refusals: int = 0) -> Iterator[Intake]:
    server = Intake(refusals)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def wait_for(condition: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def verified(console: Intake, secret: str) -> list[Any]:
    """The events that carry a valid signature of this account."""
    found = []
    for body, signature in list(console.posts):
        with suppress(stripe.SignatureVerificationError):
            found.append(stripe.Webhook.construct_event(body, signature, secret))
    return found


def test_a_change_arrives_signed(serve: Any) -> None:
    with intake() as console:
        server = serve(webhook_url=console.url)
        client = server.client()
        charge = next(item for item in client.v1.charges.list({"limit": 50}).data if item.paid and not item.disputed)
        refund = client.v1.refunds.create({"charge": charge.id, "amount": 100})
        secret = server.accounts["mh-de"]["webhook_secret"]

        def told() -> set[tuple[str, str]]:
            return {(event.type, event.data.object["id"]) for event in verified(console, secret)}

        wait_for(lambda: {("refund.created", refund.id), ("charge.refunded", charge.id)} <= told())
        body, signature = console.posts[0]
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, "whsec_of_somebody_else")


def test_time_moving_on_sends_what_happened_once_and_in_order(serve: Any) -> None:
    with intake() as console:
        server = serve(webhook_url=console.url)
        sandbox.advance(server.folder, 1)
        secret = server.accounts["mh-de"]["webhook_secret"]
        listed = {event.id for event in server.client().v1.events.list({"limit": 100}).data}
        wait_for(lambda: listed <= {event.id for event in verified(console, secret)}, seconds=60)
        events = {event.id: event for event in verified(console, secret)}.values()
        assert {"charge.succeeded", "invoice.paid", "payout.created", "customer.created"} <= {
            event.type for event in events
        }
        created = [event.created for event in events]
        assert created == sorted(created)
        assert min(created) > NOW.timestamp() - 60


def test_a_refused_event_is_sent_again(serve: Any) -> None:
    with intake(refusals=1) as console:
        server = serve(webhook_url=console.url)
        client = server.client()
        charge = next(item for item in client.v1.charges.list({"limit": 50}).data if item.paid and not item.disputed)
        client.v1.refunds.create({"charge": charge.id, "amount": 100})
        wait_for(lambda: sum(charge.id.encode() in body for body, _ in console.posts) >= 2)


def test_endpoints_over_the_api(serve: Any) -> None:
    with intake() as other:
        client = serve().client("mh-ch")
        made = client.v1.webhook_endpoints.create({"url": other.url, "enabled_events": ["refund.created"]})
        assert made.secret
        assert client.v1.webhook_endpoints.list().data[0].id == made.id
        assert "secret" not in client.v1.webhook_endpoints.retrieve(made.id)
        charge = next(item for item in client.v1.charges.list({"limit": 50}).data if item.paid and not item.disputed)
        client.v1.refunds.create({"charge": charge.id, "amount": 100})
        wait_for(lambda: other.posts)
        event = stripe.Webhook.construct_event(*other.posts[0], made.secret)
        assert event.type == "refund.created"
        assert client.v1.webhook_endpoints.delete(made.id).deleted
