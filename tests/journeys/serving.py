"""A web process of its own for journeys: its database, its people, where it answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services import identity
from services.core.actor import Actor
from services.core.clock import Clock
from services.core.db import Database
from services.core.keyring import KeyFolder, Keyring
from services.identity import Role
from tests.conftest import clone_database, drop_database
from tests.factories.identity import a_user, an_entity

_SYSTEM = Actor.system("test")
PEOPLE = {
    "finance.a": Role.FINANCE,
    "finance.b": Role.FINANCE,
    "ops": Role.OPS,
    "dev": Role.DEV,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}


@dataclass(frozen=True)
class Console:
    """A web process of its own: where it answers, its database, and what it wrote to its log."""

    url: str
    database: Database
    data_dir: Path
    log: Path

    def email(self, person: str) -> str:
        return f"{person}@kontor.example"


@contextmanager
def serving(name: str, folder: Path, *, first: str = "", **settings: str) -> Iterator[Console]:
    """A console on a database of that name; a module whose data or `settings` would be in others' way has its own.

    `first` is what its process does before it serves: it connects a fake at a gateway, say.
    """
    clock = Clock(folder / "sandbox" / "clock.json")
    database = Database(clone_database(name), clock=clock, keyring=Keyring(KeyFolder(folder / "keys")))
    _populate(database)
    port, log = free_port(), folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{first}\nfrom console.kit import serving; serving.serve('127.0.0.1', {port})"],
            env=environment(database, folder, port) | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://localhost:{port}/healthz", process, log)
        yield Console(f"http://localhost:{port}", database, folder, log)
    finally:
        process.terminate()
        process.wait(timeout=15)
        database.dispose()
        drop_database(name)


def _populate(database: Database) -> None:
    with database.unit_of_work(_SYSTEM) as uow:
        if not identity.legal_entities(uow):
            an_entity(uow)
            an_entity(
                uow,
                "mh-ch",
                name="Musterhandel Schweiz AG",
                country="CH",
                currency="CHF",
                time_zone="Europe/Zurich",
            )
        for person, role in PEOPLE.items():
            a_user(uow, role, email=f"{person}@kontor.example")


def environment(database: Database, folder: Path, port: int) -> dict[str, str]:
    """Of a process that belongs to that console."""
    return os.environ | {
        "DATABASE_URL": database.url,
        "KONTOR_DATA_DIR": str(folder),
        "KONTOR_PORT": str(port),
        "KONTOR_SANDBOX": "true",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Up to five minutes, because the first start may build the pages."""
    for _ in range(600):
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.5)
    pytest.fail(f"The console did not start:\n{log.read_text()[-3000:]}")
