"""What the audit log refuses."""

from __future__ import annotations

from services.core.errors import Conflict, NotFound


class LogRewritten(Conflict):
    """The log does not continue what was signed before: nothing more is signed until people have looked."""

    code = "audit_log_rewritten"


class NotSealedYet(Conflict):
    """The entry was written a moment ago and has no place in the tree, or no checkpoint covers it yet."""

    code = "audit_entry_not_sealed"


class NoSuchEntry(NotFound):
    """The entry does not exist, or lies outside the reader's entities."""

    code = "audit_entry_not_found"
