"""Reading runs."""

from __future__ import annotations

from sqlalchemy import func, select, text

from services.core.db import UnitOfWork
from services.runs.models import Worker
from services.runs.views import Presence
from services.runs.vocabulary import WorkerRole

LOCK_CLASS = 0x4B57  # "KW": advisory locks (LOCK_CLASS, worker.number) show which processes live

ALIVE = text(
    "worker.number IN (SELECT l.objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = :lock_class"
    " AND d.datname = current_database() AND l.granted)"
).bindparams(lock_class=LOCK_CLASS)


def workers_seen(uow: UnitOfWork) -> Presence:
    """How many workers and clocks live right now. Needs no permission: readiness asks for it."""
    rows = uow.session.execute(
        select(Worker.role, func.count()).where(Worker.stopped_at.is_(None), ALIVE).group_by(Worker.role)
    )
    counted = {row[0]: row[1] for row in rows}
    return Presence(workers=counted.get(WorkerRole.WORKER, 0), clocks=counted.get(WorkerRole.CLOCK, 0))
