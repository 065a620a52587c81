"""What waits in the outbox, read as the one who delivers it reads it."""

from __future__ import annotations

from services import notifications
from services.core.db import UnitOfWork


def link_of_last_letter(uow: UnitOfWork) -> str:
    """The address in the newest letter; those that wait are claimed, as by a delivery that is under way."""
    action = notifications.claim_letters(uow, limit=1000)[-1].letter.action
    assert action is not None
    return action[1]
