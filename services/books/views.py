"""What leaves the books."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from services.books.vocabulary import Mapping
from services.core.inbox import FileOrigin, FileStatus


@dataclass(frozen=True, slots=True)
class LedgerSourceView:
    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    name: str
    mapping_version: int
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class LedgerRejectionView:
    """A row that was not taken: its line in the file, why, and how it reads."""

    line: int
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class LedgerFileView:
    """A file and its report: rows read = new + changed + unchanged + rejected. `known`: it was taken before."""

    id: uuid.UUID
    entity_id: uuid.UUID
    source_id: uuid.UUID
    mapping_version: int
    name: str
    sha256: str
    size_bytes: int
    origin: FileOrigin
    status: FileStatus
    problem: str | None
    rows_read: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    rows_rejected: int
    imported_by: str
    imported_at: dt.datetime
    known: bool = False
