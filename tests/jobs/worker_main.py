"""`python -m tests.jobs.worker_main worker|clock`: the real processes, with bodies that tests can follow."""

from __future__ import annotations

import time
from typing import Any

from pydantic import BaseModel
from sqlalchemy import text

from jobs.__main__ import cli
from jobs.registry import job
from jobs.runner import RunContext
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.runs import RunKind


class Steps(BaseModel):
    steps: int = 10
    pause: float = 0.01
    name: str = "a"


class Nothing(BaseModel):
    pass


COUNT = RunKind("tests.count", Steps, Permission.RUN_CONTROL, concurrency=8)
FAIL = RunKind("tests.fail", Nothing, Permission.RUN_CONTROL, max_attempts=2, retry_seconds=0.1)
REFUSE = RunKind("tests.refuse", Nothing, Permission.RUN_CONTROL)
SLOW = RunKind("tests.slow", Nothing, Permission.RUN_CONTROL, timeout_seconds=0.2, max_attempts=1)


@job(COUNT)
def count(ctx: RunContext, params: Steps) -> dict[str, Any]:
    """Adds one to a counter per step: doubled or lost steps show in the sum."""
    for step in range(ctx.state.get("step", 0), params.steps):
        ctx.safe_point()
        with ctx.unit_of_work() as uow:
            statement = text("UPDATE counter SET value = value + 1, at = clock_timestamp() WHERE name = :name")
            uow.session.execute(statement, {"name": params.name})
            ctx.remember(uow, step=step + 1)
        ctx.progress(step + 1, params.steps, phase="counting")
        time.sleep(params.pause)
    ctx.log("count.finished", steps=params.steps, api_key="sk_test_1234567890")
    return {"steps": params.steps}


@job(FAIL)
def fail(ctx: RunContext, params: Nothing) -> dict[str, Any]:
    raise RuntimeError("the key sk_live_abcdefgh was refused")


@job(REFUSE)
def refuse(ctx: RunContext, params: Nothing) -> dict[str, Any]:
    raise Invalid("The file is empty.")


@job(SLOW)
def slow(ctx: RunContext, params: Nothing) -> dict[str, Any]:
    for _ in range(100):
        ctx.safe_point()
        time.sleep(0.05)
    return {}


if __name__ == "__main__":
    cli()
