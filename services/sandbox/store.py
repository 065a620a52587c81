"""The sandbox's own storage: one SQLite file per entity, narrow rows, everything else derived or rendered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

# Times are seconds since the epoch; `n` is the row number behind an id; a time in the future means "not yet".
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE customer (n INTEGER PRIMARY KEY, created INTEGER NOT NULL);
CREATE TABLE subscription (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, customer INTEGER NOT NULL,
    plan INTEGER NOT NULL, anchor INTEGER NOT NULL, ended_at INTEGER);
CREATE TABLE invoice (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, customer INTEGER NOT NULL,
    subscription INTEGER NOT NULL, plan INTEGER NOT NULL, intent INTEGER, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, first INTEGER NOT NULL, finalized_at INTEGER NOT NULL, paid_at INTEGER,
    closed_at INTEGER, closed_as TEXT);
CREATE TABLE intent (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, customer INTEGER NOT NULL, invoice INTEGER,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, method INTEGER NOT NULL, canceled_at INTEGER);
CREATE TABLE charge (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, intent INTEGER NOT NULL,
    customer INTEGER NOT NULL, invoice INTEGER, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    method INTEGER NOT NULL, code INTEGER, settled_at INTEGER, failed_at INTEGER, bt INTEGER, fail_bt INTEGER,
    aftermath INTEGER NOT NULL DEFAULT 0);
CREATE TABLE refund (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, charge INTEGER NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, method INTEGER NOT NULL, reason TEXT, bt INTEGER NOT NULL,
    metadata BLOB);
CREATE TABLE dispute (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, charge INTEGER NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL, review_at INTEGER NOT NULL,
    closed_at INTEGER NOT NULL, won INTEGER NOT NULL, bt INTEGER NOT NULL, back_bt INTEGER);
CREATE TABLE bt (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, kind INTEGER NOT NULL, source INTEGER NOT NULL,
    amount INTEGER NOT NULL, fee INTEGER NOT NULL, currency TEXT NOT NULL, available_on INTEGER NOT NULL,
    payout INTEGER);
CREATE TABLE payout (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, arrival INTEGER NOT NULL, trace TEXT NOT NULL, bt INTEGER NOT NULL, breaks TEXT);
CREATE TABLE event (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, type INTEGER NOT NULL, source INTEGER NOT NULL);
CREATE TABLE ledger_fault (bt INTEGER PRIMARY KEY, breaks TEXT NOT NULL, at INTEGER NOT NULL, posted_at INTEGER,
    delta INTEGER NOT NULL);
CREATE TABLE ledger_extra (n INTEGER PRIMARY KEY, posted_at INTEGER NOT NULL, customer INTEGER NOT NULL,
    amount INTEGER NOT NULL, fee INTEGER NOT NULL, currency TEXT NOT NULL);
CREATE TABLE restatement (at INTEGER NOT NULL, bt INTEGER NOT NULL, PRIMARY KEY (at, bt)) WITHOUT ROWID;
CREATE TABLE bank_line (n INTEGER PRIMARY KEY, iban TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
    amount INTEGER NOT NULL, ref TEXT NOT NULL, party TEXT NOT NULL, end_to_end TEXT, text TEXT NOT NULL,
    payouts BLOB NOT NULL);
CREATE TABLE statement (iban TEXT NOT NULL, day TEXT NOT NULL, sequence INTEGER NOT NULL, opening INTEGER NOT NULL,
    closing INTEGER NOT NULL, PRIMARY KEY (iban, day)) WITHOUT ROWID;
CREATE TABLE webhook_endpoint (n INTEGER PRIMARY KEY, created INTEGER NOT NULL, url TEXT NOT NULL,
    secret TEXT NOT NULL, events BLOB NOT NULL, metadata BLOB);
CREATE TABLE webhook_retry (event INTEGER NOT NULL, endpoint INTEGER NOT NULL, attempts INTEGER NOT NULL,
    due REAL NOT NULL, PRIMARY KEY (event, endpoint)) WITHOUT ROWID;
CREATE TABLE idempotency (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    body BLOB NOT NULL) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX customer_created ON customer (created);
CREATE INDEX subscription_created ON subscription (created);
CREATE INDEX subscription_customer ON subscription (customer, created);
CREATE INDEX subscription_anchor ON subscription (anchor);
CREATE INDEX invoice_created ON invoice (created);
CREATE INDEX invoice_customer ON invoice (customer, created);
CREATE INDEX invoice_subscription ON invoice (subscription, created);
CREATE INDEX intent_created ON intent (created);
CREATE INDEX intent_customer ON intent (customer, created);
CREATE INDEX charge_created ON charge (created);
CREATE INDEX charge_customer ON charge (customer, created);
CREATE INDEX charge_intent ON charge (intent, created);
CREATE INDEX refund_created ON refund (created);
CREATE INDEX refund_charge ON refund (charge);
CREATE INDEX dispute_created ON dispute (created);
CREATE INDEX dispute_charge ON dispute (charge);
CREATE INDEX bt_created ON bt (created);
CREATE INDEX bt_payout ON bt (payout, created) WHERE payout IS NOT NULL;
CREATE INDEX bt_unpaid ON bt (available_on) WHERE payout IS NULL;
CREATE INDEX payout_created ON payout (created);
CREATE INDEX event_created ON event (created);
CREATE INDEX ledger_fault_posted ON ledger_fault (posted_at) WHERE posted_at IS NOT NULL;
CREATE INDEX ledger_extra_posted ON ledger_extra (posted_at);
CREATE INDEX bank_line_day ON bank_line (iban, day);
"""
COUNTED = (
    "customer", "subscription", "invoice", "intent", "charge", "refund", "dispute", "bt", "payout", "event",
    "ledger_extra", "bank_line", "webhook_endpoint",
)  # fmt: skip


class Store:
    """One entity's world. Safe for several processes: WAL, and every writer takes the write lock first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "temp_store=MEMORY"):
            self.connection.execute(f"PRAGMA {pragma}")

    @classmethod
    def create(cls, path: Path) -> Store:
        """A new, empty world in place of whatever stood there."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        store = cls(path)
        store.connection.executescript(_SCHEMA + _INDEXES)
        return store

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A write transaction; nested blocks join the outer one."""
        if self.connection.in_transaction:
            yield self.connection
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self.connection.execute(query, values).fetchall()

    def each(self, query: str, *values: Any) -> Iterator[sqlite3.Row]:
        """Rows one by one, for results that must not stand in memory at once."""
        return iter(self.connection.execute(query, values))

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        return self.connection.execute(query, values).fetchone()

    def scalar(self, query: str, *values: Any) -> Any:
        row = self.one(query, *values)
        return row[0] if row else None

    def get(self, table: str, number: int) -> sqlite3.Row | None:
        """The row with this number; numbers beyond what SQLite holds are simply not there."""
        if number >= 2**63:
            return None
        return self.one(f"SELECT * FROM {table} WHERE n = ?", number)  # noqa: S608 - tables are ours

    def meta(self, key: str, default: Any = None) -> Any:
        value = self.scalar("SELECT value FROM meta WHERE key = ?", key)
        return default if value is None else orjson.loads(value)

    def remember(self, key: str, value: Any) -> None:
        self.connection.execute("REPLACE INTO meta VALUES (?, ?)", (key, orjson.dumps(value)))

    def last_numbers(self) -> dict[str, int]:
        """The highest row number of each table, 0 for an empty one."""
        return {
            table: self.scalar(f"SELECT max(n) FROM {table}") or 0  # noqa: S608 - tables are ours
            for table in COUNTED
        }
