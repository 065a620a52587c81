"""From named columns to ledger rows by a mapping: CSV files, HTTP deliveries and rows of a query alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Entry
from pathlib import Path
from typing import Any, NamedTuple

from services.books.vocabulary import Mapping
from services.core.delimited import FieldReader, RejectedLine, excerpt_of, mapped_rows, read_rows
from services.core.reasons import RejectedRow


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


def entry_rows(entries: Iterable[Entry[str, Any]], *, zone: str) -> Iterator[LedgerRow | RejectedLine]:
    """The rows of an HTTP delivery, numbered from 1; its fields are named as the default mapping names them."""
    mapping = Mapping()
    head = list(mapping.columns)
    reader = FieldReader(mapping, head, zone)
    for line, entry in enumerate(entries, start=1):
        try:
            fields = _texts_of(entry, head)
            reader.check_shape(fields)
            yield ledger_row(reader, line, fields)
        except RejectedRow as refusal:
            yield RejectedLine(line, refusal.reason, excerpt_of(str(dict(entry))))


def query_rows(
    columns: list[str], rows: Iterable[tuple[Any, ...]], mapping: Mapping, *, zone: str
) -> Iterator[LedgerRow | RejectedLine]:
    """The rows of a query by the ledger's mapping, numbered from 1. Raises UnreadableFile for missing columns."""
    records = ((line, list(fields), excerpt_of(", ".join(fields))) for line, fields in texts_of(rows))
    return mapped_rows(columns, records, mapping, zone=zone, row=ledger_row)


def texts_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Numbered rows of a query as the texts a CSV file would hold."""
    for line, row in enumerate(rows, start=1):
        yield line, tuple("" if value is None else _plain(value) for value in row)


def shown(row: LedgerRow) -> dict[str, str]:
    """The row as the editor shows what it becomes; amounts in minor units."""
    written = {
        "booked_on": row.booked_on.isoformat(),
        "entry_key": row.entry_key,
        "amount_minor": str(row.amount_minor),
        "currency": row.currency,
        "fee_minor": "" if row.fee_minor is None else str(row.fee_minor),
        "status": row.status,
        "payout": row.payout or "",
    }
    return {name: text for name, text in written.items() if text}


def _texts_of(entry: Entry[str, Any], head: list[str]) -> list[str]:
    if unknown := sorted(set(entry) - set(head)):
        raise RejectedRow("field_unknown", field=", ".join(unknown))
    for field, value in entry.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
            raise RejectedRow("field_no_text", field=field)
    return ["" if entry.get(field) is None else str(entry[field]) for field in head]


def _plain(value: Any) -> str:
    """A database's value as the text a CSV file would hold."""
    return value.isoformat() if isinstance(value, dt.date) else str(value)


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
