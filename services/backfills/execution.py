"""What a worker does with a backfill that has started. Every function runs in the run's fenced transaction."""

from __future__ import annotations

import uuid
from typing import Any

from services import approvals, runs
from services.backfills import announcing, batching, ledger, reconciling
from services.backfills.batching import Plan, Step
from services.backfills.calendaring import standing_of
from services.backfills.definition import definition_named
from services.backfills.errors import NotAtWork, NothingLeft, PlanChanged
from services.backfills.images import images_of, make_images
from services.backfills.load import LoadMeter, load_of
from services.backfills.models import Backfill
from services.backfills.moved import given_back
from services.backfills.policy import FIRST_SIZE, TARGET_SECONDS, Excess, excess_of, readings_of, rest_after
from services.backfills.service import (
    S,
    agreed_content,
    checked_params,
    locked,
    move,
    note,
)
from services.backfills.steering import hold, hold_for_calendar, queue_verification
from services.backfills.targets import at_target
from services.backfills.vocabulary import Direction, Pace
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.words import Words

_BACK = Words(
    "{restored} rows restored, {conflicts} edited since and left alone",
    "{restored} Zeilen zurückgesetzt, {conflicts} seither bearbeitet und belassen",
)
_WORKING = {Direction.FORWARD: S.RUNNING, Direction.BACK: S.ROLLING_BACK}


def begin(uow: UnitOfWork, *, backfill_id: uuid.UUID, run_id: uuid.UUID, direction: Direction) -> Plan:
    """Takes the work over under a new epoch. Raises PlanChanged when it is not what was agreed to at the start, and
    NothingLeft."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, backfill_id)
    take_up(uow, row, run_id, _WORKING[direction], after=S.FAILED)
    _at_work(uow, row, direction)
    definition = definition_named(row.definition)
    if row.plan is None or (direction is Direction.FORWARD and not _as_agreed(uow, row, row.plan)):
        raise PlanChanged("Parameters or code are not what was agreed to when this started; it cannot go on.")
    if direction is Direction.FORWARD and (row.baseline or {}).get("before") is None:
        row.baseline = (row.baseline or {}) | {
            "before": reconciling.snapshot(uow, definition),
            "at": uow.clock.now().isoformat(),
        }
    with at_target(uow, definition, follow=row.id) as connection:
        ledger.lay_down(connection)
        if direction is Direction.FORWARD:
            make_images(connection, definition, row.number)
        else:
            images_of(connection, definition, row.number).index(connection)
        cursor = ledger.open_cursor(connection, row.id, direction, FIRST_SIZE)
    params = checked_params(definition, row.plan["params"])
    return Plan(row.id, row.number, definition, params, row.plan["frozen"]["bound"], cursor.epoch)


def _as_agreed(uow: UnitOfWork, row: Backfill, plan: dict[str, Any]) -> bool:
    """Whether parameters and code are those of the plan, and the plan is what the used approval was given to.

    Whoever writes the row by hand has no approval of that content.
    """
    if row.consumed_request_id is None or agreed_content(row, plan["frozen"]) != plan:
        return False
    asked = approvals.request_detail(uow, request_id=row.consumed_request_id).request
    return asked.subject_id == str(row.id) and asked.content == plan


def step(uow: UnitOfWork, *, plan: Plan, direction: Direction) -> tuple[Step, float]:
    """One batch, with its checkpoint, and how long to rest after it. Raises NotAtWork when somebody stopped it."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, plan.backfill_id)
    _at_work(uow, row, direction)
    pace = Pace(row.pace)
    act = batching.forward if direction is Direction.FORWARD else batching.back
    with at_target(uow, plan.definition, follow=row.id) as connection:
        done = act(connection, plan, TARGET_SECONDS[pace])
    return done, rest_after(pace, done.seconds)


def hold_if_closed(uow: UnitOfWork, *, plan: Plan) -> None:
    """Pauses it when the window has closed or a freeze began; it stands at a batch boundary then."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, plan.backfill_id)
    found = standing_of(uow, row)
    if row.state == S.RUNNING and not found.is_open:
        hold_for_calendar(uow, row, found)


def breathe(uow: UnitOfWork, *, plan: Plan, meter: LoadMeter) -> Excess | None:
    """Looks at the load; notes on the backfill since when it waits and for what, and clears it again.

    Where it is critical, the backfill pauses and goes on by itself when the load is normal again.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    load = load_of(uow, plan.definition, meter)
    excess = excess_of(load)
    ledger.note_load(uow.session.connection(), plan.backfill_id, readings_of(load), uow.clock.now())
    row = uow.session.get(Backfill, plan.backfill_id, populate_existing=True)
    if row is None or (excess is None and row.throttle is None):
        return excess
    row = locked(uow, plan.backfill_id)
    row.throttle = None if excess is None else _waits(uow, row, excess)
    if excess is not None and excess.critical and row.state == S.RUNNING:
        hold(uow, row, "load", None, row.throttle)
    uow.session.flush()
    return excess


