"""What leaves the books."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from services.books.vocabulary import DayState, Expectation, GapKind, Mapping
from services.core.incoming import FileView


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
