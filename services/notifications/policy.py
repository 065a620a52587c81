"""When a letter is tried again, and what is one letter too many. Pure rules."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from services.core.errors import Invalid
from services.notifications.vocabulary import CHAT_MARK, Attachment, Channel, Letter, LetterState

MAX_ATTEMPTS = 8
CLAIM_SECONDS = 120.0  # a delivery that was not settled by then is tried again
KEPT_DAYS = 30
LARGEST_ATTACHMENTS = 3 << 20
"""Bytes of a letter's files together: as mail they grow by a third, and many mail servers refuse more than 10 MB."""
_FIRST_PAUSE, _LONGEST_PAUSE = 15.0, 3600.0
_ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,190}")
_FILE_NAME = re.compile(r"[\w][\w. -]{0,99}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_CHANNEL = re.compile(r"#[a-z][a-z0-9-]{0,40}")

TRANSITIONS: dict[LetterState, frozenset[LetterState]] = {
    LetterState.QUEUED: frozenset({LetterState.SENT, LetterState.DEAD, LetterState.SKIPPED}),
    LetterState.DEAD: frozenset({LetterState.QUEUED}),
    LetterState.SKIPPED: frozenset({LetterState.QUEUED}),
    LetterState.SENT: frozenset(),
}


def pause_after(attempts: int) -> dt.timedelta:
    """15 s after the first failure, doubled each time, at most an hour."""
    return dt.timedelta(seconds=min(_FIRST_PAUSE * 2 ** (attempts - 1), _LONGEST_PAUSE))


def channel_of(recipient: str) -> Channel:
    """`ada@example.com` goes by mail, `#approvals` to the chat channel of that name. Raises Invalid for neither."""
    if recipient.startswith(CHAT_MARK) and _CHANNEL.fullmatch(recipient):
        return Channel.CHAT
    if _ADDRESS.fullmatch(recipient):
        return Channel.MAIL
    raise Invalid("A letter goes to a mail address or to a chat channel such as #approvals.")


def check_letter(letter: Letter) -> None:
    """Raises Invalid for a subject that is none: empty, too long, or with line breaks that would forge headers."""
    if not 1 <= len(letter.subject) <= 200 or not letter.subject.isprintable():
        raise Invalid("A subject takes one line of 1 to 200 characters.")


def check_attachments(attachments: Sequence[Attachment]) -> None:
    """Raises Invalid for files that are empty, too large together, or whose name or type would forge headers."""
    sizes = [len(one.content) for one in attachments]
    if sum(sizes) > LARGEST_ATTACHMENTS or not all(sizes):
        raise Invalid(f"The files of a letter hold 1 to {LARGEST_ATTACHMENTS >> 20} MB together.")
    if not all(_FILE_NAME.fullmatch(one.name) and _MEDIA_TYPE.fullmatch(one.media_type) for one in attachments):
        raise Invalid("A file goes by a plain name and a media type.")
