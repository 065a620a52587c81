"""Words of the books, and the mapping that reads a ledger's files."""

from __future__ import annotations

import uuid
from enum import StrEnum
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


# What bookkeeping programs call their columns, in small letters; the likelier name first.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "entry_id": ("id", "entry", "buchungsnummer", "belegnummer"),
    "posted_at": ("date", "datum", "buchungsdatum", "buchungstag", "created", "timestamp"),
    "reference": ("stripe_id", "source", "source_id", "referenz", "transaction_id", "charge"),
    "type": ("kind", "art", "reporting_category", "category", "vorgang"),
    "amount": ("gross", "betrag", "brutto", "amount_gross"),
    "currency": ("ccy", "waehrung", "währung"),
    "fee": ("fees", "gebühr", "gebuehr"),
    "status": ("state",),
    "customer": ("customer_id", "kunde", "debitor"),
    "invoice": ("invoice_id", "rechnung", "rechnungsnummer"),
    "payout": ("payout_id", "auszahlung"),
}


class Expectation(StrEnum):
    """For which days a ledger has to deliver before they may be signed off."""

    EVERY_DAY = "every_day"
    WEEKDAYS = "weekdays"
    NOTHING = "nothing"


class GapKind(StrEnum):
    """Why a day of a ledger is not whole: nothing was delivered for it, not yet, or rows of it were rejected."""

    MISSING = "missing"
    AWAITED = "awaited"
    REJECTED = "rejected"


class DayState(StrEnum):
    """What a ledger's deliveries say of a day; `rest` is a day that needs none."""

    BEFORE = "before"
    PROVEN = "proven"
    REST = "rest"
    GAP = "gap"
    AWAITED = "awaited"
    AHEAD = "ahead"


class ImportParams(BaseModel):
    """Takes every ledger file that waits in the entity's inbox."""

    entity_id: uuid.UUID


class PullParams(BaseModel):
    """Asks one SQL source for its rows."""

    entity_id: uuid.UUID
    source_id: uuid.UUID


PULL = RunKind("books.pull", PullParams, Permission.BOOKS_IMPORT, priority=50, transaction_seconds=3600)
IMPORT = RunKind("books.import", ImportParams, Permission.BOOKS_IMPORT, priority=50, transaction_seconds=3600)


class VoucherParams(BaseModel):
    """Asks an entity's bookkeeping service for what changed."""

    entity_id: uuid.UUID


SYNC_VOUCHERS = RunKind("books.vouchers", VoucherParams, Permission.BOOKS_IMPORT, priority=60)


class RefreshParams(BaseModel):
    """Asks every source that is asked: ledgers with a query, connected bookkeeping."""


REFRESH = RunKind("books.refresh", RefreshParams, Permission.BOOKS_IMPORT, priority=60, timeout_seconds=300)
