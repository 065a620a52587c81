"""Steering what has begun: pause, resume, cancel, speed, verify again; and what the calendar does by itself."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services import approvals, runs
from services.backfills import announcing, reconciling
from services.backfills.calendaring import standing_of
from services.backfills.definition import Definition, definition_named, shown_definition
from services.backfills.errors import NotAtWork, TargetBusy, TargetUnavailable
from services.backfills.load import LoadMeter, load_of
from services.backfills.models import Backfill
from services.backfills.policy import BEFORE_START, excess_of
from services.backfills.service import S, as_console, locked, move, note, require, require_reason, unplan
from services.backfills.starting import check_gate, outdated, refused, start_planned
from services.backfills.vocabulary import EXECUTE, ROLL_BACK, VERIFY, BackfillParams, Pace
from services.backfills.windows import Gate, Standing
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import DomainError
from services.core.permissions import Permission

_CALENDAR = "calendar"


def pause(uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str | None = None) -> None:
    """Stops it at a batch boundary: once this has committed, no further batch does."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    move(uow, row, S.PAUSED)
    row.hold = {"by": "person", "since": uow.clock.now().isoformat(), "opens_at": None, "who": uow.actor.name}
    _wish(uow, row, runs.pause)
    note(uow, row, "paused", reason=reason)


