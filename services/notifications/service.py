"""Writing letters into the outbox, and what a delivery records. No network is touched here."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import case, delete, func, null, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services import audit
from services.core.canonical_json import canonical_bytes
from services.core.db import UnitOfWork
from services.core.ids import new_id
from services.core.permissions import Permission
from services.notifications.errors import LetterNotFound, NotResendable
from services.notifications.models import LetterFile, Notification
from services.notifications.policy import (
    CLAIM_SECONDS,
    KEPT_DAYS,
    MAX_ATTEMPTS,
    TRANSITIONS,
    channel_of,
    check_attachments,
    check_letter,
    pause_after,
)
from services.notifications.queries import visible
from services.notifications.views import Outgoing
from services.notifications.vocabulary import OUTBOX_CHANNEL, Attachment, Channel, Letter, LetterState

_NOW = func.clock_timestamp()


def send(
    uow: UnitOfWork,
    *,
    recipient: str,
    letter: Letter,
    purpose: str,
    entity_id: uuid.UUID | None = None,
    dedup_key: str | None = None,
    secret: bool = False,
    attachments: Sequence[Attachment] = (),
) -> uuid.UUID | None:
    """Puts a letter into the outbox in the caller's transaction; it leaves after the commit, or never.

    `recipient` is a mail address or a chat channel (`#approvals`); `purpose` says why in a dotted word, `entity_id`
    whose affair it is: only readers of that entity see it in the outbox. A second letter of the same `dedup_key` is
    not written (None is returned). With `secret` the text is sealed while it
    waits and forgotten as soon as it is delivered or given up. `attachments` go with a mail, 3 MB together at most.
    Raises Invalid for a recipient or a subject that is none, and for files that are too large.
    """
    check_letter(letter)
    check_attachments(attachments)
    letter_id, content = new_id(), _content(letter)
    written = insert(Notification).values(
        id=letter_id,
        channel=channel_of(recipient).value,
        recipient=recipient,
        purpose=purpose,
        entity_id=entity_id,
        subject=letter.subject,
        content=None if secret else content,
        sealed=uow.keyring.seal(canonical_bytes(content), _context(letter_id)) if secret else None,
        secret=secret,
        dedup_key=dedup_key,
    )
    added = uow.session.scalar(written.on_conflict_do_nothing(index_elements=["dedup_key"]).returning(Notification.id))
    if added is not None and attachments:
        files = [{"letter_id": added, "place": place, **asdict(one)} for place, one in enumerate(attachments)]
        uow.session.execute(insert(LetterFile), files)
    uow.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": OUTBOX_CHANNEL})
    return added


def claim_letters(uow: UnitOfWork, *, limit: int = 20) -> list[Outgoing]:
    """Takes on letters that are due; one that is not settled within two minutes is tried again, by anybody."""
    uow.actor.require(Permission.RUN_EXECUTE)
    due = (
        select(Notification.id)
        .where(Notification.state == LetterState.QUEUED, Notification.next_attempt_at <= _NOW)
        .order_by(Notification.next_attempt_at, Notification.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = uow.session.scalars(
        update(Notification)
        .where(Notification.id.in_(due))
        .values(
            attempts=Notification.attempts + 1,
            next_attempt_at=_NOW + dt.timedelta(seconds=CLAIM_SECONDS),
        )
        .returning(Notification)
        .execution_options(populate_existing=True)
    ).all()
    return [_outgoing(uow, row) for row in sorted(rows, key=lambda row: row.id)]


def note_sent(uow: UnitOfWork, *, letter_id: uuid.UUID) -> None:
    """Records that the letter was accepted on the other side."""
    uow.actor.require(Permission.RUN_EXECUTE)
    _settle(uow, letter_id, LetterState.SENT, None)


def note_skipped(uow: UnitOfWork, *, letter_id: uuid.UUID, why: str) -> None:
    """Records that there is no way for this letter: no mail server or no such chat channel is set up."""
    uow.actor.require(Permission.RUN_EXECUTE)
    _settle(uow, letter_id, LetterState.SKIPPED, why)


def note_failed(uow: UnitOfWork, *, letter: Outgoing, error: str, permanent: bool) -> LetterState:
    """Records a failed attempt: tried again later, or given up after eight attempts or a refusal for good."""
    uow.actor.require(Permission.RUN_EXECUTE)
    if permanent or letter.attempts >= MAX_ATTEMPTS:
        _settle(uow, letter.id, LetterState.DEAD, error)
        return LetterState.DEAD
    uow.session.execute(
        update(Notification)
        .where(Notification.id == letter.id, Notification.state == LetterState.QUEUED)
        .values(next_attempt_at=_NOW + pause_after(letter.attempts), error=error[:500])
    )
    return LetterState.QUEUED


def send_again(uow: UnitOfWork, *, letter_id: uuid.UUID) -> None:
    """Puts a letter that was given up or skipped back into the queue.

    Raises LetterNotFound, and NotResendable for one that has gone or whose text was a secret and is forgotten.
    """
    seen = visible(uow, Permission.NOTIFICATION_SEND)
    row = uow.session.scalar(
        select(Notification)
        .where(Notification.id == letter_id, seen)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise LetterNotFound("There is no such letter in the outbox.")
    if LetterState.QUEUED not in TRANSITIONS[LetterState(row.state)] or row.content is None:
        raise NotResendable("This letter cannot be sent again: it has gone, or its text was a secret and is forgotten.")
    uow.session.execute(
        update(Notification)
        .where(Notification.id == letter_id)
        .values(state=LetterState.QUEUED.value, settled_at=None, attempts=0, error=None, next_attempt_at=_NOW)
    )
    uow.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": OUTBOX_CHANNEL})
    audit.record(
        uow,
        action="notifications.letter.queued_again",
        subject_type="notification",
        subject_id=letter_id,
        before={"state": row.state},
        after={"state": LetterState.QUEUED.value},
    )


def forget_old(uow: UnitOfWork) -> int:
    """Deletes letters that went or were skipped more than 30 days ago; those given up stay for a person to see."""
    uow.actor.require(Permission.RUN_EXECUTE)
    gone = uow.session.execute(
        delete(Notification).where(
            Notification.state.in_([LetterState.SENT, LetterState.SKIPPED]),
            Notification.settled_at < _NOW - dt.timedelta(days=KEPT_DAYS),
        )
    )
    return gone.rowcount  # pyright: ignore[reportAttributeAccessIssue]


def _settle(uow: UnitOfWork, letter_id: uuid.UUID, state: LetterState, error: str | None) -> None:
    uow.session.execute(
        update(Notification)
        .where(Notification.id == letter_id, Notification.state == LetterState.QUEUED)
        .values(
            state=state.value,
            error=error[:500] if error else None,
            settled_at=_NOW,
            content=case((Notification.secret, null()), else_=Notification.content),
            sealed=null(),
        )
    )


def _content(letter: Letter) -> dict[str, Any]:
    return {
        "paragraphs": list(letter.paragraphs),
        "facts": [list(fact) for fact in letter.facts],
        "action": list(letter.action) if letter.action else None,
        "locale": letter.locale,
    }


def _context(letter_id: uuid.UUID) -> str:
    return f"letter:{letter_id}"


def _outgoing(uow: UnitOfWork, row: Notification) -> Outgoing:
    opened = orjson.loads(uow.keyring.open(row.sealed, _context(row.id))) if row.sealed else row.content
    content = opened or {"paragraphs": [], "facts": [], "action": None, "locale": "en"}
    action = content["action"]
    letter = Letter(
        subject=row.subject,
        paragraphs=tuple(content["paragraphs"]),
        facts=tuple((name, value) for name, value in content["facts"]),
        action=(action[0], action[1]) if action else None,
        locale=content["locale"],
    )
    return Outgoing(
        row.id, Channel(row.channel), row.recipient, letter, row.attempts, row.created_at, _files(uow, row.id)
    )


def _files(uow: UnitOfWork, letter_id: uuid.UUID) -> tuple[Attachment, ...]:
    rows = uow.session.scalars(select(LetterFile).where(LetterFile.letter_id == letter_id).order_by(LetterFile.place))
    return tuple(Attachment(row.name, row.media_type, row.content) for row in rows)
