"""What every command that works on the database needs: an application, and a unit of work of whoever types."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from console.commands.terminal import FAILED, AsJson, answer, quiet, run, table, tell
from services.bootstrap import Application, bootstrap
from services.core import migrate
from services.core.actor import Actor
from services.core.database_address import embedded_server, owner_url
from services.core.db import UnitOfWork
from services.core.errors import Unavailable
from services.core.settings import Settings, load_settings

__all__ = [
    "FAILED",
    "AsJson",
    "answer",
    "application",
    "command_line_actor",
    "quiet",
    "require_schema",
    "run",
    "table",
    "tell",
    "unit_of_work",
]


@contextmanager
def application(process: str = "cli") -> Iterator[Application]:
    """An application on a reachable database of the newest schema.

    Nobody running the embedded PostgreSQL, it is started for the time of the block; its schema is brought up to
    date. A server's schema is not touched. Raises Unavailable when there is no database, or an older schema.
    """
    settings = quiet(load_settings())
    server = embedded_server(settings)
    with server.in_use(progress=tell) if server else nullcontext():
        require_schema(settings)
        app = bootstrap(process, settings)
        try:
            yield app
        finally:
            app.close()


@contextmanager
def unit_of_work(process: str = "cli") -> Iterator[UnitOfWork]:
    """One transaction of whoever types: the command line has every right, and the log names the account."""
    with application(process) as app, app.database.unit_of_work(command_line_actor()) as uow:
        yield uow


def command_line_actor() -> Actor:
    try:
        account = getpass.getuser()
    except (OSError, KeyError):
        account = str(os.getuid())
    return Actor.system(f"command line ({account})")


def require_schema(settings: Settings) -> None:
    """Brings the embedded database's schema up to date; asks for `kontor migrate` on a server."""
    url = owner_url(settings)
    current = migrate.current_revision(url)
    if current == migrate.head_revision():
        return
    if settings.database_url is not None:
        raise Unavailable(f"The database is at “{current or 'nothing'}”. Run `kontor migrate` first.")
    tell("Bringing the database to the newest schema")
    migrate.upgrade(url)
