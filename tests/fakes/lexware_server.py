"""A server that behaves as Lexware Office's documentation says: bearer key, two requests a second for all endpoints
(a token bucket; 429 beyond, and the call is not performed), paged voucher list, event subscriptions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "key-of-the-organisation"


def voucher(number: int, **changes: Any) -> dict[str, Any]:
    """A row of the voucher list as the documentation shows it."""
    return {
        "id": f"v-{number:04}",
        "voucherType": "invoice",
        "voucherStatus": "open",
        "voucherNumber": f"RE{number:04}",
        "voucherDate": "2026-03-16T00:00:00.000+01:00",
        "createdDate": "2026-03-16T09:20:09.000+01:00",
        "updatedDate": "2026-03-16T09:32:59.000+01:00",
        "dueDate": "2026-03-30T00:00:00.000+02:00",
        "contactId": "c-1",
        "contactName": "Bike & Ride GmbH & Co. KG",
        "totalAmount": 119.10,
        "openAmount": 19.1,
        "currency": "EUR",
        "archived": False,
    } | changes


class Office:
    """What the server knows and what it was asked; `hiccups` are statuses it answers first."""

    def __init__(self, vouchers: list[dict[str, Any]]) -> None:
        self.vouchers = vouchers
        self.subscriptions: list[dict[str, str]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.hiccups: list[tuple[int, dict[str, str]]] = []
        self.refused = 0
        self._tokens, self._filled = 2.0, time.monotonic()
        self._lock = threading.Lock()

    def may(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(2.0, self._tokens + (now - self._filled) * 2)
            self._filled = now
            if self._tokens < 1:
                self.refused += 1
                return False
            self._tokens -= 1
            return True

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        since = query.get("updatedDateFrom", "")
        kinds = query["voucherType"].split(",")
        found = [v for v in self.vouchers if v["voucherType"] in kinds and v["updatedDate"][:10] >= since]
        number, size = int(query.get("page", 0)), int(query.get("size", 25))
        rows = found[number * size : (number + 1) * size]
        pages = -(-len(found) // size)
        return {
            "content": rows,
            "first": number == 0,
            "last": number >= pages - 1,
            "totalPages": pages,
            "totalElements": len(found),
            "numberOfElements": len(rows),
            "size": size,
            "number": number,
        }


@contextmanager
def serving(office: Office) -> Iterator[str]:
    """The server's address while it runs."""
    handler = type("Handler", (_Handler,), {"office": office})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    office: Office

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes | None) -> None:
        where = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        self.office.asked.append((where.path, query))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return self._send(401, {"message": "Unauthorized"})
        if self.office.hiccups:
            status, headers = self.office.hiccups.pop(0)
            return self._send(status, {"message": "later"}, headers)
        if not self.office.may():
            return self._send(429, {"message": "Rate limit exceeded"})
        if where.path == "/v1/voucherlist":
            if not {"voucherType", "voucherStatus"} <= query.keys():
                return self._send(400, {"message": "voucherType and voucherStatus are mandatory"})
            return self._send(200, self.office.page(query))
        if where.path == "/v1/event-subscriptions" and body is None:
            return self._send(200, {"content": self.office.subscriptions})
        if where.path == "/v1/event-subscriptions":
            self.office.subscriptions.append(json.loads(body or b"{}"))
            return self._send(201, {"id": str(len(self.office.subscriptions))})
        return self._send(404, {"message": "no such endpoint"})

    def _send(self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
