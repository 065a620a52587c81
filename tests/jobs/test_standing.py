"""Standing loops: one leader at a time, errors backed off, woken by a notification."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from jobs.standing import StandingLoop, StandingLoops
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.leader import Leadership
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from tests.jobs.conftest import until


@pytest.fixture
def app(database: Database) -> Application:
    settings = Settings(sandbox=False)
    return Application(settings, database, StripeGateway.of(settings))


@contextmanager
def standing(
    app: Application, step: Callable[[Application], bool], *, interval: float = 0.02, channel: str | None = None
) -> Iterator[StandingLoops]:
    loops = StandingLoops(app, [StandingLoop("tests.loop", step, interval, channel)])
    loops.start()
    try:
        yield loops
    finally:
        loops.stop()


def test_only_one_of_two_workers_steps_and_the_other_takes_over(app: Application):
    first, second = [], []
    with standing(app, lambda _: bool(first.append(1))):
        until(lambda: len(first) > 3)
        with standing(app, lambda _: bool(second.append(1))):
            time.sleep(0.3)
            assert not second
            with app.database.unit_of_work(Actor.system("test")) as uow:
                uow.session.execute(
                    text(
                        "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
                        " WHERE application_name = 'kontor tests.loop' AND locktype = 'advisory'"
                        " AND datname = current_database()"
                    )
                )
            assert until(lambda: second or len(first) > 40, seconds=5) < 5


def test_an_error_is_backed_off_and_the_place_freed(app: Application):
    tries = []

    def fail(_: Application) -> bool:
        tries.append(time.monotonic())
        raise RuntimeError("broken")

    with standing(app, fail):
        until(lambda: len(tries) == 2)
        assert tries[1] - tries[0] >= 0.5
        place = Leadership(app.database, "tests.loop")
        until(place.take)
        place.close()


def test_more_to_do_is_done_at_once(app: Application):
    left = [50]

    def step(_: Application) -> bool:
        left[0] -= 1
        return left[0] > 0

    with standing(app, step, interval=30):
        assert until(lambda: left[0] == 0) < 5


def test_a_notification_wakes_a_long_sleep(app: Application):
    woken = threading.Event()
    steps = []

    def step(_: Application) -> bool:
        steps.append(1)
        if len(steps) == 2:
            woken.set()
        return False

    with standing(app, step, interval=30, channel="tests_wake"):
        until(lambda: len(steps) == 1)
        with app.database.unit_of_work(Actor.system("test")) as uow:
            uow.session.execute(text("NOTIFY tests_wake"))
        assert woken.wait(5)
