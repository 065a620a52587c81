"""From named columns to ledger rows by a mapping: CSV files, HTTP deliveries and rows of a query alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.books.vocabulary import Mapping
from services.core.delimited import FieldReader, RejectedLine, read_rows


class LedgerRow(NamedTuple):
    """One line of the books in the order of the load; amounts in minor units, `fee_minor` None when not given."""

    line: int
    entry_ref: str
    entry_key: str
    reference: str
    type: str
    amount_minor: int
    currency: str
    fee_minor: int | None
    status: str
    posted_at: dt.datetime
    booked_on: dt.date
    customer: str | None
    invoice: str | None
    payout: str | None


def read_ledger(path: Path, mapping: Mapping, *, entity_zone: str) -> Iterator[LedgerRow | RejectedLine]:
    """The rows of a CSV file, good and bad, in its order. Raises UnreadableFile when it does not fit the mapping."""
    return read_rows(path, mapping, zone=entity_zone, row=ledger_row)


def ledger_row(reader: FieldReader, line: int, fields: list[str]) -> LedgerRow:
    """Raises RejectedRow with what is wrong with the row."""
    reference, kind = reader.needed("reference", fields), reader.needed("type", fields)
    currency, digits = reader.currency(fields)
    fee = reader.text("fee", fields)
    posted_at = reader.instant(reader.needed("posted_at", fields))
    key = f"{reference}:{kind}"
    return LedgerRow(
        line,
        reader.text("entry_id", fields) or key,
        key,
        reference,
        kind,
        reader.amount(reader.needed("amount", fields), digits),
        currency,
        None if fee is None else reader.amount(fee, digits),
        reader.text("status", fields) or "",
        posted_at,
        posted_at.astimezone(reader.zone).date(),
        reader.text("customer", fields),
        reader.text("invoice", fields),
        reader.text("payout", fields),
    )
