"""A small merchant for journeys: the sandbox's world, its Stripe server and a worker, beside the running console."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services import identity, payments, reconciliation, runs, sandbox
from services.core.actor import Actor
from services.core.db import Database
from tests.journeys.serving import Console, free_port, serving

_SYSTEM = Actor.system("test")
_DAYS = 70  # so that the month before is whole
_PER_DAY = 6


@contextmanager
def console_of_a_merchant(name: str, folder: Path) -> Iterator[Console]:
    """A console of its own whose merchant's first night is over, and a worker for what a page starts."""
    with serving(name, folder) as console, _merchant(console.database, console.data_dir, free_port()):
        yield console


@contextmanager
def _merchant(database: Database, data_dir: Path, port: int) -> Iterator[None]:
    """Seeds the world, serves it, and lets a worker do the first night; ends both processes."""
    sandbox.seed(data_dir, seed="journeys", days=_DAYS, per_day=_PER_DAY, now=_next_noon())
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "KONTOR_DATA_DIR": str(data_dir),
        "KONTOR_SANDBOX": "true",
    }
    processes = [
        _start(data_dir, "sandbox", environment, "services.sandbox", "serve", "--data-dir", data_dir, "--port", port),
        _start(data_dir, "worker", environment, "jobs", "worker"),
    ]
    try:
        _first_night(database, data_dir)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=15)


def _next_noon() -> dt.datetime:
    """When the merchant's world begins: no business day ends while a journey is on its way."""
    now = dt.datetime.now(dt.UTC)
    noon = now.replace(hour=11, minute=0, second=0, microsecond=0)
    return noon if noon > now else noon + dt.timedelta(days=1)


def _start(
    folder: Path, name: str, environment: dict[str, str], module: str, *arguments: object
) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _first_night(database: Database, data_dir: Path) -> None:
    with database.unit_of_work(_SYSTEM) as uow:
        for entity in identity.legal_entities(uow):
            payments.connect_account(uow, entity_id=entity.id, code=entity.code)
        runs.enqueue(uow, kind=reconciliation.NIGHTLY, params=reconciliation.NightlyParams())
    for _ in range(600):
        with database.unit_of_work(_SYSTEM) as uow:
            if len(reconciliation.newest_runs(uow)) == 4:
                return
        time.sleep(0.5)
    pytest.fail(f"The first night did not end well:\n{(data_dir / 'worker.log').read_text()[-3000:]}")
