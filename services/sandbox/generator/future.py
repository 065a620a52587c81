"""Taking back what was planned and has not happened yet, when the merchant acts first.

Nothing within two days of now is in a payout yet, except a refund or a lost dispute that is already being
deducted; such a one stays.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from services.sandbox.store import Store
from services.sandbox.vocabulary import EVENT_NUMBER, EVENTS


def forget_aftermath(store: Store, now: int, charge: int) -> None:
    """Drops the refunds and disputes of a charge that would come later."""
    for table, event in (("refund", "re"), ("dispute", "dp")):
        query = f"SELECT * FROM {table} WHERE charge = ? AND created > ?"  # noqa: S608 - tables are ours
        for row in store.all(query, charge, now):
            numbers = [row["bt"], row["back_bt"] if table == "dispute" else None]
            if _drop_movements(store, numbers):
                store.connection.execute(f"DELETE FROM {table} WHERE n = ?", (row["n"],))  # noqa: S608
                _drop_events(store, now, event, row["n"])


def forget_attempts(store: Store, now: int, invoice: sqlite3.Row) -> None:
    """Drops every later attempt to collect an invoice, and that it would be given up."""
    query = "SELECT * FROM charge WHERE intent = ? AND created > ?"
    for row in store.all(query, invoice["intent"], now):
        forget_aftermath(store, now, row["n"])
        _drop_movements(store, [row["bt"], row["fail_bt"]])
        store.connection.execute("DELETE FROM charge WHERE n = ?", (row["n"],))
        _drop_events(store, now, "ch", row["n"])
    _drop_events(store, now, "pi", invoice["intent"])
    _drop_events(store, now, "in", invoice["n"])
    if invoice["closed_at"] is not None:
        store.connection.execute(
            "UPDATE subscription SET ended_at = NULL WHERE n = ? AND ended_at = ? AND ended_at > ?",
            (invoice["subscription"], invoice["closed_at"], now),
        )


def pull_forward(store: Store, now: int, invoice: sqlite3.Row) -> int | None:
    """Lets a later card payment of the invoice, if one is planned, happen now; returns its charge."""
    query = "SELECT * FROM charge WHERE intent = ? AND created > ? AND method = 0 AND code IS NULL"
    charge = store.one(query, invoice["intent"], now)
    if charge is None:
        return None
    store.connection.execute("UPDATE charge SET intent = -intent WHERE n = ?", (charge["n"],))
    forget_attempts(store, now, invoice)
    store.connection.execute("UPDATE charge SET intent = -intent, created = ? WHERE n = ?", (now, charge["n"]))
    store.connection.execute("UPDATE bt SET created = ? WHERE n = ?", (now, charge["bt"]))
    store.connection.execute(
        "DELETE FROM event WHERE created > ? AND source = ? AND type = ?",
        (now, charge["n"], EVENT_NUMBER["charge.succeeded"]),
    )
    return charge["n"]


def _drop_movements(store: Store, numbers: Iterable[int | None]) -> bool:
    """Deletes balance transactions unless one of them is in a payout already; says whether it did."""
    wanted = [number for number in numbers if number is not None]
    rows = [store.get("bt", number) for number in wanted]
    if any(row is not None and row["payout"] is not None for row in rows):
        return False
    for number in wanted:
        store.connection.execute("DELETE FROM bt WHERE n = ?", (number,))
        store.connection.execute("DELETE FROM ledger_fault WHERE bt = ?", (number,))
        store.connection.execute("DELETE FROM restatement WHERE bt = ?", (number,))
    return True


def _drop_events(store: Store, now: int, prefix: str, source: int) -> None:
    types = [number for number, (_, kind) in enumerate(EVENTS) if kind == prefix]
    marks = ",".join("?" * len(types))
    store.connection.execute(
        f"DELETE FROM event WHERE created > ? AND source = ? AND type IN ({marks})",  # noqa: S608 - only marks
        (now, source, *types),
    )
