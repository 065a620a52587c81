"""What leaves the books."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from services.books.vocabulary import Mapping
from services.core.incoming import FileView


@dataclass(frozen=True, slots=True)
class LedgerSourceView:
    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    name: str
    mapping_version: int
    mapping: Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFileView(FileView):
    """A ledger file and its report: rows read = new + changed + unchanged + rejected."""

    source_id: uuid.UUID
    mapping_version: int
    rows_changed: int
