"""Keeping house: what time alone leaves behind."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, func, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.runs.models import Run, RunAttempt, RunDependency, RunLog, Worker
from services.runs.service import cancel_dependents
from services.runs.vocabulary import RunState

LOG_DAYS = 30
WORKER_DAYS = 7
_AT_ONCE = 50_000


def keep_house(uow: UnitOfWork) -> dict[str, int]:
    """Deletes log lines older than 30 days and workers that left a week ago without a trace in an attempt.

    Also cancels what came to wait for a run in the very moment somebody cancelled it. Returns what was deleted.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    old = select(RunLog.id).where(RunLog.at < func.now() - dt.timedelta(days=LOG_DAYS)).limit(_AT_ONCE)
    lines = uow.session.execute(delete(RunLog).where(RunLog.id.in_(old)).returning(RunLog.id)).all()
    unused = ~select(RunAttempt.worker_id).where(RunAttempt.worker_id == Worker.id).exists()
    gone = delete(Worker).where(Worker.stopped_at < func.now() - dt.timedelta(days=WORKER_DAYS), unused)
    workers = uow.session.execute(gone.returning(Worker.id)).all()
    cancelled = select(RunDependency.after_id).join(Run, Run.id == RunDependency.after_id)
    cancel_dependents(uow, uow.session.scalars(cancelled.where(Run.state == RunState.CANCELLED).distinct()).all())
    return {"lines": len(lines), "workers": len(workers)}
