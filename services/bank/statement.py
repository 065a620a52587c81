"""What every statement format is read into."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.bank.vocabulary import StatementFormat
from services.core.reasons import Reason


class ParsedEntry(NamedTuple):
    """A booked entry. `amount_minor` is signed, credit positive; on a return it includes the charges.

    `original_minor` and `charges_minor` are what the bank says the amount is made of, unsigned.
    `details` holds the records of a collective booking, as the bank gives them.
    """

    line: int
    amount_minor: int
    booked_on: dt.date
    booked_at: dt.datetime | None
    value_on: dt.date | None
    reversal: bool
    bank_reference: str | None
    transaction_code: str | None
    return_reason: str | None
    charges_minor: int | None
    original_minor: int | None
    original_currency: str | None
    end_to_end_id: str | None
    mandate_id: str | None
    remittance: str | None
    counterparty: str | None
    counterparty_iban: str | None
    batch_reference: str | None
    batch_count: int | None
    details: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """What cannot be taken: its line in the document, why, and how it reads. Not a row: a whole statement."""

    line: int
    reason: Reason
    excerpt: str = ""
    is_row: bool = True


@dataclass(frozen=True, slots=True)
class ParsedStatement:
    """A statement as the document says it; amounts in minor units of the account's currency, credit positive."""

    line: int
    iban: str
    currency: str
    owner: str | None
    bic: str | None
    reference: str
    page: int
    last_page: bool
    sequence: int | None
    first_day: dt.date
    last_day: dt.date
    opening_minor: int | None
    closing_minor: int | None
    entries: tuple[ParsedEntry, ...]
    format: StatementFormat = StatementFormat.CAMT_053


@dataclass(frozen=True, slots=True)
class ParsedNotice:
    """A CAMT.054: details of entries that a statement books (or will book). It proves nothing and adds no line."""

    line: int
    iban: str
    currency: str
    reference: str
    entries: tuple[ParsedEntry, ...]


@dataclass(slots=True)
class ParsedDocument:
    """What one document says: statements, notices with details, and what of it cannot be taken."""

    statements: list[ParsedStatement] = field(default_factory=list)
    notices: list[ParsedNotice] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    rows_read: int = 0