def resume(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> None:
    """Goes on after the last batch that committed; also after a failure. Raises OutsideWindow."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    undoing = row.state == S.FAILED and row.undo_reason is not None
    finished = row.state == S.FAILED and not undoing and row.changed_at is not None
    target = S.ROLLING_BACK if undoing else S.VERIFYING if finished else S.RUNNING
    kind = ROLL_BACK if undoing else VERIFY if finished else EXECUTE
    if target is S.RUNNING and row.state in (S.PAUSED, S.FAILED):
        check_gate(uow, row)
    move(uow, row, target)
    row.problem = row.hold = None
    if row.state != S.RUNNING or not _wish(uow, row, runs.resume):
        row.run_id = runs.enqueue(uow, kind=kind, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "resumed")


def cancel(uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str) -> None:
    """Ends it: before the start it is thrown away; afterwards what was changed stays, until it is rolled back."""
    require(uow, Permission.BACKFILL_DRAFT if _is_before_start(uow, backfill_id) else Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    require_reason(reason)
    if row.state in BEFORE_START:
        unplan(row)
        move(uow, row, S.DISCARDED)
        if row.request_id is not None:
            approvals.void(uow, request_id=row.request_id, reason=reason)
    else:
        move(uow, row, S.CANCELLED)
        _wish(uow, row, runs.cancel)
        announcing.announce(uow, row, "cancelled", reason=reason.strip())
    row.problem, row.ended_at, row.hold = reason, uow.clock.now(), None
    note(uow, row, "cancelled", reason=reason)


def set_pace(uow: UnitOfWork, *, backfill_id: uuid.UUID, pace: Pace) -> None:
    """Slower, faster, or at night only, from the next batch on."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    before, row.pace = row.pace, Pace(pace).value
    note(uow, row, "pace_set", before={"pace": before}, after={"pace": row.pace})


def follow_windows(uow: UnitOfWork, *, backfill_id: uuid.UUID, follow: bool) -> None:
    """Whether it goes on by itself when the window opens again that closed on it; it pauses in either case."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    before, row.follow_windows = row.follow_windows, follow
    note(uow, row, "follow_set", before={"follow_windows": before}, after={"follow_windows": follow})


def verify_again(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> uuid.UUID:
    """Measures the checks and the sample once more, after a failed verification or before the signature."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    if row.changed_at is None or row.undo_reason is not None:
        raise NotAtWork("There is nothing to verify: it has not changed all its rows, or it is being taken back.")
    move(uow, row, S.VERIFYING)
    former, row.signoff_request_id, row.problem = row.signoff_request_id, None, None
    if former is not None:
        approvals.void(uow, request_id=former, reason="It is being verified again.")
    run_id = queue_verification(uow, row, definition_named(row.definition))
    note(uow, row, "verification_started")
    return run_id


def queue_verification(uow: UnitOfWork, row: Backfill, definition: Definition) -> uuid.UUID:
    """The verification of a locked row, after the reconciliations it looks at have run anew."""
    after = reconciling.start_runs(uow, row, definition, f"after:{uow.request_id}:{uow.clock.now().isoformat()}")
    row.baseline = (row.baseline or {}) | {"runs": [str(one) for one in after]}
    console = _as_calendar(uow, uow.actor.name)
    row.run_id = run_id = runs.enqueue(console, kind=VERIFY, params=BackfillParams(backfill_id=row.id), after=after)
    return run_id


def hold_for_calendar(uow: UnitOfWork, row: Backfill, found: Standing) -> None:
    """The window closed or a freeze began: a locked row that runs stands still from here on."""
    by = "freeze" if found.gate is Gate.FROZEN else "night" if row.pace == Pace.NIGHT else "window"
    hold(uow, row, by, found.until)


def hold(
    uow: UnitOfWork, row: Backfill, by: str, opens_at: dt.datetime | None, excess: Mapping[str, Any] | None = None
) -> None:
    """Pauses a locked row at its batch boundary until the calendar or the load let it go on; gives its worker back."""
    move(uow, row, S.PAUSED)
    until = opens_at.isoformat() if opens_at else None
    row.hold = {"by": by, "since": uow.clock.now().isoformat(), "opens_at": until} | dict(excess or {})
    _wish(_as_calendar(uow), row, runs.pause)
    note(uow, row, "held", after=row.hold)


def stop_waiting(uow: UnitOfWork, row: Backfill) -> None:
    """Ends the queued run of a row whose reconciliation died; `resume` queues another."""
    _wish(_as_calendar(uow), row, runs.cancel)


def waiting_for_calendar(uow: UnitOfWork) -> tuple[uuid.UUID, ...]:
    """Backfills that may have something to do now by the calendar or because their code changed."""
    uow.actor.require(Permission.RUN_EXECUTE)
    by = Backfill.hold["by"].astext
    held = (Backfill.state == S.PAUSED) & ((by == "load") | (Backfill.follow_windows & (by != "person")))
    waiting = Backfill.state.in_([S.APPROVED, S.AWAITING_APPROVAL, S.DRY_RUN_READY])
    return tuple(uow.session.scalars(select(Backfill.id).where(waiting | held).order_by(Backfill.id)))


def tend(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> str | None:
    """Starts what is planned, resumes what the calendar held, and makes a draft of what has other code by now.

    Returns what was done, None for nothing.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, backfill_id)
    if row.state in (S.APPROVED, S.AWAITING_APPROVAL, S.DRY_RUN_READY) and (problem := outdated(row)):
        refused(uow, row, problem)
        return "back_to_draft"
    if row.state == S.APPROVED and row.planned_for is not None and row.planned_for <= uow.clock.now():
        return _start_if_open(uow, row)
    held = row.state == S.PAUSED and (row.hold or {}).get("by")
    if held == "load" and not _is_calm(uow, row):
        return None
    goes_on = held == "load" or (held not in (None, False, "person") and row.follow_windows)
    if goes_on and standing_of(uow, row).is_open:
        resume(_as_calendar(uow), backfill_id=row.id)
        return "resumed"
    return None


def _is_calm(uow: UnitOfWork, row: Backfill) -> bool:
    try:
        return excess_of(load_of(uow, shown_definition(row.definition), LoadMeter())) is None
    except (TargetBusy, TargetUnavailable):
        return False


def _start_if_open(uow: UnitOfWork, row: Backfill) -> str | None:
    if not standing_of(uow, row).is_open:
        return None
    try:
        with uow.session.begin_nested():
            started = start_planned(_as_calendar(uow, row.planned_by_name), row)
    except DomainError as error:
        unplan(row)
        row.problem = error.sentence
        note(uow, row, "start_refused", reason=error.sentence)
        return "refused"
    return "started" if started.run_id else "back_to_draft"


def _as_calendar(uow: UnitOfWork, planner: str | None = None) -> UnitOfWork:
    return UnitOfWork(uow.session, Actor.system(_CALENDAR, on_behalf_of=planner), uow.clock, uow.request_id)


def _wish(uow: UnitOfWork, row: Backfill, wish: Any) -> bool:
    """Tells the run; False when it has ended already and there is nobody to tell."""
    try:
        with uow.session.begin_nested():
            wish(as_console(uow), run_id=row.run_id)
    except runs.IllegalWish:
        return False
    return True


def _is_before_start(uow: UnitOfWork, backfill_id: uuid.UUID) -> bool:
    return uow.session.scalar(select(Backfill.state).where(Backfill.id == backfill_id)) in BEFORE_START
