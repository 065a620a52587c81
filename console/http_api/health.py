"""Probes. Public, because a load balancer has no session; they say what is wrong in a word and no more."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from redis import Redis

from console.kit import application
from services import audit, runs
from services.core import migrate
from services.core.actor import Actor

router = APIRouter(include_in_schema=False)
_PROBE = Actor.system("probe")
_PATIENCE = 1.0  # seconds


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz() -> JSONResponse:
    """200 when the database answers in the schema of this code and a worker was seen; 503 says what is missing.

    `redis` has to answer where several web processes share the state of pages in one. `checkpoints` warns: whether
    two places at least take the audit log's, which the console can work without.
    """
    checks = {"database": _guarded(_database), "migrations": _guarded(_migrations), "worker": _guarded(_worker)}
    if shared := application.current().settings.redis_url:
        checks["redis"] = _guarded(lambda: _redis(shared.get_secret_value()))
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


def _redis(address: str) -> str:
    with Redis.from_url(address, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE) as shared:
        shared.ping()
    return "ok"


def _checkpoints() -> str:
    with application.current().database.unit_of_work(_PROBE) as uow:
        now = audit.status(uow)
    if now.failing:
        return "a sink fails"
    return "too few sinks" if now.lacks_sinks else "ok"
