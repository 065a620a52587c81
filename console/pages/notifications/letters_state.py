"""The outbox."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import PAGE_SIZE
from console.design.format import Reader
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from services import notifications
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.notifications import LetterState, LetterView


class OutgoingLetters(ListState, rx.State):
    """Letters newest first, without their texts."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    caught_at: str = ""

    @event(Permission.NOTIFICATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        state = query.get("state", "")
        if state and state not in set(LetterState):
            raise Invalid("This address does not hold a filter of letters; start again without it.")
        wanted: Any = {
            "states": [state] if state else [],
            "text": query.get("q", ""),
            "older_than": query.get("after"),
            "newer_than": query.get("before"),
            "limit": PAGE_SIZE,
        }
        page = await backend.load(self, notifications.letters, **wanted)
        self.rows = [_row(letter, reader) for letter in page.letters]
        self.caught_at = application.current().post.mailer.caught_page or ""
        self._listed(
            range_label=reader.text("notifications.range", count=reader.number(len(page.letters))),
            newer=str(page.newer or ""),
            older=str(page.older or ""),
        )

    @event(Permission.NOTIFICATION_SEND)
    async def send_again(self, letter_id: str) -> Any:
        wanted: Any = letter_id
        await backend.call(self, notifications.send_again, letter_id=wanted)
        reader = await self._reader()
        return [Notices.show("ok", reader.text("notifications.said_again")), OutgoingLetters.load]


def _row(letter: LetterView, reader: Reader) -> dict[str, str]:
    return {
        "id": str(letter.id),
        "recipient": letter.recipient,
        "subject": letter.subject,
        "purpose": letter.purpose,
        "written": reader.moment(letter.created_at),
        "attempts": reader.number(letter.attempts),
        "next": reader.moment(letter.next_attempt_at) if letter.next_attempt_at else reader.moment(letter.settled_at),
        "error": letter.error or "",
        "state": letter.state.value,
        "again": "yes" if letter.resendable else "",
    }
