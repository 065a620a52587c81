"""Owners of an access review are reminded of what they have not decided."""

from __future__ import annotations

from jobs.runner import SYSTEM
from jobs.standing import standing
from services import identity
from services.bootstrap import Application
from services.core.log import get_logger

_log = get_logger(__name__)


@standing("identity.reviews", interval=300.0)
def remind(app: Application) -> bool:
    """Looks every five minutes, so that the letter comes on the day also after a pause."""
    with app.database.unit_of_work(SYSTEM) as uow:
        reminded = identity.remind_reviewers(uow)
    if reminded:
        _log.info("identity.reviews.reminded", reviews=reminded)
    return False
