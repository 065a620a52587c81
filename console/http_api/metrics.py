"""Prometheus metrics: for whoever may read runs, or from the machine itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.kit import application, session
from services import runs
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.permissions import Permission
from services.runs import RunState

router = APIRouter(include_in_schema=False)
_SCRAPE = Actor.system("metrics")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
REGISTRY = CollectorRegistry()
REQUESTS = Counter("kontor_http_requests_total", "HTTP requests", ["method", "status"], registry=REGISTRY)
SECONDS = Histogram("kontor_http_request_seconds", "Time to answer an HTTP request", registry=REGISTRY)
SOCKETS = Gauge("kontor_websockets", "Open pages", registry=REGISTRY)
Figure = tuple[str, str, dict[str, str], float]
_FIGURES: list[Callable[[UnitOfWork], list[Figure]]] = []
_OLDEST_AMONG = 500


def register_figures(figures: Callable[[UnitOfWork], list[Figure]]) -> None:
    """Adds gauges read at each scrape: (name, help, labels, value). Done in `console/http_api/app.py`, visibly."""
    _FIGURES.append(figures)


def run_figures(uow: UnitOfWork) -> list[Figure]:
    """Runs by state, how long the oldest one waits, and the processes alive."""
    queued = runs.list_runs(uow, states=(RunState.QUEUED,), limit=_OLDEST_AMONG).rows
    waits = max(((uow.clock.now() - row.not_before).total_seconds() for row in queued if not row.blocked), default=0.0)
    seen = runs.workers_seen(uow)
    by_state = [
        ("kontor_runs", "Runs by state", {"state": state.value}, float(count))
        for state, count in runs.count_runs(uow).items()
    ]
    return [
        *by_state,
        ("kontor_queue_age_seconds", "How long the oldest due run has waited", {}, max(0.0, waits)),
        ("kontor_processes", "Processes alive", {"role": "worker"}, float(seen.workers)),
        ("kontor_processes", "Processes alive", {"role": "clock"}, float(seen.clocks)),
    ]


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything counted so far. A proxied request is not from the machine itself, so it needs a session."""
    here = request.client is not None and request.client.host in _LOOPBACK
    if not here or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        person = session.look_up(session.secret_in(request.cookies))
        if person is None:
            raise Forbidden("Sign in first.", permission=str(Permission.RUN_READ))
        person.actor.require(Permission.RUN_READ)
    return Response(generate_latest(REGISTRY) + generate_latest(_read_figures()), media_type=CONTENT_TYPE_LATEST)


def _read_figures() -> CollectorRegistry:
    fresh, gauges = CollectorRegistry(), {}
    with application.current().database.unit_of_work(_SCRAPE) as uow:
        for name, text, labels, value in [item for figures in _FIGURES for item in figures(uow)]:
            if name not in gauges:
                gauges[name] = Gauge(name, text, list(labels), registry=fresh)
            (gauges[name].labels(**labels) if labels else gauges[name]).set(value)
    return fresh


class Counted:
    """Counts requests and open websockets; wraps the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with SOCKETS.track_inprogress():
                await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._counted(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(scope["method"], str(message["status"])).inc()
                SECONDS.observe(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, watch)
