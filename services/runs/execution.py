"""What a worker writes about the run it holds. Every write is refused once the epoch has moved on."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import case, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from services.core.db import UnitOfWork
from services.core.events import DomainEvent, emit
from services.core.log import redact, redact_fields
from services.core.permissions import Permission
from services.runs.claiming import served
from services.runs.errors import LeaseLost
from services.runs.models import Run, RunAttempt, RunLog, Worker
from services.runs.policy import after_failure, as_wished, retry_delay
from services.runs.service import cancel_dependents, notify_workers
from services.runs.views import Claim
from services.runs.vocabulary import AttemptOutcome, Desired, RunState

_LONGEST_TRACEBACK = 20_000


def heartbeat(
    uow: UnitOfWork, *, worker_id: uuid.UUID, holding: Collection[uuid.UUID], lease_seconds: float
) -> dict[uuid.UUID, tuple[int, Desired]]:
    """Extends the leases of the runs a worker is at. Returns those it still holds: epoch and wish of each.

    A run it does not name (because it could not write down how it ended) runs out of its lease.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    mine = (Run.worker_id == worker_id, Run.state == RunState.RUNNING, Run.id.in_(holding))
    uow.session.execute(update(Worker).where(Worker.id == worker_id).values(seen_at=func.now()))
    # A run whose row is locked is just committing a step, which extends its lease too.
    free = select(Run.id).where(*mine).with_for_update(skip_locked=True).scalar_subquery()
    uow.session.execute(update(Run).where(Run.id.in_(free)).values(lease_until=_lease(lease_seconds)))
    rows = uow.session.execute(select(Run.id, Run.epoch, Run.desired).where(*mine))
    return {row.id: (row.epoch, Desired(row.desired)) for row in rows}


def guard(uow: UnitOfWork, *, transaction_seconds: float) -> None:
    """Bounds the transaction, so that the locks of a worker that froze in it do not block its successor."""
    uow.actor.require(Permission.RUN_EXECUTE)
    for name, seconds in (
        ("transaction_timeout", transaction_seconds),
        ("idle_in_transaction_session_timeout", 60),
        ("client_connection_check_interval", 1),
    ):
        uow.session.execute(
            text("SELECT set_config(:name, :value, true)"), {"name": name, "value": f"{int(seconds * 1000)}ms"}
        )


