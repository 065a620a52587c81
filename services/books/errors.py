"""Refusals of the books."""

from __future__ import annotations

from services.core.errors import Invalid, NotFound


class UnreadableLedger(Invalid):
    """The file does not fit its mapping at all; nothing of it was taken."""

    code = "books.file.unreadable"


class RejectedRow(Invalid):
    """One row cannot be taken; the others are."""

    code = "books.row.rejected"


class InvalidMapping(Invalid):
    """The mapping cannot be used; the sentence names each wrong field."""

    code = "books.mapping.invalid"


class NoSuchLedgerRecord(NotFound):
    """No such ledger or file in the entities the reader may see."""

    code = "books.not_found"
