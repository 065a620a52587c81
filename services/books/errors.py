"""Refusals of the books."""

from __future__ import annotations

from services.core.errors import Invalid, NotFound


class InvalidMapping(Invalid):
    """The mapping cannot be used; the sentence names each wrong field."""

    code = "books.mapping.invalid"


class NoSuchLedgerRecord(NotFound):
    """No such ledger or file in the entities the reader may see."""

    code = "books.not_found"
