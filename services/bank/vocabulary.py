"""Words of the bank."""

from __future__ import annotations

from enum import StrEnum


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
