"""The clock: an alarm clock in memory over the schedules in the database.

APScheduler only wakes us. What is due is decided in the database, under the schedule's lock, from its watermark;
so a missed, late or doubled alarm changes nothing. The leader's lock spares work, it does not carry correctness.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from services import runs
from services.bootstrap import Application, install_schedules
from services.core.actor import Actor
from services.core.clock import UTC
from services.core.errors import Unavailable
from services.core.log import get_logger

_log = get_logger(__name__)
_ACTOR = Actor.system("clock")
_OFFICE = 1
_RECONCILE = 10.0
_POLL = 0.25  # seconds between a follower's tries to lead
_SOONEST = dt.timedelta(milliseconds=50)  # the machine's clock may run ahead of the database's


def _alarms() -> BackgroundScheduler:
    defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 3}
    return BackgroundScheduler(timezone=UTC, job_defaults=defaults)


@dataclass
class ClockProcess:
    """Keeps one alarm per schedule while it leads; otherwise waits to take over."""

    app: Application
    _scheduler: BackgroundScheduler = field(default_factory=_alarms)
    _stopping: bool = False

    def stop(self) -> None:
        self._stopping = True

    def run(self) -> None:
        """Works until stopped. A lost database is waited for."""
        self._scheduler.start()
        pause = 0.1
        while not self._stopping:
            try:
                with closing(self._open_session()) as session:
                    pause = 0.1
                    self._keep(session)
            except Unavailable as error:
                _log.warning("clock.database_lost", error=str(error))
                self._scheduler.remove_all_jobs()
                time.sleep(pause)
                pause = min(pause * 2, 2.0)
        self._scheduler.shutdown(wait=False)

    def _open_session(self) -> runs.ProcessSession:
        channels = [runs.SCHEDULE_CHANNEL]
        return runs.ProcessSession(self.app.database, role=runs.WorkerRole.CLOCK, concurrency=1, channels=channels)

    def _keep(self, session: runs.ProcessSession) -> None:
        while not self._stopping and not session.lead(_OFFICE):
            session.wait(_POLL)
        _log.info("clock.leads", clock=str(session.id))
        with self.app.database.unit_of_work(_ACTOR) as uow:
            install_schedules(uow)
        reconcile_at = 0.0
        heard = False
        while not self._stopping:
            if heard or time.monotonic() >= reconcile_at:
                self._arm_all()
                reconcile_at = time.monotonic() + _RECONCILE
            heard = session.wait(_POLL)

    def _arm_all(self) -> None:
        with self.app.database.unit_of_work(_ACTOR) as uow:
            coming = runs.next_firings(uow)
        for alarm in self._scheduler.get_jobs():
            if uuid.UUID(alarm.id) not in coming:
                alarm.remove()
        for schedule_id, at in coming.items():
            self._arm(schedule_id, at)

    def _arm(self, schedule_id: uuid.UUID, at: dt.datetime) -> None:
        soonest = dt.datetime.now(UTC) + _SOONEST
        self._scheduler.add_job(
            self._fire,
            DateTrigger(max(at, soonest)),
            args=[schedule_id],
            id=str(schedule_id),
            replace_existing=True,
        )

    def _fire(self, schedule_id: uuid.UUID) -> None:
        """One alarm. When it fails, the next reconcile sets it again."""
        try:
            with self.app.database.unit_of_work(_ACTOR) as uow:
                coming = runs.fire_due(uow, schedule_id=schedule_id)
        except Exception as error:
            _log.warning("clock.firing_failed", schedule=str(schedule_id), error=str(error), exc_info=True)
            return
        if coming is not None:
            self._arm(schedule_id, coming)
