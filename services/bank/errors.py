"""Refusals of the bank."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound
from services.core.reasons import RejectedRow, UnreadableFile

__all__ = [
    "AccountExists",
    "InvalidAccount",
    "InvalidCsvMapping",
    "NoSuchBankRecord",
    "RejectedRow",
    "StaleAccount",
    "UnreadableFile",
]


class NoSuchBankRecord(NotFound):
    """No such account, file or statement in the entities the reader may see."""

    code = "bank.not_found"


class StaleAccount(Conflict):
    """Somebody else changed the account meanwhile."""

    code = "bank.account.stale"


class InvalidAccount(Invalid):
    """The number is no account number."""

    code = "bank.account.invalid"


class AccountExists(Conflict):
    """The account was opened before."""

    code = "bank.account.exists"


class InvalidCsvMapping(Invalid):
    """The mapping cannot be used; the sentence names each wrong field."""

    code = "bank.mapping.invalid"
