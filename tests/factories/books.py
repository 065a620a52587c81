"""Ledger files for tests."""

from __future__ import annotations

from tests.factories.bank import on_disk

HEAD = "entry_id,posted_at,reference,type,customer,invoice,amount,fee,currency,status,payout"


def line(number: int, reference: str = "ch_1", **changes: str) -> str:
    """A row of the sandbox's ledger; keyword arguments replace its fields."""
    fields = {
        "entry_id": f"L{number}",
        "posted_at": "2026-03-16T10:00:00+01:00",
        "reference": reference,
        "type": "charge",
        "customer": "cus_1",
        "invoice": "in_1",
        "amount": "19.99",
        "fee": "0.59",
        "currency": "EUR",
        "status": "succeeded",
        "payout": "po_1",
    } | changes
    return ",".join(fields[name] for name in HEAD.split(","))


def ledger(*lines: str, head: str = HEAD, encoding: str = "utf-8", newline: str = "\n", name: str = "ledger.csv"):
    """A CSV file on disk as it came in."""
    return on_disk(newline.join([head, *lines, ""]).encode(encoding), name)
