"""Letters to people: mail and chat, by an outbox.

`send` writes a row in the caller's transaction, so nothing is said that was rolled back. A standing loop claims
what is due, hands it over (`PostOffice`) and records the outcome: tried again with growing pauses, given up after
eight attempts or a refusal for good. A letter may arrive twice when a process dies between handing over and
recording; its Message-ID stays the same.
"""

from services.notifications.about import Told, told_about
from services.notifications.delivery import Handover, PostOffice
from services.notifications.errors import LetterNotFound, NotResendable
from services.notifications.policy import LARGEST_ATTACHMENTS
from services.notifications.queries import count_letters, letters
from services.notifications.service import (
    claim_letters,
    forget_old,
    note_failed,
    note_sent,
    note_skipped,
    send,
    send_again,
)
from services.notifications.views import LetterPage, LetterView, Outgoing
from services.notifications.vocabulary import OUTBOX_CHANNEL, Attachment, Channel, Letter, LetterState

__all__ = [
    "LARGEST_ATTACHMENTS",
    "OUTBOX_CHANNEL",
    "Attachment",
    "Channel",
    "Handover",
    "Letter",
    "LetterNotFound",
    "LetterPage",
    "LetterState",
    "LetterView",
    "NotResendable",
    "Outgoing",
    "PostOffice",
    "Told",
    "claim_letters",
    "count_letters",
    "forget_old",
    "letters",
    "note_failed",
    "note_sent",
    "note_skipped",
    "send",
    "send_again",
    "told_about",
]
