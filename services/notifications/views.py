"""What leaves notifications."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from services.notifications.vocabulary import Attachment, Channel, Letter, LetterState


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter that this process has taken on to deliver. Neither its text nor its address is ever logged."""

    id: uuid.UUID
    channel: Channel
    recipient: str = field(repr=False)
    letter: Letter = field(repr=False)
    attempts: int
    created_at: dt.datetime
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class LetterView:
    """A letter of the outbox without its text."""

    id: uuid.UUID
    created_at: dt.datetime
    channel: Channel
    recipient: str
    subject: str
    purpose: str
    state: LetterState
    attempts: int
    next_attempt_at: dt.datetime | None
    settled_at: dt.datetime | None
    error: str | None
    resendable: bool


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Letters newest first, with the cursors of the neighbouring pages."""

    letters: tuple[LetterView, ...]
    newer: uuid.UUID | None
    older: uuid.UUID | None
