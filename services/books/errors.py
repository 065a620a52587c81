"""Refusals of the books."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound


class InvalidMapping(Invalid):
    """The mapping cannot be used; the sentence names each wrong field."""

    code = "books.mapping.invalid"


class NoSuchLedgerRecord(NotFound):
    """No such ledger or file in the entities the reader may see."""

    code = "books.not_found"


class InvalidSource(Invalid):
    """The ledger's settings cannot be used."""

    code = "books.source.invalid"


class StaleSource(Conflict):
    """Somebody else changed the ledger's settings meanwhile."""

    code = "books.source.stale"


class InvalidDelivery(Invalid):
    """The request is no delivery; the sentence says what is taken."""

    code = "books.delivery.invalid"
