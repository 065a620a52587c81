"""Refusals of the bank."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound


class UnreadableFile(Invalid):
    """The file, or a file inside a ZIP, is no bank statement that can be read; nothing of it was taken."""

    code = "bank.file.unreadable"


class RejectedRow(Invalid):
    """One row (or one statement) cannot be taken; the others are."""

    code = "bank.row.rejected"


class NoSuchBankRecord(NotFound):
    """No such account, file or statement in the entities the reader may see."""

    code = "bank.not_found"


class StaleAccount(Conflict):
    """Somebody else changed the account meanwhile."""

    code = "bank.account.stale"
