"""Who was told of one thing: the letters whose key begins with it, one line an occasion."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.notifications.models import Notification
from services.notifications.vocabulary import Channel, LetterState


@dataclass(frozen=True, slots=True)
class Told:
    """One occasion: letters by mail and messages in the chat, and how many of them still wait or were given up."""

    purpose: str
    at: dt.datetime
    mails: int
    chats: int
    waiting: int
    failed: int


def told_about(uow: UnitOfWork, *, permission: Permission, prefix: str) -> tuple[Told, ...]:
    """Letters with a `dedup_key` that starts with `prefix`, the latest occasion first.

    `permission` is the right to read the record that the prefix names. Nobody's address is given away.
    """
    uow.actor.require(permission)
    found = uow.session.execute(
        select(
            Notification.purpose,
            Notification.created_at,
            func.count().filter(Notification.channel == Channel.MAIL),
            func.count().filter(Notification.channel == Channel.CHAT),
            func.count().filter(Notification.state == LetterState.QUEUED),
            func.count().filter(Notification.state == LetterState.DEAD),
        )
        .where(Notification.dedup_key.startswith(prefix, autoescape=True))
        .group_by(Notification.purpose, Notification.created_at)
        .order_by(Notification.created_at.desc())
    )
    return tuple(Told(*row) for row in found)
