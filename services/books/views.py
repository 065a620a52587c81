"""What leaves the books."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import NamedTuple

from services.books.vocabulary import DayState, Expectation, GapKind, Mapping
from services.core.errors import Invalid
from services.core.incoming import FileView
from services.core.money import Money


@dataclass(frozen=True, slots=True)
class LedgerSourceView:
    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    name: str
    mapping_version: int
    mapping: Mapping
    expects: Expectation
    opened_on: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFileView(FileView):
    """A ledger file and its report: rows read = new + changed + unchanged + rejected."""

    source_id: uuid.UUID
    mapping_version: int
    rows_changed: int


@dataclass(frozen=True, slots=True)
class LedgerGap:
    """A stretch of days of a ledger that are not whole."""

    source: LedgerSourceView
    kind: GapKind
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class LedgerDayView:
    """One day of a ledger's calendar, and the newest file that speaks for it."""

    day: dt.date
    state: DayState
    file_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class LedgerQueryView:
    """A ledger's query; `timeout_seconds` and `row_cap` bound what it may cost."""

    source_id: uuid.UUID
    database: str
    statement: str
    timeout_seconds: int
    row_cap: int
    version: int
    changed_by: str
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class VoucherView:
    """A bookkeeping voucher; `open` is what is still to be paid, None where the service does not say."""

    id: uuid.UUID
    entity_id: uuid.UUID
    provider: str
    external_id: str
    kind: str
    status: str
    number: str
    voucher_on: dt.date
    due_on: dt.date | None
    contact: str | None
    total: Money
    open: Money | None
    archived: bool


@dataclass(frozen=True, slots=True)
class VoucherSyncView:
    entity_id: uuid.UUID
    provider: str
    synced_through: dt.date
    synced_at: dt.datetime


class VoucherMark(NamedTuple):
    """A place in the list of vouchers, newest first: the one it stands at."""

    day: dt.date
    id: uuid.UUID

    @classmethod
    def parse(cls, text: str) -> VoucherMark:
        """Raises Invalid for anything but what `str` of a mark gives."""
        day, _, identifier = text.partition("|")
        try:
            return cls(dt.date.fromisoformat(day), uuid.UUID(identifier))
        except ValueError:
            raise Invalid("This page of the list does not exist; start again from its first one.") from None

    def __str__(self) -> str:
        return f"{self.day.isoformat()}|{self.id}"
