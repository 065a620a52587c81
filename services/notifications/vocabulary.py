"""Words of notifications: channels, states, what a letter says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

OUTBOX_CHANNEL = "kontor_outbox"  # NOTIFY: a letter waits
CHAT_MARK = "#"


class Channel(StrEnum):
    MAIL = "mail"
    CHAT = "chat"


class LetterState(StrEnum):
    """`skipped`: nobody set up the way it should have gone. `dead`: given up; a person may send it again."""

    QUEUED = "queued"
    SENT = "sent"
    DEAD = "dead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; a chat message goes without."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said, once for mail and chat. `paragraphs` are plain sentences, `facts` names with values.

    `action` is the one thing to do: its label and a path of the console (`/approvals/…`) or a whole address.
    """

    subject: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    action: tuple[str, str] | None = None
    locale: str = "en"
