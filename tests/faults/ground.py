"""What every storm stands on: a database of its own, processes of its own, and the end of both."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from services.bootstrap import load_models
from services.core import migrate
from services.core.actor import Actor
from services.core.db import Database
from services.core.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parents[2]
ACTOR = Actor.system("faults")


class Ground:
    """A migrated database in `folder` and the processes started on it."""

    def __init__(self, folder: Path) -> None:
        load_models()
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres", settings={"shared_buffers": "64MB"})
        self.postgres.start()
        migrate.upgrade(self.postgres.url)
        self.database = Database(self.postgres.url)
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        url = self.postgres.url.replace("postgresql+psycopg", "postgresql")
        own = {"DATABASE_URL": url, "KONTOR_DATA_DIR": str(self.folder), "KONTOR_WORKER__LEASE_SECONDS": "3"}
        return os.environ | own

    def start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts `python -m module`; its log goes to a file in the folder."""
        log = (self.folder / f"{module}-{len(self.processes)}.log").open("wb")
        command = [sys.executable, "-m", module, *arguments]
        with log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment | environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 of the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)
        self.database.dispose()
        self.postgres.stop()


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """A ground that is cleared whatever happens."""
    laid = Ground(folder)
    try:
        yield laid
    finally:
        laid.end()


def until(condition: Callable[[], bool], *, seconds: float) -> float:
    """Waits; returns how long it took. Raises TimeoutError when it takes longer than `seconds`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise TimeoutError(f"still not so after {seconds:g} s")
        time.sleep(0.01)
    return time.monotonic() - started
