"""`python -m tests.faults.effects worker`: a worker whose job has effects that must neither be lost nor doubled."""

from __future__ import annotations

import time
import uuid
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text

from jobs.__main__ import cli
from jobs.registry import job
from jobs.runner import RunContext
from services import runs
from services.core.actor import Actor
from services.core.db import Database
from services.core.errors import DatabaseUnavailable
from services.core.permissions import Permission

STEPS = 40
PAUSE = 0.02  # seconds of work per step
ACTOR = Actor.system("faults")


class Steps(BaseModel):
    steps: int = STEPS


EFFECT = runs.RunKind("faults.effect", Steps, Permission.RUN_CONTROL, concurrency=4, max_attempts=3)


@job(EFFECT)
def effect(ctx: RunContext, params: Steps) -> dict[str, Any]:
    """Appends a row per step: not idempotent, there is no key to stop a second one."""
    for step in range(ctx.state.get("step", 0), params.steps):
        ctx.safe_point()
        with ctx.unit_of_work() as uow:
            statement = text("INSERT INTO effect (run_id, step) VALUES (:run_id, :step)")
            uow.session.execute(statement, {"run_id": ctx.run_id, "step": step})
            ctx.remember(uow, step=step + 1)
        ctx.progress(step + 1, params.steps, phase="effects")
        time.sleep(PAUSE)
    return {"steps": params.steps}


def lay_down(database: Database, count: int) -> list[uuid.UUID]:
    """The table of effects, and `count` runs in the queue."""
    with database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("CREATE TABLE effect (id bigserial, run_id uuid, step int)"))
        return [runs.enqueue(uow, kind=EFFECT, params=Steps()) for _ in range(count)]


def tally(database: Database, count: int) -> dict[str, int]:
    """Effects that are missing, and effects beyond the first of their step."""
    with database.unit_of_work(ACTOR) as uow:
        row = uow.session.execute(
            text("SELECT count(*) AS done, count(DISTINCT (run_id, step)) AS distinct_steps FROM effect")
        ).one()
    expected = count * STEPS
    return {"effects": row.done, "lost": expected - row.distinct_steps, "doubled": row.done - row.distinct_steps}


def unfinished(database: Database) -> int | None:
    """Runs that are not at their end; None while the database does not answer. Raises when one died."""
    try:
        with database.unit_of_work(ACTOR) as uow:
            counts = runs.count_runs(uow)
    except DatabaseUnavailable:
        return None
    if counts[runs.RunState.DEAD]:
        raise RuntimeError("a run became a dead letter")
    return sum(counts.values()) - counts[runs.RunState.SUCCEEDED]


def done(database: Database) -> int:
    """Effects so far; -1 while the database does not answer."""
    try:
        with database.unit_of_work(ACTOR) as uow:
            return uow.session.execute(text("SELECT count(*) FROM effect")).scalar_one()
    except DatabaseUnavailable:
        return -1


if __name__ == "__main__":
    cli()
