"""Bodies of the backfills' kinds: dry run, work, verification, the way back."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from jobs.registry import job
from jobs.runner import SYSTEM, RunContext
from jobs.standing import standing
from services import backfills
from services.backfills import (
    BackfillParams,
    Direction,
    NotAtWork,
    NothingLeft,
    Plan,
    Step,
    TargetBusy,
    TargetUnavailable,
)
from services.bootstrap import Application
from services.core.db import UnitOfWork
from services.core.log import get_logger

_T = TypeVar("_T")
_Body = Callable[[RunContext, BackfillParams], dict[str, Any]]
_log = get_logger(__name__)
_TOLD_WITHIN = 5.0  # seconds until the wish that stopped a backfill has reached its worker
_NAP = 0.5  # seconds between two looks at a load that is too high


@standing("backfills.calendar", interval=5.0)
def keep_calendar(app: Application) -> bool:
    """Starts what is planned, resumes what the calendar held; each backfill in a transaction of its own."""
    with app.database.unit_of_work(SYSTEM) as uow:
        waiting = backfills.waiting_for_calendar(uow)
    for backfill_id in waiting:
        with app.database.unit_of_work(SYSTEM) as uow:
            done = backfills.tend(uow, backfill_id=backfill_id)
        if done:
            _log.info("backfills.tended", backfill=str(backfill_id), done=done)
    return False


def _or_nothing_left(body: _Body) -> _Body:
    """A run whose work is done already, or is another's by now, ends well and says so."""

    @functools.wraps(body)
    def carried_out(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
        try:
            return body(ctx, params)
        except NothingLeft as found:
            return {"nothing_left": found.sentence}

    return carried_out


@job(backfills.DRY_RUN)
@_or_nothing_left
def dry_run(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Measures what would happen, in one transaction whose writes are rolled back."""
    with ctx.unit_of_work() as uow:
        asked = backfills.begin_dry_run(uow, backfill_id=params.backfill_id, run_id=ctx.run_id)
    with ctx.rolled_back() as uow:
        document = backfills.measure_dry_run(uow, asked=asked)
    with ctx.unit_of_work() as uow:
        return backfills.keep_dry_run(uow, asked=asked, document=document)


@job(backfills.EXECUTE)
@_or_nothing_left
def execute(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Batch after batch until the bound that the dry run froze."""
    plan = _walk(ctx, params, Direction.FORWARD)
    return _unless_stopped(ctx, lambda uow: backfills.end_forward(uow, plan=plan))


@job(backfills.VERIFY)
@_or_nothing_left
def verify(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Measures the checks and a sample, and asks Finance to sign."""
    with ctx.unit_of_work() as uow:
        asked = backfills.begin_verification(uow, backfill_id=params.backfill_id, run_id=ctx.run_id)
    with ctx.rolled_back() as uow:
        document = backfills.measure_verification(uow, asked=asked)
    with ctx.unit_of_work() as uow:
        return backfills.keep_verification(uow, asked=asked, document=document)


@job(backfills.ROLL_BACK)
@_or_nothing_left
def roll_back(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Gives the values back, the last batch first."""
    plan = _walk(ctx, params, Direction.BACK)
    with ctx.unit_of_work() as uow:
        return backfills.end_back(uow, plan=plan)


def _walk(ctx: RunContext, params: BackfillParams, direction: Direction) -> Plan:
    with ctx.unit_of_work() as uow:
        plan = backfills.begin(uow, backfill_id=params.backfill_id, run_id=ctx.run_id, direction=direction)
        total = backfills.backfill_detail(uow, backfill_id=params.backfill_id).backfill.predicted
    meter = backfills.LoadMeter()
    while True:
        ctx.safe_point()
        _patiently(ctx, plan, lambda: _wait_for_calm(ctx, plan, meter))
        if direction is Direction.FORWARD:
            with ctx.unit_of_work() as uow:
                backfills.hold_if_closed(uow, plan=plan)
        step, rest = _patiently(ctx, plan, lambda: _batch(ctx, plan, direction))
        ctx.progress(step.total_changed, total, phase=direction.value)
        if step.done:
            return plan
        time.sleep(rest)


def _patiently(ctx: RunContext, plan: Plan, act: Callable[[], _T]) -> _T:
    """A target that is busy or away never ends a backfill: it waits where it can be paused and cancelled.

    After a lost connection nobody knows whether the batch committed; the cursor there does, and is asked again.
    """
    while True:
        try:
            return act()
        except (TargetBusy, TargetUnavailable) as error:
            busy = "target_busy" if isinstance(error, TargetBusy) else "target_unreachable"
        with ctx.unit_of_work() as uow:
            backfills.note_waiting(uow, plan=plan, indicator=busy)
        ctx.safe_point()
        time.sleep(_NAP)


def _wait_for_calm(ctx: RunContext, plan: Plan, meter: backfills.LoadMeter) -> None:
    """Load never ends a backfill: it waits at the boundary, where it can be paused and cancelled."""
    while True:
        with ctx.unit_of_work() as uow:
            if backfills.breathe(uow, plan=plan, meter=meter) is None:
                return
        ctx.safe_point()
        time.sleep(_NAP)


def _batch(ctx: RunContext, plan: Plan, direction: Direction) -> tuple[Step, float]:
    return _unless_stopped(ctx, lambda uow: backfills.step(uow, plan=plan, direction=direction))


def _unless_stopped(ctx: RunContext, act: Callable[[UnitOfWork], _T]) -> _T:
    """Somebody, or the calendar, may have stopped the backfill a moment before the wish reaches this worker.

    It may be resumed before that, too; then the wish never comes, and the work goes on.
    """
    deadline = time.monotonic() + _TOLD_WITHIN
    while True:
        try:
            with ctx.unit_of_work() as uow:
                return act(uow)
        except NotAtWork:
            if time.monotonic() > deadline:
                raise
        ctx.safe_point()
        time.sleep(0.05)
