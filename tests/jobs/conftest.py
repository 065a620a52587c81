"""Real worker and clock processes on a database of the test's own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services import runs
from services.core.actor import Actor
from services.core.db import Database

ROOT = Path(__file__).resolve().parents[2]
ACTOR = Actor.system("test")


class Processes:
    """Starts processes of ours and kills those that are left."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.environment = os.environ | {
            "DATABASE_URL": database.url.replace("postgresql+psycopg", "postgresql"),
            "KONTOR_DATA_DIR": str(folder),
            "KONTOR_WORKER__LEASE_SECONDS": "3",
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.jobs.worker_main", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stderr=subprocess.DEVNULL)
        self.started.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
        process.send_signal(number)
        process.wait(10)

    def end(self) -> None:
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(10)


@pytest.fixture
def processes(database: Database, tmp_path: Path) -> Iterator[Processes]:
    with database.unit_of_work(ACTOR) as uow:
        uow.session.execute(text("CREATE TABLE counter (name text PRIMARY KEY, value bigint, at timestamptz)"))
        uow.session.execute(text("INSERT INTO counter VALUES ('a', 0), ('b', 0)"))
    processes = Processes(database, tmp_path)
    yield processes
    processes.end()


def counter(database: Database, name: str = "a") -> int:
    with database.unit_of_work(ACTOR) as uow:
        return uow.session.execute(text("SELECT value FROM counter WHERE name = :name"), {"name": name}).scalar_one()


def state(database: Database, run_id: Any) -> runs.RunState:
    with database.unit_of_work(ACTOR) as uow:
        return runs.run_detail(uow, run_id=run_id).run.state


def until(condition: Callable[[], Any], *, seconds: float = 60.0) -> float:
    """Waits for a condition; returns how long it took. Fails when it takes longer than `seconds`."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "waited in vain"
        time.sleep(0.01)
    return time.monotonic() - started
