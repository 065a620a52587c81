"""`kontor web | worker | clock | migrate`: one process each, for an installation on several machines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from console.commands.support import AsJson, answer, quiet, require_schema, tell
from console.supervision import demo
from services.core import migrate
from services.core.database_address import embedded_server, owner_url
from services.core.settings import Settings, load_settings


def web() -> None:
    """Serve the pages and the HTTP API on KONTOR_PORT.

    Example: KONTOR_PORT=8500 DATABASE_URL=postgresql://… kontor web
    """
    from console.kit import serving  # noqa: PLC0415 - the pages' framework is heavy, and no other command needs it

    settings = load_settings()
    with _database(settings):
        serving.serve(settings.web.host, settings.port)


def worker() -> None:
    """Execute runs; start as many as needed, on any machine that reaches the database.

    Example: DATABASE_URL=postgresql://… KONTOR_WORKER__CONCURRENCY=8 kontor worker
    """
    _run_jobs("worker")


def clock() -> None:
    """Turn schedules into runs; several may run, one leads and the others take over.

    Example: DATABASE_URL=postgresql://… kontor clock
    """
    _run_jobs("clock")


def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema, as its owner. Safe from several machines at once.

    Example: DATABASE_URL=postgresql://… DATABASE_OWNER_URL=postgresql://… kontor migrate
    """
    settings = quiet(load_settings())
    with _database(settings):
        url = owner_url(settings)
        before = migrate.current_revision(url)
        migrate.upgrade(url)
    after = migrate.head_revision()
    said = f"The database is at {after}." if before == after else f"The database went from {before} to {after}."
    answer({"before": before, "after": after}, said, as_json=as_json)


@contextmanager
def _database(settings: Settings) -> Iterator[None]:
    """The embedded PostgreSQL for as long as the process runs; a server is expected to be there.

    Raises Conflict when the sandbox's data and a real account would meet.
    """
    demo.require_one_world(settings)
    server = embedded_server(settings)
    if server is None:
        yield
        return
    with server.in_use(progress=tell):
        yield


def _run_jobs(name: str) -> None:
    """The process itself, or beside an embedded database that is kept running for it."""
    settings = load_settings()
    command = [sys.executable, "-m", "jobs", name]
    if embedded_server(settings) is None:
        demo.require_one_world(settings)
        require_schema(settings)
        os.execv(sys.executable, command)  # noqa: S606 - our own program, in our place
    with _database(settings):
        require_schema(settings)
        process = subprocess.Popen(command)

        def pass_on(number: int, _: FrameType | None) -> None:
            process.send_signal(number)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pass_on)
        status = process.wait()
    raise typer.Exit(abs(status))
