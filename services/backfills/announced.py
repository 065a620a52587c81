"""Who was told of a backfill, before and after."""

from __future__ import annotations

import uuid

from services import notifications
from services.core.db import UnitOfWork
from services.core.permissions import Permission


def announcements(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> tuple[notifications.Told, ...]:
    """The occasions of `announcing`, the latest first."""
    uow.actor.require(Permission.BACKFILL_READ)
    return notifications.told_about(uow, permission=Permission.BACKFILL_READ, prefix=f"backfills/{backfill_id}/")