def note_waiting(uow: UnitOfWork, *, plan: Plan, indicator: str) -> None:
    """Notes on the backfill that its database lets it wait (one of TARGET_WAITS), and since when."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, plan.backfill_id)
    row.throttle = _waits(uow, row, Excess(indicator, 0, 0))


def _waits(uow: UnitOfWork, row: Backfill, excess: Excess) -> dict[str, Any]:
    """What it waits for; since when is kept as long as that stays the same indicator."""
    former = row.throttle or {}
    since = former.get("since") if former.get("indicator") == excess.indicator else None
    return {
        "indicator": excess.indicator,
        "value": excess.value,
        "limit": excess.limit,
        "since": since or uow.clock.now().isoformat(),
    }


def end_forward(uow: UnitOfWork, *, plan: Plan) -> dict[str, Any]:
    """All batches are done: goes on to the verification."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, plan.backfill_id)
    cursor = ledger.read_cursor(uow.session.connection(), row.id)
    if row.state != S.RUNNING or not cursor.done or cursor.epoch != plan.epoch:
        raise NotAtWork("There are batches left.")
    move(uow, row, S.VERIFYING)
    row.changed_at = uow.clock.now()
    aside = ledger.quarantined(uow.session.connection(), row.id)
    result = {"changed": cursor.changed, "batches": cursor.number, "quarantined": aside}
    queue_verification(uow, row, plan.definition)
    note(uow, row, "changed_rows", after=result)
    return result


def end_back(uow: UnitOfWork, *, plan: Plan) -> dict[str, Any]:
    """Everything is given back that could be."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, plan.backfill_id)
    connection = uow.session.connection()
    cursor = ledger.read_cursor(connection, row.id)
    conflicts = ledger.conflicts(connection, row.id)
    result = {"restored": cursor.changed, "conflicts": conflicts}
    move(uow, row, S.ROLLED_BACK_WITH_CONFLICTS if conflicts else S.ROLLED_BACK)
    row.ended_at = uow.clock.now()
    note(uow, row, "rolled_back", after=result)
    said = {"restored": cursor.changed, "conflicts": conflicts}
    money = given_back(row)
    reconciling.report(uow, row, plan.definition, rows=cursor.changed, result="rolled_back", held=None, money=money)
    announcing.announce(uow, row, "rolled_back", result=Words(_BACK.of("en", **said), _BACK.of("de", **said)))
    return result


def take_up(uow: UnitOfWork, row: Backfill, run_id: uuid.UUID, wanted: S, *, after: S) -> None:
    """An attempt works only for the backfill that waits for its run. Raises NothingLeft.

    A worker may die between the commit of its work and the note that its run succeeded; the next attempt finds the
    backfill further on, perhaps approved or asked for anew. A run that died (its backfill went to `after`) and was
    tried again on the Runs page takes its backfill along.
    """
    if row.run_id != run_id:
        raise NothingLeft(f"Another run has taken this one's place; the backfill is {row.state}.")
    if row.state == after:
        move(uow, row, wanted)
        row.problem = None
        note(uow, row, "taken_up_again", after={"run": str(run_id)})
    if row.state not in (wanted, S.PAUSED):
        raise NothingLeft(f"There is nothing left for this run to do; the backfill is {row.state}.")


def _at_work(uow: UnitOfWork, row: Backfill, direction: Direction) -> None:
    """Raises NotAtWork. A run that was paused and resumed on the Runs page takes its backfill along."""
    wanted = _WORKING[direction]
    if row.state == S.PAUSED and direction is Direction.FORWARD and _run_wants_to_go_on(uow, row):
        move(uow, row, S.RUNNING)
    if row.state != wanted:
        raise NotAtWork(f"This backfill is {row.state}; nothing more is changed.")


def _run_wants_to_go_on(uow: UnitOfWork, row: Backfill) -> bool:
    return row.run_id is not None and runs.run_detail(uow, run_id=row.run_id).run.desired is runs.Desired.RUN