def fence(uow: UnitOfWork, *, claim: Claim, lease_seconds: float, memory: dict[str, Any] | None = None) -> None:
    """The last statement of a worker's transaction: it commits only while the run is still its own.

    `memory` is what the run remembers from this commit on; a change of it counts as a step forward. Raises
    LeaseLost, and the caller rolls back.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    timeout = f"{int(lease_seconds * 1000)}ms"
    uow.session.execute(text("SELECT set_config('idle_in_transaction_session_timeout', :t, true)"), {"t": timeout})
    step = {} if memory is None else {"memory": memory, "losses": 0}
    _write(uow, claim, lease_until=_lease(lease_seconds), **step)


def note_progress(uow: UnitOfWork, *, claim: Claim, done: int, total: int | None, phase: str | None) -> None:
    """How far the run is, in its own units. The rate is measured from the first note of each phase."""
    uow.actor.require(Permission.RUN_EXECUTE)
    same = Run.progress_phase.is_not_distinct_from(phase) & (Run.phase_done <= done)
    _write(
        uow,
        claim,
        progress_done=done,
        progress_total=total,
        progress_phase=phase,
        progress_at=func.clock_timestamp(),
        phase_done=case((same, Run.phase_done), else_=done),
        phase_at=case((same, Run.phase_at), else_=func.clock_timestamp()),
    )


def write_log(uow: UnitOfWork, *, claim: Claim, event: str, fields: dict[str, Any], level: str = "info") -> None:
    """One line of the run's own log, without secrets. Dropped silently once the run is somebody else's."""
    uow.actor.require(Permission.RUN_EXECUTE)
    held = select(
        Run.id, literal(claim.epoch), literal(level), literal(event), literal(redact_fields(fields), JSONB)
    ).where(*_held(claim))
    uow.session.execute(insert(RunLog).from_select(["run_id", "attempt", "level", "event", "fields"], held))


def succeed(uow: UnitOfWork, *, claim: Claim, result: dict[str, Any]) -> None:
    """Ends the run well, and wakes those that wait for it."""
    uow.actor.require(Permission.RUN_EXECUTE)
    _end(uow, claim, RunState.SUCCEEDED, AttemptOutcome.SUCCEEDED, result=redact_fields(result), error=None)


def fail(
    uow: UnitOfWork,
    *,
    claim: Claim,
    error: BaseException,
    traceback: str,
    permanent: bool,
    retry_seconds: float,
) -> RunState:
    """Records why the attempt failed. Waits for another attempt, or becomes a dead letter (event `run.died`)."""
    uow.actor.require(Permission.RUN_EXECUTE)
    sentence = redact(f"{error}" or type(error).__name__)[:2000]
    failures = claim.failures + 1
    state = as_wished(_wish(uow, claim))
    if state is RunState.QUEUED:
        state = after_failure(failures=failures, max_attempts=claim.max_attempts, permanent=permanent)
    attempt = {
        "error_class": type(error).__name__,
        "error": sentence,
        "traceback": redact(traceback)[-_LONGEST_TRACEBACK:],
    }
    delay = retry_delay(failures, first_seconds=retry_seconds)
    values = {"failures": failures, "error": sentence, "not_before": func.now() + delay}
    _end(uow, claim, state, AttemptOutcome.FAILED, attempt=attempt, **values)
    if state is RunState.DEAD:
        data = {"kind": claim.kind, "error": sentence}
        emit(uow, DomainEvent("run.died", "run", str(claim.id), claim.entity_id, data))
    return state


def hand_back(uow: UnitOfWork, *, claim: Claim) -> RunState:
    """Gives the run up at a safe point: paused or cancelled as wished, or released into the queue.

    The wish as it is now counts, not the one that stopped the worker: somebody may have taken it back since.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    state = as_wished(_wish(uow, claim))
    outcomes = {RunState.PAUSED: AttemptOutcome.PAUSED, RunState.CANCELLED: AttemptOutcome.CANCELLED}
    _end(uow, claim, state, outcomes.get(state, AttemptOutcome.RELEASED))
    return state


def _wish(uow: UnitOfWork, claim: Claim) -> Desired:
    """What people want of the run; the next wish waits until this transaction has ended. Raises LeaseLost."""
    wish = uow.session.scalar(select(Run.desired).where(*_held(claim)).with_for_update())
    if wish is None:
        raise _lost(claim)
    return Desired(wish)


def _held(claim: Claim) -> tuple[Any, ...]:
    return (Run.id == claim.id, Run.epoch == claim.epoch, Run.state == RunState.RUNNING)


def _write(uow: UnitOfWork, claim: Claim, **values: Any) -> None:
    done = uow.session.execute(update(Run).where(*_held(claim)).values(**values).returning(Run.id))
    if done.first() is None:
        raise _lost(claim)


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"run {claim.number} is no longer held under epoch {claim.epoch}")


def _end(
    uow: UnitOfWork,
    claim: Claim,
    state: RunState,
    outcome: AttemptOutcome,
    *,
    attempt: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    finished = func.now() if state in (RunState.SUCCEEDED, RunState.DEAD, RunState.CANCELLED) else None
    _write(uow, claim, state=state, worker_id=None, lease_until=None, finished_at=finished, **values)
    uow.session.execute(
        update(RunAttempt)
        .where(RunAttempt.run_id == claim.id, RunAttempt.number == claim.epoch)
        .values(outcome=outcome, finished_at=func.now(), **(attempt or {}))
    )
    served(uow, claim.kind)
    if state is RunState.CANCELLED:
        cancel_dependents(uow, [claim.id])
    notify_workers(uow)


def _lease(seconds: float) -> Any:
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
