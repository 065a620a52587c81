"""`python -m jobs worker` and `python -m jobs clock`: the two processes that work without being asked."""

from __future__ import annotations

import signal
from typing import Annotated, Protocol

import typer

import jobs.bodies  # noqa: F401 - registers the bodies
from jobs.clock import ClockProcess
from jobs.registry import known_jobs
from jobs.worker import Worker
from services.bootstrap import Application, bootstrap
from services.core.settings import Settings, load_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False)


class _Stoppable(Protocol):
    def stop(self) -> None: ...
    def run(self) -> None: ...


@cli.command()
def worker(
    concurrency: Annotated[int | None, typer.Option(help="Runs side by side; KONTOR_WORKER__CONCURRENCY else.")] = None,
    until_idle: Annotated[bool, typer.Option(help="End when nothing is left to do.")] = False,
) -> None:
    """Executes runs."""
    settings = load_settings()
    side_by_side = concurrency or settings.worker.concurrency
    app = bootstrap("worker", _with_room(settings, side_by_side))
    _until_told(app, Worker(app, known_jobs(), side_by_side, until_idle=until_idle))


@cli.command()
def clock() -> None:
    """Turns schedules into runs."""
    app = bootstrap("clock")
    _until_told(app, ClockProcess(app))


def _with_room(settings: Settings, concurrency: int) -> Settings:
    """A connection for each run's own transaction, one for its notes, and two for the worker itself."""
    pool = max(settings.database.pool_size, concurrency + 2)
    return settings.model_copy(update={"database": settings.database.model_copy(update={"pool_size": pool})})


def _until_told(app: Application, process: _Stoppable) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: process.stop())
    try:
        process.run()
    finally:
        app.close()


if __name__ == "__main__":
    cli()
