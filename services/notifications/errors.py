"""Refusals of notifications."""

from __future__ import annotations

from services.core.errors import Conflict, NotFound


class LetterNotFound(NotFound):
    """No such letter in the outbox."""

    code = "letter_not_found"


class NotResendable(Conflict):
    """Only a letter that was given up or skipped can be sent again, and only while its text is still kept."""

    code = "letter_not_resendable"
