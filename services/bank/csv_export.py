"""A bank's CSV export of one account, by the account's mapping. Each booking day becomes a statement of its own, so
that exports of overlapping periods agree on what a statement is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby, pairwise

from services.bank.errors import RejectedRow
from services.bank.statement import ParsedDocument, ParsedEntry, ParsedStatement, Rejection
from services.bank.vocabulary import CsvMapping, StatementFormat
from services.core.delimited import FieldReader, RejectedLine, read_rows
from services.core.money import exponent


@dataclass(frozen=True, slots=True)
class CsvLine:
    """A row of an export; `balance_minor` is the balance after it, None where the export has none."""

    line: int
    entry: ParsedEntry
    balance_minor: int | None


def read_document(data: bytes, mapping: CsvMapping, *, iban: str, currency: str, zone: str) -> ParsedDocument:
    """The days of the export as statements of the account. Raises UnreadableFile when it does not fit the mapping.

    With a balance column a day proves itself: its opening is the first balance less the first amount.
    """
    found = ParsedDocument()
    lines: list[CsvLine] = []
    for item in read_rows(data, mapping, zone=zone, row=CsvLineReader(currency)):
        found.rows_read += 1
        if isinstance(item, RejectedLine):
            found.rejections.append(Rejection(item.line, item.reason, item.excerpt))
        else:
            lines.append(item)
    if any(before.entry.booked_on > after.entry.booked_on for before, after in pairwise(lines)):
        lines.reverse()  # newest first, as most portals export
    lines.sort(key=lambda line: line.entry.booked_on)
    for day, rows in groupby(lines, key=lambda line: line.entry.booked_on):
        found.statements.append(_statement(day, list(rows), iban, currency))
    return found


class CsvLineReader:
    """Reads rows of an account in `currency`."""

    def __init__(self, currency: str) -> None:
        self._currency, self._digits = currency, exponent(currency)

    def __call__(self, reader: FieldReader, line: int, fields: list[str]) -> CsvLine:
        """Raises RejectedRow with what is wrong with the row."""
        status = reader.text("status", fields)
        if status not in (None, "BOOK"):
            raise RejectedRow("not_booked", status=status[:10])
        given = reader.text("currency", fields) or self._currency
        if given.upper() != self._currency:
            raise RejectedRow("currency_differs", given=given[:10], currency=self._currency)
        balance, value_on = reader.text("balance", fields), reader.text("value_on", fields)
        booked_at = reader.instant(reader.needed("booked_on", fields))
        entry = ParsedEntry(
            line=line,
            amount_minor=self._amount(reader, fields),
            booked_on=booked_at.date(),
            booked_at=None,
            value_on=reader.instant(value_on).date() if value_on else None,
            reversal=False,
            bank_reference=reader.text("reference", fields),
            transaction_code=reader.text("code", fields),
            return_reason=None,
            charges_minor=None,
            original_minor=None,
            original_currency=None,
            end_to_end_id=reader.text("end_to_end_id", fields),
            mandate_id=reader.text("mandate_id", fields),
            remittance=reader.text("remittance", fields, longest=2000),
            counterparty=reader.text("counterparty", fields),
            counterparty_iban=(reader.text("counterparty_iban", fields) or "").replace(" ", "") or None,
            batch_reference=None,
            batch_count=None,
            details=(),
        )
        return CsvLine(line, entry, reader.amount(balance, self._digits) if balance else None)

    def _amount(self, reader: FieldReader, fields: list[str]) -> int:
        """One signed column, one with a sign beside it, or one for each direction."""
        credit, debit = reader.text("credit", fields), reader.text("debit", fields)
        if credit:
            return abs(reader.amount(credit, self._digits))
        if debit:
            return -abs(reader.amount(debit, self._digits))
        amount = reader.amount(reader.needed("amount", fields), self._digits)
        return -amount if reader.text("sign", fields) in {"-", "D", "S"} else amount


def shown(line: CsvLine) -> dict[str, str]:
    """The row as the editor shows what it becomes; amounts in minor units."""
    entry = line.entry
    written = {
        "booked_on": entry.booked_on.isoformat(),
        "amount_minor": str(entry.amount_minor),
        "balance_minor": "" if line.balance_minor is None else str(line.balance_minor),
        "reference": entry.bank_reference or entry.end_to_end_id or "",
        "counterparty": entry.counterparty or "",
        "remittance": entry.remittance or "",
    }
    return {name: text for name, text in written.items() if text}


def _statement(day: dt.date, rows: list[CsvLine], iban: str, currency: str) -> ParsedStatement:
    first, last = rows[0], rows[-1]
    opening = None if first.balance_minor is None else first.balance_minor - first.entry.amount_minor
    return ParsedStatement(
        line=first.line,
        iban=iban,
        currency=currency,
        owner=None,
        bic=None,
        reference=f"CSV {day.isoformat()}",
        page=1,
        last_page=True,
        sequence=None,
        first_day=day,
        last_day=day,
        opening_minor=opening,
        closing_minor=last.balance_minor,
        entries=tuple(row.entry for row in rows),
        format=StatementFormat.CSV,
    )
