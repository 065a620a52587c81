"""Words of the bank."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from services.core.delimited import ColumnMapping
from services.core.permissions import Permission
from services.runs import RunKind


class LineStatus(StrEnum):
    """A booked line, one that takes an earlier one back, or a collection that came back with a reason."""

    BOOKED = "booked"
    REVERSED = "reversed"
    RETURNED = "returned"


class StatementFormat(StrEnum):
    """Where a statement comes from. CAMT.054 notes carry details of lines and never lines of their own."""

    CAMT_053 = "camt.053"
    CAMT_054 = "camt.054"
    MT940 = "mt940"
    CSV = "csv"


class StatementProblem(StrEnum):
    """Why a statement proves nothing about its days."""

    NO_OPENING = "no_opening"
    NO_CLOSING = "no_closing"
    DIFFERENCE = "difference"


class GapKind(StrEnum):
    """Why the chain of an account's statements is broken between two of them, or ends too early."""

    SEQUENCE = "sequence"
    BALANCE = "balance"
    UNBALANCED = "unbalanced"
    DUPLICATE = "duplicate"
    PAGE = "page"
    AWAITED = "awaited"


class DayState(StrEnum):
    """What an account's statements say of a day; `rest` is a day that needs none."""

    BEFORE = "before"
    PROVEN = "proven"
    REST = "rest"
    GAP = "gap"
    AWAITED = "awaited"
    AHEAD = "ahead"


class CsvMapping(ColumnMapping):
    """How a bank's CSV export is read. The amount stands in one signed column, in one with a `sign` beside it
    (`-`, `D` or `S` takes away), or in `credit` and `debit`. `balance` is the balance after the row."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("booked_on",)
    OPTIONAL: ClassVar[tuple[str, ...]] = (
        "amount",
        "sign",
        "credit",
        "debit",
        "balance",
        "currency",
        "value_on",
        "reference",
        "counterparty",
        "counterparty_iban",
        "remittance",
        "end_to_end_id",
        "mandate_id",
        "code",
        "status",
    )

    delimiter: Literal[",", ";", "\t", "|"] = ";"
    decimal_mark: Literal[".", ","] = ","
    date_format: str = Field(default="%d.%m.%Y", min_length=2, max_length=40)

    @model_validator(mode="after")
    def _has_an_amount(self) -> CsvMapping:
        if not (self.columns.keys() | self.fixed.keys()) & {"amount", "credit", "debit"}:
            raise ValueError("a column is needed for amount, or for credit and debit")
        return self


# What banks call their columns, in small letters; the likelier name first.
CSV_NAMES: dict[str, tuple[str, ...]] = {
    "booked_on": ("buchungstag", "buchungsdatum", "booking date", "date", "datum", "buchung"),
    "value_on": ("valutadatum", "wertstellung", "valuta", "wert", "value date"),
    "amount": ("betrag", "amount", "umsatz", "betrag (eur)", "betrag (€)", "umsatz in eur"),
    "credit": ("gutschrift", "haben", "credit"),
    "debit": ("belastung", "lastschrift", "soll", "debit"),
    "sign": ("soll/haben", "s/h", "soll/haben-kennzeichen"),
    "currency": ("waehrung", "währung", "ccy"),
    "balance": ("saldo", "saldo nach buchung", "kontostand"),
    "counterparty": (
        "beguenstigter/zahlungspflichtiger",
        "begünstigter/zahlungspflichtiger",
        "name zahlungsbeteiligter",
        "auftraggeber/empfänger",
        "zahlungspflichtige*r",
        "empfänger",
        "name",
        "description",
    ),
    "counterparty_iban": ("kontonummer/iban", "iban zahlungsbeteiligter", "iban"),
    "remittance": ("verwendungszweck", "buchungstext", "zahlungszweck", "purpose", "text"),
    "reference": ("bankreferenz", "transaction id", "umsatz-id"),
    "end_to_end_id": ("kundenreferenz (end-to-end)", "ende-zu-ende-referenz", "end-to-end id"),
    "mandate_id": ("mandatsreferenz",),
}

DEFAULT_PROVIDER_PATTERN = "STRIPE"


class ImportParams(BaseModel):
    """Takes every bank file that waits in the entity's inbox."""

    entity_id: uuid.UUID


class ScanParams(BaseModel):
    """Looks at every inbox, of bank and books, and starts an import where files wait."""


IMPORT = RunKind("bank.import", ImportParams, Permission.BANK_IMPORT, priority=50)
SCAN = RunKind("files.scan", ScanParams, Permission.BANK_IMPORT, priority=50, timeout_seconds=300)
