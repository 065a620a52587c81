"""What leaves the bank."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.bank.vocabulary import CsvMapping, DayState, GapKind, LineStatus, StatementFormat, StatementProblem
from services.core.errors import Invalid
from services.core.incoming import FileView


@dataclass(frozen=True, slots=True)
class BankAccountView:
    id: uuid.UUID
    entity_id: uuid.UUID
    iban: str
    currency: str
    name: str
    bic: str | None
    provider_pattern: str
    version: int
    csv_mapping: CsvMapping | None
    closed_on: dt.date | None


@dataclass(frozen=True, slots=True)
class StatementReport:
    """What one file said of one statement; amounts in minor units of `currency`.

    `difference_minor` is opening + lines - closing, None when a balance is missing; anything but 0 makes the
    statement's days unusable for a sign-off.
    """

    iban: str
    currency: str
    reference: str
    page: int
    sequence: int | None
    first_day: dt.date
    last_day: dt.date
    opening_minor: int | None
    closing_minor: int | None
    difference_minor: int | None
    rows_new: int
    rows_unchanged: int
    problem: StatementProblem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFileView(FileView):
    """A bank file and its report: rows read = new + unchanged + rejected."""

    statements: tuple[StatementReport, ...]


@dataclass(frozen=True, slots=True)
class GapView:
    """A hole in an account's statements: the days it concerns, how many statements are missing (where the
    sequence tells), and by how much the balances on both sides differ (minor units)."""

    kind: GapKind
    first_day: dt.date
    last_day: dt.date
    missing: int | None
    difference_minor: int | None


@dataclass(frozen=True, slots=True)
class StatementView:
    id: uuid.UUID
    file_id: uuid.UUID
    reference: str
    page: int
    sequence: int | None
    first_day: dt.date
    last_day: dt.date
    opening_minor: int | None
    closing_minor: int | None
    lines_minor: int
    line_count: int
    complete: bool
    problem: StatementProblem | None
    format: StatementFormat


class LineMark(NamedTuple):
    """A place among the lines of a statement, in the order of the file: the line it stands at."""

    file_line: int
    id: uuid.UUID

    @classmethod
    def parse(cls, text: str) -> LineMark:
        """Raises Invalid for anything but what `str` of a mark gives."""
        line, _, identifier = text.partition("|")
        try:
            return cls(int(line), uuid.UUID(identifier))
        except ValueError:
            raise Invalid("This page of the list does not exist; start again from its first one.") from None

    def __str__(self) -> str:
        return f"{self.file_line}|{self.id}"


@dataclass(frozen=True, slots=True)
class LineView:
    """A booked line. On a return the amount includes the charges, and `original_minor` is what had been collected.

    `records` counts those of a collective booking that the bank lists; `batch_count` is how many it says there are.
    `of_provider` says whether the line takes part in the reconciliation of payouts.
    """

    id: uuid.UUID
    file_line: int
    ext_key: str
    bank_reference: str | None
    amount_minor: int
    currency: str
    charges_minor: int | None
    original_minor: int | None
    original_currency: str | None
    booked_on: dt.date
    value_on: dt.date | None
    status: LineStatus
    return_reason: str | None
    transaction_code: str | None
    end_to_end_id: str | None
    mandate_id: str | None
    remittance: str | None
    counterparty: str | None
    counterparty_iban: str | None
    batch_reference: str | None
    batch_count: int | None
    records: int
    of_provider: bool


@dataclass(frozen=True, slots=True)
class LineSheet:
    """A page of a statement's lines; `older` is the mark from which it goes on."""

    account: BankAccountView
    statement: StatementView
    lines: tuple[LineView, ...]
    older: LineMark | None


@dataclass(frozen=True, slots=True)
class LineRecords:
    """The first records of one line, as the bank gives them."""

    line: LineView
    records: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class CompletenessView:
    """Whether an account's statements prove every day up to and including `through`.

    `covered_through` is the last day before the first hole (None: nothing is proven). `complete` holds when
    there is no hole up to `through`; weekends after the last statement need none.
    """

    account: BankAccountView
    through: dt.date
    statements: int
    first_day: dt.date | None
    last_day: dt.date | None
    covered_through: dt.date | None
    complete: bool
    gaps: tuple[GapView, ...]


@dataclass(frozen=True, slots=True)
class AccountGap:
    """A hole of one account."""

    account: BankAccountView
    gap: GapView


@dataclass(frozen=True, slots=True)
class DayView:
    """One day of an account's calendar, and the statement that speaks of it."""

    day: dt.date
    state: DayState
    statement_id: uuid.UUID | None
    file_id: uuid.UUID | None
