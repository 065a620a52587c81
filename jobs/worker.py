"""The worker: claims runs, keeps their leases, and takes over those of workers that died."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

from jobs.registry import Job
from jobs.runner import SYSTEM, Signal, execute
from services import runs
from services.bootstrap import Application
from services.core.errors import Unavailable
from services.core.log import get_logger

_log = get_logger(__name__)
_POLL = 0.5  # seconds; NOTIFY wakes sooner, the poll finds dead workers and retries that fell due
_SOONEST_BEAT = 0.2
_HOUSEKEEPING = 3600.0
_GRACE = 4.0  # seconds a stopping worker waits for its runs to reach a safe point


@dataclass
class _Held:
    claim: runs.Claim
    signal: Signal
    thread: threading.Thread


@dataclass
class Worker:
    """One process with up to `concurrency` runs side by side, each in a thread."""

    app: Application
    jobs: Mapping[str, Job]
    concurrency: int
    until_idle: bool = False
    _stopping: bool = False
    _stop_by: float = 0.0
    _held: dict[uuid.UUID, _Held] = field(default_factory=dict)
    _beat_at: float = 0.0
    _housekeeping_at: float = 0.0

    def stop(self) -> None:
        """Asks the worker to end: no new runs, the present ones are handed back at their next safe point."""
        self._stop_by = time.monotonic() + _GRACE
        self._stopping = True

    def run(self) -> None:
        """Works until stopped, or until nothing is left to do. A lost database is waited for."""
        pause = 0.1
        while True:
            try:
                with closing(self._open_session()) as session:
                    pause = 0.1
                    self._work(session)
                return
            except Unavailable as error:
                _log.warning("worker.database_lost", error=str(error))
                self._abandon()
            if self._stopping:
                return
            time.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _open_session(self) -> runs.ProcessSession:
        session = runs.ProcessSession(
            self.app.database,
            role=runs.WorkerRole.WORKER,
            concurrency=self.concurrency,
            channels=[runs.RUN_CHANNEL],
        )
        _log.info("worker.ready", worker=str(session.id), concurrency=self.concurrency, kinds=sorted(self.jobs))
        return session

    def _work(self, session: runs.ProcessSession) -> None:
        heard = True
        while not self._finished():
            self._forget_ended()
            self._collect()
            self._beat(session, heard)
            claimed = 0 if self._stopping else self._claim(session)
            if self.until_idle and not claimed and not self._held and self._idle():
                break
            heard = session.wait(_POLL)
        _log.info("worker.stopped", handed_back=not self._held)

    def _finished(self) -> bool:
        if not self._stopping:
            return False
        for held in self._held.values():
            held.signal.stopping = True
        self._forget_ended()
        return not self._held or time.monotonic() > self._stop_by

    def _forget_ended(self) -> None:
        self._held = {run_id: held for run_id, held in self._held.items() if held.thread.is_alive()}

    def _collect(self) -> None:
        with self.app.database.unit_of_work(SYSTEM) as uow:
            lost = runs.collect_lost(uow)
            if time.monotonic() > self._housekeeping_at:
                runs.keep_house(uow)
                self._housekeeping_at = time.monotonic() + _HOUSEKEEPING
        if lost:
            _log.warning("worker.collected_lost_runs", count=lost)

    def _beat(self, session: runs.ProcessSession, heard: bool) -> None:
        """Extends leases every third of one, and sooner when a wish may have changed."""
        since = time.monotonic() - self._beat_at
        if since < self._lease_seconds / 3 and not (heard and since > _SOONEST_BEAT):
            return
        with self.app.database.unit_of_work(SYSTEM) as uow:
            wishes = runs.heartbeat(
                uow, worker_id=session.id, holding=list(self._held), lease_seconds=self._lease_seconds
            )
        self._beat_at = time.monotonic()
        for run_id, held in self._held.items():
            epoch, wish = wishes.get(run_id, (-1, runs.Desired.RUN))
            held.signal.wish = wish
            held.signal.lost = epoch != held.claim.epoch and held.thread.is_alive()

    def _claim(self, session: runs.ProcessSession) -> int:
        free = self.concurrency - len(self._held)
        if free <= 0:
            return 0
        limits = {name: job.kind.concurrency for name, job in self.jobs.items()}
        with self.app.database.unit_of_work(SYSTEM) as uow:
            claims = runs.claim_runs(
                uow, worker_id=session.id, limits=limits, count=free, lease_seconds=self._lease_seconds
            )
        for claim in claims:
            self._start(claim)
        return len(claims)

    def _start(self, claim: runs.Claim) -> None:
        job, signal = self.jobs[claim.kind], Signal()
        thread = threading.Thread(
            target=execute, args=(self.app, claim, job.kind, job.body, signal), name=f"run-{claim.number}", daemon=True
        )
        self._held[claim.id] = _Held(claim, signal, thread)
        thread.start()

    def _idle(self) -> bool:
        with self.app.database.unit_of_work(SYSTEM) as uow:
            return runs.idle(uow, kinds=list(self.jobs))

    def _abandon(self) -> None:
        """The session is gone, so the runs are as good as taken over: nothing they write will be accepted."""
        for held in self._held.values():
            held.signal.lost = True
        self._held.clear()

    @property
    def _lease_seconds(self) -> float:
        return self.app.settings.worker.lease_seconds
