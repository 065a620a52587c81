"""One attempt of one run: what its body may use, and how it ends."""

from __future__ import annotations

import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from services import runs
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import DatabaseUnavailable
from services.core.log import get_logger

_log = get_logger(__name__)
_NOTE_EVERY = 0.3  # seconds between two notes of progress
SYSTEM = Actor.system("worker")


@dataclass
class Signal:
    """What the worker's main thread tells a run: the wish of people, that the worker stops, that the lease is gone."""

    wish: runs.Desired = runs.Desired.RUN
    stopping: bool = False
    lost: bool = False


class AtSafePoint(BaseException):
    """Leaves the body at a safe point; not an Exception, so that no `except Exception` of a body swallows it."""


class RunContext:
    """What a body works with. All that it writes is fenced: nothing counts once another worker holds the run."""

    def __init__(self, app: Application, claim: runs.Claim, kind: runs.RunKind, signal: Signal) -> None:
        self.app = app
        self.run_id: uuid.UUID = claim.id
        self.attempt: int = claim.epoch
        self.state: dict[str, Any] = dict(claim.memory)
        self._claim = claim
        self._kind = kind
        self._signal = signal
        self._actor = Actor.system("worker", on_behalf_of=claim.on_behalf_of)
        self._pending: dict[int, dict[str, Any]] = {}
        self._started = time.monotonic()
        self._noted = 0.0
        self._phase: str | None = None

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """A transaction that commits only while this attempt holds the run; raises LeaseLost otherwise.

        With `remember` in it, what it did and where the run goes on from are one commit: effects in this database
        happen exactly once, whenever the worker is killed.
        """
        self._check_lease()
        with self._transaction() as uow:
            runs.guard(uow, transaction_seconds=self._kind.transaction_seconds)
            try:
                yield uow
                memory = self._pending.get(id(uow))
                runs.fence(uow, claim=self._claim, lease_seconds=self._lease_seconds, memory=memory)
            finally:
                memory = self._pending.pop(id(uow), None)
        self.state = memory if memory is not None else self.state

    @contextmanager
    def rolled_back(self) -> Iterator[UnitOfWork]:
        """A transaction of which nothing stays, for what takes long: not fenced, and begun by its first statement."""
        self._check_lease()
        with self._transaction() as uow:
            yield uow
            uow.session.rollback()

    def remember(self, uow: UnitOfWork, **values: Any) -> None:
        """Saves values into `state` with this transaction. JSON only; a None forgets nothing, it is a value."""
        self._pending[id(uow)] = self._pending.get(id(uow), self.state) | values

    def progress(self, done: int, total: int | None = None, *, phase: str | None = None) -> None:
        """How far the run is, in its own units. Cheap to call often: written at most three times a second."""
        now = time.monotonic()
        if now - self._noted < _NOTE_EVERY and phase == self._phase and done != total:
            return
        self._noted, self._phase = now, phase
        with self._transaction() as uow:
            runs.note_progress(uow, claim=self._claim, done=done, total=total, phase=phase)

    def log(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """One structured line in the run's own log, kept even when the transaction at hand rolls back."""
        with self._transaction() as uow:
            runs.write_log(uow, claim=self._claim, event=event, fields=fields, level=level)

    def safe_point(self) -> None:
        """To be called where stopping does no harm. Does not return when the run is to pause, to end, or to move on.

        Raises TimeoutError (a failed attempt) when the kind's time is over.
        """
        self._check_lease()
        if self._signal.stopping or self._signal.wish is not runs.Desired.RUN:
            raise AtSafePoint
        limit = self._kind.timeout_seconds
        if limit is not None and time.monotonic() - self._started > limit:
            raise TimeoutError(f"The attempt took longer than {limit:g} s.")

    @property
    def _lease_seconds(self) -> float:
        return self.app.settings.worker.lease_seconds

    def _check_lease(self) -> None:
        if self._signal.lost:
            raise runs.LeaseLost(f"run {self._claim.number} was taken over")

    @contextmanager
    def _transaction(self) -> Iterator[UnitOfWork]:
        with self.app.database.unit_of_work(self._actor, request_id=self._claim.request_id) as uow:
            yield uow


def execute(
    app: Application,
    claim: runs.Claim,
    kind: runs.RunKind,
    body: Callable[[RunContext, Any], dict[str, Any]],
    signal: Signal,
) -> None:
    """Carries out one attempt and writes down how it ended. One log line, never an exception."""
    started = time.monotonic()
    outcome = "lost"
    try:
        ctx = RunContext(app, claim, kind, signal)
        outcome = _attempt(ctx, app, claim, kind, body)
    except (runs.LeaseLost, DatabaseUnavailable) as error:
        _log.warning("run.attempt_lost", run=str(claim.id), error=str(error))
    except Exception:
        _log.exception("run.attempt_unrecorded", run=str(claim.id))
    seconds = round(time.monotonic() - started, 3)
    _log.info(
        "run.attempt_ended",
        run=str(claim.id),
        number=claim.number,
        kind=kind.name,
        attempt=claim.epoch,
        outcome=outcome,
        seconds=seconds,
    )


def _attempt(
    ctx: RunContext,
    app: Application,
    claim: runs.Claim,
    kind: runs.RunKind,
    body: Callable[[RunContext, Any], dict[str, Any]],
) -> str:
    try:
        result = body(ctx, runs.validated(kind, claim.params))
    except AtSafePoint:
        return str(_write_down(app, lambda uow: runs.hand_back(uow, claim=claim)))
    except (runs.LeaseLost, DatabaseUnavailable):
        raise
    except Exception as error:
        failed, lines = error, traceback.format_exc()
        return str(
            _write_down(
                app,
                lambda uow: runs.fail(
                    uow,
                    claim=claim,
                    error=failed,
                    traceback=lines,
                    permanent=runs.is_permanent(failed),
                    retry_seconds=kind.retry_seconds,
                ),
            )
        )
    _write_down(app, lambda uow: runs.succeed(uow, claim=claim, result=result))
    return "succeeded"


def _write_down(app: Application, write: Callable[[UnitOfWork], Any]) -> Any:
    """Tries for as long as the lease lasts: a database that restarts is back within it."""
    deadline = time.monotonic() + app.settings.worker.lease_seconds
    while True:
        try:
            with app.database.unit_of_work(SYSTEM) as uow:
                return write(uow)
        except DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
