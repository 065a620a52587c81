"""Reading the outbox, never its texts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.notifications.models import Notification
from services.notifications.policy import TRANSITIONS
from services.notifications.views import LetterPage, LetterView
from services.notifications.vocabulary import Channel, LetterState


def letters(
    uow: UnitOfWork,
    *,
    states: Sequence[LetterState] = (),
    text: str = "",
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
    limit: int = 50,
) -> LetterPage:
    """The outbox newest first, by the cursors of a page before; `text` is part of a recipient, subject or purpose.

    Letters about a legal entity are for its readers; those about none for whoever may read of all entities.
    """
    forward, cursor = newer_than is None, older_than or newer_than
    statement = select(Notification).where(visible(uow, Permission.NOTIFICATION_READ))
    if states:
        statement = statement.where(Notification.state.in_([state.value for state in states]))
    if text:
        wanted = text.lower()
        columns = (Notification.recipient, Notification.subject, Notification.purpose)
        statement = statement.where(or_(*(func.strpos(func.lower(column), wanted) > 0 for column in columns)))
    if cursor is not None:
        statement = statement.where(Notification.id < cursor if forward else Notification.id > cursor)
    order = Notification.id.desc() if forward else Notification.id
    found = uow.session.scalars(statement.order_by(order).limit(limit + 1)).all()
    more, found = len(found) > limit, found[:limit]
    rows = [_view(row) for row in (found if forward else found[::-1])]
    has_newer, has_older = (cursor is not None, more) if forward else (more, True)
    newer = rows[0].id if rows and has_newer else None
    return LetterPage(tuple(rows), newer=newer, older=rows[-1].id if rows and has_older else None)


def count_letters(uow: UnitOfWork) -> dict[LetterState, int]:
    """Letters by state."""
    seen = visible(uow, Permission.NOTIFICATION_READ)
    rows = uow.session.execute(select(Notification.state, func.count()).where(seen).group_by(Notification.state))
    return dict.fromkeys(LetterState, 0) | {LetterState(row[0]): row[1] for row in rows}


def visible(uow: UnitOfWork, permission: Permission) -> ColumnElement[bool]:
    """Which letters the actor may see or send under a right. Raises Forbidden without it."""
    allowed = uow.actor.scope(permission).allows(Notification.entity_id)
    everywhere = uow.actor.grants[permission].ids is None
    return or_(Notification.entity_id.is_(None), allowed) if everywhere else allowed


def _view(row: Notification) -> LetterView:
    state = LetterState(row.state)
    return LetterView(
        id=row.id,
        created_at=row.created_at,
        channel=Channel(row.channel),
        recipient=row.recipient,
        subject=row.subject,
        purpose=row.purpose,
        state=state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if state is LetterState.QUEUED else None,
        settled_at=row.settled_at,
        error=row.error,
        resendable=LetterState.QUEUED in TRANSITIONS[state] and row.content is not None,
    )
