"""Words of the bank."""

from __future__ import annotations

import uuid
from enum import StrEnum

from pydantic import BaseModel

from services.core.permissions import Permission
from services.runs import RunKind


class LineStatus(StrEnum):
    """A booked line, one that takes an earlier one back, or a collection that came back with a reason."""

    BOOKED = "booked"
    REVERSED = "reversed"
    RETURNED = "returned"


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
    AWAITED = "awaited"


DEFAULT_PROVIDER_PATTERN = "STRIPE"


class ImportParams(BaseModel):
    """Takes every bank file that waits in the entity's inbox."""

    entity_id: uuid.UUID


class ScanParams(BaseModel):
    """Looks at every inbox, of bank and books, and starts an import where files wait."""


IMPORT = RunKind("bank.import", ImportParams, Permission.BANK_IMPORT, priority=50)
SCAN = RunKind("files.scan", ScanParams, Permission.BANK_IMPORT, priority=50, timeout_seconds=300)
