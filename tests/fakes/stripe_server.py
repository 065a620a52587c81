"""A tiny stand-in for Stripe's API: real HTTP, objects from a test, and faults on request.

The sandbox's server is the whole thing; this one exists to misbehave exactly when a test says so.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

Fault = tuple[int, dict[str, Any], dict[str, str]]
KEY = "sk_test_fake"


def error(status: int, kind: str, **headers: str) -> Fault:
    body = {"error": {"type": kind, "message": f"told to answer {status}"}}
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}


class FakeStripe:
    """`objects[kind]` are dicts; `fault(path, number of the request)` may answer instead."""

    def __init__(self) -> None:
        self.objects: dict[str, list[dict[str, Any]]] = {}
        self.parts: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self.fault: Callable[[str, int], Fault | None] = lambda path, number: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakeStripe:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, kind: str, *objects: dict[str, Any]) -> None:
        self.objects.setdefault(kind, []).extend(objects)

    def replace(self, kind: str, stripe_id: str, **changes: Any) -> None:
        for index, one in enumerate(self.objects[kind]):
            if one["id"] == stripe_id:
                self.objects[kind][index] = one | changes

    def answer(self, path: str, query: dict[str, str], key: str) -> Fault:
        self.requests.append(path)
        told = self.fault(path, len(self.requests))
        if told is not None:
            return told
        if key != f"Bearer {KEY}":
            return error(401, "invalid_request_error")
        parts = path.removeprefix("/v1/").split("/")
        if parts == ["account"]:
            return 200, {"id": "acct_fake", "created": 1_700_000_000}, {}
        kind = parts[0].removesuffix("s")
        if len(parts) == 2:
            found = [one for one in self.objects.get(kind, []) if one["id"] == parts[1]]
            return (200, found[0], {}) if found else error(404, "invalid_request_error")
        return 200, self._page(kind, query), {}

    def _page(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        rows = sorted(self.objects.get(kind, []), key=lambda one: (one["created"], one["id"]), reverse=True)
        if "payout" in query:
            rows = [one for one in rows if one["id"] in self.parts.get(query["payout"], [])]
        rows = [one for one in rows if one["created"] >= int(query.get("created[gte]", 0))]
        rows = [one for one in rows if one["created"] < int(query.get("created[lt]", 2**40))]
        if "starting_after" in query:
            ids = [one["id"] for one in rows]
            rows = rows[ids.index(query["starting_after"]) + 1 :]
        limit = int(query.get("limit", 10))
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                url = urlparse(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                status, body, headers = fake.answer(url.path, query, self.headers.get("Authorization", ""))
                payload = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle()

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler
