"""Ours against bare Reflex: an event through the whole path, with what authorisation and the crossing cost.

`python -m benchmarks.web --json`. All sides run in one process and in turns. *bare* is Reflex's own event
processor with a handler that counts; *authorised* adds our middleware (session and rights read from PostgreSQL
for each event); *crossing* adds one service call in a unit of work. `events_per_second` and `p95_ms` are of one
tab that sends one event after another; `bundle_kb` is what the built pages weigh compressed, when they are built.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from benchmarks.measure import Candidate, compare, ground, report
from console.console import app
from console.kit import application, backend, serving, session
from console.kit.authz import event
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.permissions import Permission
from services.core.settings import Settings
from services.identity import Grant, Role
from services.integrations.stripe_gateway import StripeGateway

_EVENTS = 150
_PASSWORD = "benchmarks only, never a person"
_SYSTEM = Actor.system("benchmark")


class Counting(rx.State):
    """The work of the handler itself: next to nothing."""

    count: int = 0

    @event(Permission.SELF)
    async def add(self) -> None:
        self.count += 1

    @event(Permission.SELF)
    async def ask(self) -> None:
        self.count += len(await backend.call(self, identity.legal_entities))


class Side:
    """One way of sending events, with the time each took in the last round."""

    def __init__(self, handler: str, *, authorised: bool, secret: str) -> None:
        self._name = f"{Counting.get_full_name()}.{handler}"
        self._authorised, self._cookie = authorised, f"{session.COOKIE}={secret}"
        person = session.look_up(secret)
        assert person is not None
        self._person = person
        self.seconds: list[float] = []

    def run(self) -> None:
        asyncio.run(self._send())

    async def _send(self) -> None:
        session.PRINCIPAL.set(
            self._person
        )  # what a tab loads on its first event asks for it, with or without middleware
        processor = BaseStateEventProcessor(middleware=app if self._authorised else None)
        with app.set_contexts():
            async with processor.configure(state_manager=StateManagerMemory()):
                for _ in range(_EVENTS):
                    started = time.perf_counter()
                    router_data = {"pathname": "/", "headers": {"cookie": self._cookie}}
                    sent = Event(name=self._name, payload={}, router_data=router_data)
                    async for _delta in processor.enqueue_stream_delta("tab", sent):
                        pass
                    self.seconds.append(time.perf_counter() - started)

    def figures(self) -> dict[str, float]:
        taken = self.seconds[_EVENTS:]
        return {
            "events_per_second": round(len(taken) / sum(taken), 1),
            "p50_ms": round(statistics.median(taken) * 1000, 2),
            "p95_ms": round(statistics.quantiles(taken, n=20)[18] * 1000, 2),
        }


def _somebody(wired: Application) -> str:
    with wired.database.unit_of_work(_SYSTEM) as uow:
        identity.create_legal_entity(
            uow, code="mh-de", name="Musterhandel GmbH", country="DE", currency="EUR", time_zone="Europe/Berlin"
        )
        identity.create_user(
            uow,
            email="bench@example.com",
            display_name="Bench",
            password=_PASSWORD,
            grants=[Grant(Role.FINANCE)],
        )
    with wired.database.unit_of_work(_SYSTEM) as uow:
        secret = identity.authenticate(
            uow, email="bench@example.com", password=_PASSWORD, address=None, user_agent=None
        )
    assert isinstance(secret, identity.SessionSecret)
    return secret.value


def _bundle_kb() -> dict[str, float] | None:
    """Compressed size of what every page loads (shared chunks and style sheet), and of the largest chunk."""
    folder = serving.ROOT / ".web/build/client/assets"
    files: Callable[[str], list[Path]] = lambda pattern: list(folder.glob(pattern))  # noqa: E731
    scripts = {file.name: file.stat().st_size / 1024 for file in files("*.js.gz")}
    if not scripts:
        return None
    plotly = {name: size for name, size in scripts.items() if name.startswith("plotly")}
    sheets = sum(file.stat().st_size / 1024 for file in files("*.css.gz"))
    return {
        "scripts_without_charts": round(sum(scripts.values()) - sum(plotly.values()), 1),
        "charts": round(sum(plotly.values()), 1),
        "style": round(sheets, 1),
    }


def measure() -> dict[str, Any]:
    with ground() as place:
        settings = Settings(sandbox=True)
        wired = Application(settings, place.database, StripeGateway.of(settings))
        application.use(wired)
        secret = _somebody(wired)
        sides = {
            "bare": Side("add", authorised=False, secret=secret),
            "authorised": Side("add", authorised=True, secret=secret),
            "crossing": Side("ask", authorised=True, secret=secret),
        }
        compared = compare(
            {name: Candidate(side.run) for name, side in sides.items()}, baseline="bare", server_pid=place.server_pid
        )
        application.use(None)
    bare = sides["bare"].figures()
    latency = {
        name: side.figures() | {"p95_ratio": round(side.figures()["p95_ms"] / bare["p95_ms"], 1)}
        for name, side in sides.items()
    }
    return {"events": compared, "latency": latency, "bundle_kb": _bundle_kb()}


if __name__ == "__main__":
    report(measure())
