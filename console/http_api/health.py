"""Probes. Public, because a load balancer has no session; they say what is wrong in a word and no more."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from console.kit import application
from services import audit, runs
from services.core import migrate
from services.core.actor import Actor

router = APIRouter(include_in_schema=False)
_PROBE = Actor.system("probe")


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz() -> JSONResponse:
    """200 when the database answers in the schema of this code and a worker was seen; 503 says what is missing.

    `checkpoints` warns: whether two places at least take the audit log's, which the console can work without.
    """
    checks = {"database": _guarded(_database), "migrations": _guarded(_migrations), "worker": _guarded(_worker)}
    ready = all(word == "ok" for word in checks.values())
    told = {"status": "ok" if ready else "waiting", **checks, "checkpoints": _guarded(_checkpoints)}
    return JSONResponse(told, status_code=200 if ready else 503)


def _guarded(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception:
        return "unreachable"


def _database() -> str:
    with application.current().database.unit_of_work(_PROBE) as uow:
        uow.driver.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    return "ok" if migrate.current_revision(application.current().database.url) == migrate.head_revision() else "behind"


def _worker() -> str:
    with application.current().database.unit_of_work(_PROBE) as uow:
        return "ok" if runs.workers_seen(uow).workers else "none seen"


def _checkpoints() -> str:
    with application.current().database.unit_of_work(_PROBE) as uow:
        now = audit.status(uow)
    if now.failing:
        return "a sink fails"
    return "too few sinks" if now.lacks_sinks else "ok"
