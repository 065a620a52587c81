"""Probes. Public, because a load balancer has no session; they say what is wrong in a word and no more."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from console.kit import application
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
    """200 when the database answers in the schema of this code and a worker was seen; 503 names what is missing."""
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(word == "ok" for word in checks.values())
    return JSONResponse({"status": "ok" if ready else "waiting", **checks}, status_code=200 if ready else 503)


def _database() -> str:
    try:
        with application.current().database.unit_of_work(_PROBE) as uow:
            uow.ping()
    except Exception:
        return "unreachable"
    return "ok"


def _migrations() -> str:
    try:
        return "ok" if migrate.is_current(application.current().database.url) else "behind"
    except Exception:
        return "unreachable"


CHECKS = {"database": _database, "migrations": _migrations}
