"""Where webhooks go, and from which event on."""

from __future__ import annotations

import orjson

from services.sandbox.store import Store

CONSOLE_ENDPOINT = 1  # the row of the console's own intake; others come over the API


def set_console(store: Store, url: str | None, secret: str, now: int) -> None:
    """Points the console's endpoint at `url`, or removes it. A first endpoint is told nothing of the past."""
    with store.writing() as connection:
        _first(store, now)
        connection.execute("DELETE FROM webhook_endpoint WHERE n = ?", (CONSOLE_ENDPOINT,))
        if url:
            connection.execute(
                "INSERT INTO webhook_endpoint VALUES (?,?,?,?,?,NULL)",
                (CONSOLE_ENDPOINT, now, url, secret, orjson.dumps(["*"])),
            )


def start_from(store: Store, now: int) -> None:
    """Nothing that happened up to `now` is ever sent."""
    with store.writing():
        last = store.scalar("SELECT coalesce(max(n), 0) FROM event WHERE created = ?", now)
        store.remember("webhook_cursor", [now, last])


def add_endpoint(store: Store, url: str, secret: str, now: int, *, events: list[str], metadata: bytes | None) -> int:
    """Another endpoint, in the caller's transaction; returns its number."""
    _first(store, now)
    number = max(store.scalar("SELECT max(n) FROM webhook_endpoint") or 0, CONSOLE_ENDPOINT) + 1
    store.connection.execute(
        "INSERT INTO webhook_endpoint VALUES (?,?,?,?,?,?)", (number, now, url, secret, orjson.dumps(events), metadata)
    )
    return number


def _first(store: Store, now: int) -> None:
    if store.one("SELECT n FROM webhook_endpoint") is None:
        start_from(store, now)
