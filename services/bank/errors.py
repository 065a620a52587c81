"""Refusals of the bank."""

from __future__ import annotations

from services.core.errors import Conflict, NotFound
from services.core.reasons import RejectedRow, UnreadableFile

__all__ = ["NoSuchBankRecord", "RejectedRow", "StaleAccount", "UnreadableFile"]


class NoSuchBankRecord(NotFound):
    """No such account, file or statement in the entities the reader may see."""

    code = "bank.not_found"


class StaleAccount(Conflict):
    """Somebody else changed the account meanwhile."""

    code = "bank.account.stale"
