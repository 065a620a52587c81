"""Reading the books."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, String, cast, literal, select

from services.books.models import LedgerEntry, LedgerSource


def ledger_entries(after_seq: int = 0) -> Select[*tuple[Any, ...]]:
    """Lines of the books as reconciliation entries: one row per line, duplicates included (same `ext_key`).

    `ext_key` is `<reference>:<type>`, amounts gross and signed, fees positive, `origin` the file and line where
    the entry was first seen (stable). Only lines whose `changed_seq` is above `after_seq`.
    """
    origin = cast(LedgerEntry.file_id, String) + literal(":") + cast(LedgerEntry.line, String)
    return (
        select(
            LedgerEntry.entity_id.label("entity_id"),
            LedgerSource.code.label("account"),
            LedgerEntry.entry_key.label("ext_key"),
            LedgerEntry.amount_minor.label("amount_minor"),
            LedgerEntry.currency.label("currency"),
            LedgerEntry.fee_minor.label("fee_minor"),
            LedgerEntry.status.label("status"),
            LedgerEntry.posted_at.label("occurred_at"),
            LedgerEntry.booked_on.label("booked_on"),
            LedgerEntry.reference.label("reference"),
            LedgerEntry.payout.label("batch_ref"),
            origin.label("origin"),
            LedgerEntry.changed_seq.label("changed_seq"),
        )
        .join(LedgerSource, LedgerSource.id == LedgerEntry.source_id)
        .where(LedgerEntry.changed_seq > after_seq)
    )
