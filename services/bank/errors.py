"""Refusals of the bank."""

from __future__ import annotations

from services.core.errors import Conflict, NotFound
from services.core.reasons import Refused


class UnreadableFile(Refused):
    """The file, or a file inside a ZIP, is no bank statement that can be read; nothing of it was taken."""


class RejectedRow(Refused):
    """One row (or one statement) cannot be taken; the others are."""


class NoSuchBankRecord(NotFound):
    """No such account, file or statement in the entities the reader may see."""

    code = "bank.not_found"


class StaleAccount(Conflict):
    """Somebody else changed the account meanwhile."""

    code = "bank.account.stale"
