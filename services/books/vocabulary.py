"""Words of the books, and the mapping that reads a ledger's files."""

from __future__ import annotations

import uuid
from typing import ClassVar

from pydantic import BaseModel, Field

from services.core.delimited import ColumnMapping
from services.core.permissions import Permission
from services.runs import RunKind

DEFAULT_SOURCE = "ledger"
REQUIRED = ("posted_at", "reference", "type", "amount", "currency")
OPTIONAL = ("entry_id", "fee", "status", "customer", "invoice", "payout")


class Mapping(ColumnMapping):
    """How a ledger's columns are read. The default fits the sandbox's ledger.

    Without an `entry_id` a row is known by reference and type.
    """

    REQUIRED: ClassVar[tuple[str, ...]] = REQUIRED
    OPTIONAL: ClassVar[tuple[str, ...]] = OPTIONAL

    columns: dict[str, str] = Field(default_factory=lambda: {name: name for name in (*REQUIRED, *OPTIONAL)})


class ImportParams(BaseModel):
    """Takes every ledger file that waits in the entity's inbox."""

    entity_id: uuid.UUID


IMPORT = RunKind("books.import", ImportParams, Permission.BOOKS_IMPORT, priority=50, transaction_seconds=3600)
