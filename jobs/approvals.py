"""Requests that nobody decided end in time, and people are reminded before."""

from __future__ import annotations

from jobs.runner import SYSTEM
from jobs.standing import standing
from services import approvals
from services.bootstrap import Application
from services.core.log import get_logger

_log = get_logger(__name__)


@standing("approvals.time", interval=10.0)
def keep_time(app: Application) -> bool:
    """Expires and reminds. A vote that is too late is refused by itself, so a pause here does no harm."""
    with app.database.unit_of_work(SYSTEM) as uow:
        expired = approvals.expire_due(uow)
    with app.database.unit_of_work(SYSTEM) as uow:
        reminded = approvals.remind_due(uow)
    if expired or reminded:
        _log.info("approvals.time.kept", expired=expired, reminded=reminded)
    return False
