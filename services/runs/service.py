"""Starting and steering runs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services import audit
from services.core.actor import ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Conflict
from services.core.permissions import Permission
from services.runs import kinds
from services.runs.errors import IllegalWish, RunNotFound
from services.runs.models import Run, RunDependency
from services.runs.policy import FINISHED, WAITING, check_transition, outcome_of_wish
from services.runs.vocabulary import RUN_CHANNEL, Desired, RunKind, RunState


def enqueue(
    uow: UnitOfWork,
    *,
    kind: RunKind,
    params: BaseModel,
    after: Sequence[uuid.UUID] = (),
    priority: int | None = None,
    unique_key: str | None = None,
    schedule_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Queues a run in the caller's transaction: it exists exactly if that commits. Returns its id.

    The actor needs the kind's own permission, for the entity its parameters name. With `after` it waits until
    those runs have succeeded. A `unique_key` is used once ever: asked again, the first run's id comes back.
    Raises Conflict when a run in `after` was cancelled.
    """
    entity_id = kinds.entity_of(kind, params)
    uow.actor.require(kind.permission, entity_id)
    _check_predecessors(uow, after)
    actor = uow.actor
    values = {
        "kind": kind.name,
        "entity_id": entity_id,
        "schedule_id": schedule_id,
        "params": params.model_dump(mode="json"),
        "unique_key": unique_key,
        "priority": kind.priority if priority is None else priority,
        "max_attempts": kind.max_attempts,
        "started_by_kind": actor.kind.value,
        "started_by_id": actor.id,
        "started_by_name": actor.name,
        "request_id": uow.request_id,
    }
    statement = upsert(Run).values(**values).on_conflict_do_nothing(index_elements=["unique_key"]).returning(Run.id)
    run_id = uow.session.scalar(statement)
    if run_id is None:
        return uow.session.scalars(select(Run.id).where(Run.unique_key == unique_key)).one()
    if after:
        uow.session.execute(insert(RunDependency), [{"run_id": run_id, "after_id": first} for first in set(after)])
    if actor.kind is ActorKind.USER:
        _audit(uow, "started", run_id, entity_id, after={"kind": kind.name, "params": values["params"]})
    notify_workers(uow)
    return run_id


def start(uow: UnitOfWork, *, kind: str, params: dict[str, Any], priority: int | None = None) -> uuid.UUID:
    """Queues a run of a declared kind by its name, as the page and the command line do.

    Raises UnknownKind, or InvalidParams with each wrong field.
    """
    found = kinds.kind_named(kind)
    checked = kinds.validated(found, params)
    run_id = enqueue(uow, kind=found, params=checked, priority=priority)
    if uow.actor.kind is not ActorKind.USER:
        after = {"kind": kind, "params": checked.model_dump(mode="json")}
        _audit(uow, "started", run_id, kinds.entity_of(found, checked), after=after)
    return run_id


def pause(uow: UnitOfWork, *, run_id: uuid.UUID, reason: str | None = None) -> RunState:
    """Asks a run to stop for now. A waiting one is paused at once, a running one at its next safe point."""
    return _wish(uow, run_id, Desired.PAUSE, "paused", reason)


def cancel(uow: UnitOfWork, *, run_id: uuid.UUID, reason: str | None = None) -> RunState:
    """Asks a run to end for good, with all that waits for it. A running one ends at its next safe point."""
    return _wish(uow, run_id, Desired.CANCEL, "cancelled", reason)


def resume(uow: UnitOfWork, *, run_id: uuid.UUID, reason: str | None = None) -> RunState:
    """Puts a paused run back into the queue, or takes back a wish that its worker has not met yet.

    Work that people agreed to needs the kind's own permission as well.
    """
    _require_to_go_on(uow, run_id)
    return _wish(uow, run_id, Desired.RUN, "resumed", reason)


