"""What every command needs: an application, an answer for people or machines, errors as one line."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated, Any

import orjson
import typer

from services.bootstrap import Application, bootstrap, database_url, embedded_server
from services.core import migrate
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import DomainError, Unavailable
from services.core.ids import new_id
from services.core.log import get_logger
from services.core.settings import Settings, load_settings

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of sentences.")]

FAILED = 1


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
    url = database_url(settings)
    current = migrate.current_revision(url)
    if current == migrate.head_revision():
        return
    if settings.database_url is not None:
        raise Unavailable(f"The database is at “{current or 'nothing'}”. Run `kontor migrate` first.")
    tell("Bringing the database to the newest schema")
    migrate.upgrade(url)


def quiet(settings: Settings) -> Settings:
    """Logs only what is wrong, unless KONTOR_LOG_LEVEL asks for more: a command answers, it does not chat."""
    return settings.model_copy(update={"log_level": os.environ.get("KONTOR_LOG_LEVEL", "warning")})


def answer(data: Any, sentence: str, *, as_json: bool) -> None:
    """The command's result on standard output: `data` as JSON (dataclasses, ids and times included), or words."""
    if as_json:
        typer.echo(orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
    else:
        typer.echo(sentence)


def table(heads: list[str], rows: list[list[str]]) -> str:
    """Words in columns for a terminal; a sentence when there is nothing."""
    if not rows:
        return "Nothing to show."
    widths = [max(len(line[column]) for line in [heads, *rows]) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [heads, *rows]
    )


def tell(sentence: str) -> None:
    """Something that happens on the way, on standard error."""
    typer.echo(f"{sentence} …", err=True)


def run(app: typer.Typer) -> int:
    """Runs the command line and returns its exit status: 0 done, 1 refused or failed, 2 wrong usage.

    A refusal is one line on standard error. Anything unforeseen gets an incident id and is logged once.
    """
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    except DomainError as error:
        typer.echo(f"kontor: {error.sentence}", err=True)
    except Exception:
        incident = str(new_id())
        get_logger(__name__).exception("cli.failed", incident=incident)
        typer.echo(f"kontor: Something went wrong that should not. Incident {incident}.", err=True)
    return FAILED
