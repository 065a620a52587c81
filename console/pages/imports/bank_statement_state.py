"""One statement with its lines, and the records of the line that is open."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components.table import PAGE_SIZE
from console.design.format import UNKNOWN, Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.imports.reading import StatementDetail, statement_detail
from console.pages.imports.rows import spaced_iban, statement_row
from services import bank
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission

_SHORT = 80


class BankStatement(ListState, rx.State):
    """Lines in the order of the file."""

    item: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    records: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    records_note: str = ""

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        query = self._query()
        wanted: Any = self._parameter("statement_id")
        found = await backend.load(
            self,
            statement_detail,
            statement_id=wanted,
            text=query.get("q", ""),
            after=query.get("after") or None,
            line_id=query.get("line") or None,  # pyright: ignore[reportArgumentType]
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        sheet = found.sheet
        self.item = _head(found, reader)
        self.rows = [line_row(line, wanted, reader) for line in sheet.lines]
        self._show_records(found.records, reader)
        self._listed(
            range_label=reader.text("statements.range", count=reader.number(len(self.rows))),
            older=str(sheet.older) if sheet.older else "",
        )

    def _show_records(self, found: bank.LineRecords | None, reader: Reader) -> None:
        self.records, self.records_note = [], ""
        if found is not None:
            self.records = [record_row(record, found.line.currency, reader) for record in found.records]
            shown, known = len(found.records), found.line.batch_count or found.line.records
            self.records_note = reader.text("statements.records_note", count=shown, all=reader.number(known))


def _head(found: StatementDetail, reader: Reader) -> dict[str, str]:
    sheet = found.sheet
    account = sheet.account
    return statement_row(sheet.statement, account.currency, reader) | {
        "entity": found.entity,
        "iban": f"{spaced_iban(account.iban)} {account.currency}",
        "account_href": routes.to(routes.BANK_ACCOUNT, account_id=account.id),
        "format": sheet.statement.format.value.upper(),
    }


def line_row(line: bank.LineView, statement_id: str, reader: Reader) -> dict[str, str]:
    """A line in words; the provider's lead to their match, collective bookings to their records."""
    text, who = line.remittance or line.end_to_end_id or UNKNOWN, line.counterparty or line.counterparty_iban or UNKNOWN
    count = line.batch_count or line.records
    return {
        "id": str(line.id),
        "who": who[:_SHORT],
        "who_full": " ".join(filter(None, (line.counterparty, line.counterparty_iban))),
        "match_href": routes.to(routes.RECONCILIATION_MATCHES, query={"q": line.ext_key}) if line.of_provider else "",
        "text": text[:_SHORT],
        "text_full": " · ".join(filter(None, (text, line.end_to_end_id, line.mandate_id, line.bank_reference))),
        "day": reader.date(line.booked_on),
        "status": line.status.value,
        "why": _why(line, reader),
        "records": reader.number(count) if count and count > 1 else UNKNOWN,
        "records_href": _records_of(line, statement_id) if line.records else "",
        "amount": reader.signed_amount(Money(line.amount_minor, line.currency)),
        "currency": line.currency,
    }


def _records_of(line: bank.LineView, statement_id: str) -> str:
    return routes.to(routes.BANK_STATEMENT, statement_id=statement_id, query={"line": str(line.id)}) + "#records"


def _why(line: bank.LineView, reader: Reader) -> str:
    """The code of a return's reason, what had been collected, and what the bank charged; empty where it says none."""
    said = [line.return_reason]
    if line.original_minor is not None:
        original = Money(line.original_minor, line.original_currency or line.currency)
        said.append(reader.text("statements.original", amount=reader.money(original)))
    if line.charges_minor is not None:
        said.append(reader.text("statements.charged", amount=reader.money(Money(line.charges_minor, line.currency))))
    return ", ".join(filter(None, said))


def record_row(record: Any, currency: str, reader: Reader) -> dict[str, str]:
    """One record of a collective booking; its amount stands as the bank wrote it."""
    code = record.get("currency") or currency
    return {
        "who": record.get("counterparty") or record.get("counterparty_iban") or UNKNOWN,
        "text": record.get("remittance") or UNKNOWN,
        "reference": record.get("end_to_end_id") or record.get("bank_reference") or UNKNOWN,
        "reason": record.get("return_reason") or UNKNOWN,
        "amount": _written(record.get("amount"), code, reader),
        "currency": code,
    }


def _written(amount: str | None, currency: str, reader: Reader) -> str:
    try:
        return reader.amount(Money.parse(amount or "", currency))
    except Invalid:
        return amount or UNKNOWN
