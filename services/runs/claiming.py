"""Handing runs to workers: fair between kinds, within each kind's limit, and taken back when a worker is gone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import Row, bindparam, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TEXT, insert

from services.core.db import UnitOfWork
from services.core.events import DomainEvent, emit
from services.core.permissions import Permission
from services.runs.models import Run, RunAttempt, RunKindTurn, Worker
from services.runs.policy import MAX_LOSSES, after_loss, as_wished
from services.runs.presence import GONE, LOCK_CLASS
from services.runs.service import cancel_dependents, notify_workers
from services.runs.views import Claim
from services.runs.vocabulary import AttemptOutcome, Desired, RunState

# One claim at a time in the installation: that is what makes the limits per kind exact. It takes about a millisecond.
_ONE_AT_A_TIME = text(f"SELECT pg_advisory_xact_lock({LOCK_CLASS}, 0)")

# Between kinds: the one with the fewest running goes first, then the one whose turn is longest due. A kind's turn is
# due 0.1 s per point of priority after it was last served (older service counts as a minute), so a lower number goes
# more often and no flood of one kind starves another. Within a kind: priority, then age.
_NEXT = text(
    """
    SELECT h.id
    FROM unnest(:kinds, :limits) AS k (kind, concurrency)
    LEFT JOIN (SELECT kind, count(*) AS running FROM run WHERE state = 'running' GROUP BY kind) b USING (kind)
    LEFT JOIN run_kind_turn t USING (kind)
    CROSS JOIN LATERAL (
        SELECT r.id, r.priority FROM run r
        WHERE r.kind = k.kind AND r.state IN ('queued', 'retry_wait') AND r.not_before <= statement_timestamp()
          AND NOT EXISTS (
              SELECT FROM run_dependency d JOIN run p ON p.id = d.after_id
              WHERE d.run_id = r.id AND p.state <> 'succeeded')
        ORDER BY r.priority, r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED
    ) h
    WHERE coalesce(b.running, 0) < k.concurrency
    ORDER BY
        coalesce(b.running, 0),
        greatest(coalesce(t.served_at, '-infinity'), now() - interval '60 s') + h.priority * interval '0.1 s',
        h.priority, h.id
    LIMIT 1
    """
).bindparams(bindparam("kinds", type_=ARRAY(TEXT)), bindparam("limits", type_=ARRAY(BIGINT)))


def claim_runs(
    uow: UnitOfWork, *, worker_id: uuid.UUID, limits: Mapping[str, int], count: int, lease_seconds: float
) -> list[Claim]:
    """Takes up to `count` runs for a worker. `limits` maps the kinds it can execute to their concurrency."""
    uow.actor.require(Permission.RUN_EXECUTE)
    uow.session.execute(_ONE_AT_A_TIME)
    claims: list[Claim] = []
    while len(claims) < count:
        run_id = uow.session.scalar(_NEXT, {"kinds": list(limits), "limits": list(limits.values())})
        if run_id is None:
            break
        claims.append(_take(uow, run_id, worker_id, lease_seconds))
    return claims


def idle(uow: UnitOfWork, *, kinds: list[str]) -> bool:
    """Whether nothing of these kinds runs or will run by itself; what is paused or blocked by a dead run will not."""
    uow.actor.require(Permission.RUN_EXECUTE)
    pending = text(
        """
        WITH RECURSIVE blocked AS (
            SELECT d.run_id FROM run_dependency d JOIN run p ON p.id = d.after_id WHERE p.state IN ('dead', 'paused')
            UNION SELECT d.run_id FROM run_dependency d JOIN blocked b ON b.run_id = d.after_id
        )
        SELECT EXISTS (
            SELECT FROM run r WHERE r.kind = ANY(:kinds) AND r.state IN ('queued', 'retry_wait', 'running')
            AND r.id NOT IN (SELECT run_id FROM blocked))
        """
    ).bindparams(bindparam("kinds", type_=ARRAY(TEXT)))
    return not uow.session.scalar(pending, {"kinds": kinds})


def collect_lost(uow: UnitOfWork) -> int:
    """Puts the runs of dead workers and expired leases back into the queue; returns how many.

    A wish that was pending is met instead. A run whose attempts vanish again and again without a step forward
    becomes a dead letter, since it takes its workers with it.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    uow.session.execute(update(Worker).where(Worker.stopped_at.is_(None), GONE).values(stopped_at=func.now()))
    lost = uow.session.execute(
        select(Run.id, Run.epoch, Run.desired, Run.losses, Run.kind, Run.entity_id)
        .join(Worker, Worker.id == Run.worker_id)
        .where(Run.state == RunState.RUNNING, or_(Worker.stopped_at.is_not(None), Run.lease_until < func.now()))
        .with_for_update(of=Run, skip_locked=True)
    ).all()
    for run in lost:
        _put_back(uow, run)
    if lost:
        notify_workers(uow)
    return len(lost)


def _take(uow: UnitOfWork, run_id: uuid.UUID, worker_id: uuid.UUID, lease_seconds: float) -> Claim:
    row = uow.session.execute(
        update(Run)
        .where(Run.id == run_id)
        .values(
            state=RunState.RUNNING,
            worker_id=worker_id,
            epoch=Run.epoch + 1,
            lease_until=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, lease_seconds),
            started_at=func.coalesce(Run.started_at, func.now()),
            phase_done=None,
            phase_at=None,
        )
        .returning(
            Run.id,
            Run.number,
            Run.kind,
            Run.params,
            Run.epoch,
            Run.failures,
            Run.max_attempts,
            Run.memory,
            Run.entity_id,
            Run.request_id,
            case((Run.started_by_kind == "user", Run.started_by_name)).label("on_behalf_of"),
        )
    ).one()
    uow.session.add(RunAttempt(run_id=run_id, number=row.epoch, worker_id=worker_id))
    uow.session.flush()
    served(uow, row.kind)
    return Claim(worker_id=worker_id, **row._mapping)


def served(uow: UnitOfWork, kind: str) -> None:
    """Notes that a kind just had a turn."""
    turn = insert(RunKindTurn).values(kind=kind, served_at=func.clock_timestamp())
    uow.session.execute(
        turn.on_conflict_do_update(index_elements=["kind"], set_={"served_at": turn.excluded.served_at})
    )


def _put_back(uow: UnitOfWork, run: Row) -> None:
    losses = run.losses + 1
    error = None
    state = as_wished(Desired(run.desired))
    if state is RunState.QUEUED:
        state = after_loss(losses=losses)
    if state is RunState.DEAD:
        error = f"{MAX_LOSSES} attempts in a row vanished with their workers before the first step forward."
        emit(uow, DomainEvent("run.died", "run", str(run.id), run.entity_id, {"kind": run.kind, "error": error}))
    finished = func.now() if state in (RunState.CANCELLED, RunState.DEAD) else None
    values = {"state": state, "worker_id": None, "lease_until": None, "losses": losses, "finished_at": finished}
    uow.session.execute(update(Run).where(Run.id == run.id).values(**values, **({"error": error} if error else {})))
    uow.session.execute(
        update(RunAttempt)
        .where(RunAttempt.run_id == run.id, RunAttempt.number == run.epoch)
        .values(outcome=AttemptOutcome.LOST, finished_at=func.now())
    )
    if state is RunState.CANCELLED:
        cancel_dependents(uow, [run.id])