def retry(uow: UnitOfWork, *, run_id: uuid.UUID) -> RunState:
    """Tries a run again now: one that waits for its next attempt, or a dead letter with its attempts renewed.

    It keeps its id and what it remembered, so it goes on where it stopped and those that wait for it follow. Work that
    people agreed to needs the kind's own permission as well.
    """
    _require_to_go_on(uow, run_id)
    run = _controlled(uow, run_id)
    state = RunState(run.state)
    if state not in (RunState.RETRY_WAIT, RunState.DEAD):
        raise IllegalWish(state, "try again")
    check_transition(state, RunState.QUEUED)
    renewed = {"failures": 0, "losses": 0, "desired": Desired.RUN} if state is RunState.DEAD else {}
    _move(uow, run, RunState.QUEUED, not_before=func.now(), finished_at=None, **renewed)
    _audit(uow, "replayed" if renewed else "retried", run.id, run.entity_id, before={"state": str(state)})
    notify_workers(uow)
    return RunState.QUEUED


def replay(uow: UnitOfWork, *, run_ids: Sequence[uuid.UUID]) -> int:
    """Puts dead letters back into the queue, all or none; returns how many."""
    for run_id in run_ids:
        retry(uow, run_id=run_id)
    return len(run_ids)


def notify_workers(uow: UnitOfWork) -> None:
    """Wakes the workers when this transaction commits."""
    uow.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": RUN_CHANNEL})


def cancel_dependents(uow: UnitOfWork, run_ids: Sequence[uuid.UUID]) -> None:
    """Cancels all that waits, directly or not, for runs that were cancelled: it could never start."""
    while run_ids:
        waiting = select(RunDependency.run_id).where(RunDependency.after_id.in_(run_ids))
        states = [*WAITING, RunState.PAUSED]
        run_ids = uow.session.scalars(
            update(Run)
            .where(Run.id.in_(waiting), Run.state.in_(states))
            .values(
                state=RunState.CANCELLED,
                desired=Desired.CANCEL,
                finished_at=func.now(),
                error="A run it waited for was cancelled.",
            )
            .returning(Run.id)
        ).all()


def _wish(uow: UnitOfWork, run_id: uuid.UUID, wish: Desired, verb: str, reason: str | None) -> RunState:
    run = _controlled(uow, run_id)
    state, former = RunState(run.state), Desired(run.desired)
    target = outcome_of_wish(state, wish)
    if target is not state:
        check_transition(state, target)
    _move(uow, run, target, desired=wish, **({"finished_at": func.now()} if target in FINISHED else {}))
    if target is RunState.CANCELLED:
        cancel_dependents(uow, [run.id])
    before = {"state": str(state), "desired": str(former)}
    _audit(uow, verb, run.id, run.entity_id, before=before, after={"desired": str(wish)}, reason=reason)
    notify_workers(uow)
    return target


def _controlled(uow: UnitOfWork, run_id: uuid.UUID) -> Run:
    scope = uow.actor.scope(Permission.RUN_CONTROL)
    run = uow.session.get(Run, run_id, with_for_update=True, populate_existing=True)
    if run is None or (run.entity_id is not None and run.entity_id not in scope):
        raise RunNotFound(run_id)
    return run


def _require_to_go_on(uow: UnitOfWork, run_id: uuid.UUID) -> None:
    run = _controlled(uow, run_id)
    for permission in kinds.needed_to_go_on(run.kind):
        uow.actor.require(permission, run.entity_id)


def _move(uow: UnitOfWork, run: Run, target: RunState, **values: Any) -> None:
    uow.session.execute(update(Run).where(Run.id == run.id).values(state=target, **values))
    uow.session.expire(run)


def _check_predecessors(uow: UnitOfWork, after: Sequence[uuid.UUID]) -> None:
    if not after:
        return
    found = uow.session.execute(select(Run.id, Run.state).where(Run.id.in_(after))).all()
    if missing := set(after) - {row.id for row in found}:
        raise RunNotFound(missing.pop())
    if any(row.state == RunState.CANCELLED for row in found):
        raise Conflict("A run it should wait for was cancelled, so it could never start.")


def _audit(uow: UnitOfWork, verb: str, run_id: uuid.UUID, entity_id: uuid.UUID | None, **details: Any) -> None:
    audit.record(uow, action=f"runs.run.{verb}", subject_type="run", subject_id=run_id, entity_id=entity_id, **details)
