"""Bodies of the backfills' kinds: dry run, work, verification, the way back."""

from __future__ import annotations

import time
from typing import Any

from jobs.registry import job
from jobs.runner import RunContext
from services import backfills
from services.backfills import BackfillParams, Direction, Plan

_NAP = 0.5  # seconds between two looks at a load that is too high


@job(backfills.DRY_RUN)
def dry_run(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Measures what would happen, in one transaction whose writes are rolled back."""
    with ctx.unit_of_work() as uow:
        return backfills.take_dry_run(uow, backfill_id=params.backfill_id)


@job(backfills.EXECUTE)
def execute(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Batch after batch until the bound that the dry run froze."""
    plan = _walk(ctx, params, Direction.FORWARD)
    with ctx.unit_of_work() as uow:
        return backfills.end_forward(uow, plan=plan)


@job(backfills.VERIFY)
def verify(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Measures the checks and a sample, and asks Finance to sign."""
    with ctx.unit_of_work() as uow:
        return backfills.verify(uow, backfill_id=params.backfill_id)


@job(backfills.ROLL_BACK)
def roll_back(ctx: RunContext, params: BackfillParams) -> dict[str, Any]:
    """Gives the values back, the last batch first."""
    plan = _walk(ctx, params, Direction.BACK)
    with ctx.unit_of_work() as uow:
        return backfills.end_back(uow, plan=plan)


def _walk(ctx: RunContext, params: BackfillParams, direction: Direction) -> Plan:
    with ctx.unit_of_work() as uow:
        plan = backfills.begin(uow, backfill_id=params.backfill_id, direction=direction)
        total = backfills.backfill_detail(uow, backfill_id=params.backfill_id).backfill.predicted
    meter = backfills.LoadMeter()
    while True:
        ctx.safe_point()
        _wait_for_calm(ctx, plan, meter)
        with ctx.unit_of_work() as uow:
            step, rest = backfills.step(uow, plan=plan, direction=direction)
        ctx.progress(step.total_changed, total, phase=direction.value)
        if step.done:
            return plan
        time.sleep(rest)


def _wait_for_calm(ctx: RunContext, plan: Plan, meter: backfills.LoadMeter) -> None:
    """Load never ends a backfill: it waits at the boundary, where it can be paused and cancelled."""
    while True:
        with ctx.unit_of_work() as uow:
            if backfills.breathe(uow, plan=plan, meter=meter) is None:
                return
        ctx.safe_point()
        time.sleep(_NAP)
