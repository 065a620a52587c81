"""`python -m jobs worker` and `python -m jobs clock`: the two processes that work without being asked."""

from __future__ import annotations

import signal
from typing import Annotated, Protocol

import typer

import jobs.bodies  # noqa: F401 - registers the bodies
from jobs.clock import ClockProcess
from jobs.registry import known_jobs
from jobs.standing import StandingLoops, known_loops
from jobs.worker import Worker
from services.bootstrap import bootstrap
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
    """Executes runs, and keeps the standing loops going unless it is to end by itself."""
    settings = load_settings()
    side_by_side = concurrency or settings.worker.concurrency
    loops = [] if until_idle else known_loops()
    app = bootstrap("worker", _with_room(settings, side_by_side, len(loops)))
    standing = StandingLoops(app, loops)
    standing.start()
    try:
        _until_told(Worker(app, known_jobs(), side_by_side, until_idle=until_idle))
    finally:
        standing.stop()
        app.close()


@cli.command()
def clock() -> None:
    """Turns schedules into runs."""
    app = bootstrap("clock")
    try:
        _until_told(ClockProcess(app))
    finally:
        app.close()


def _with_room(settings: Settings, concurrency: int, loops: int) -> Settings:
    """A connection for each run's own transaction, one for its notes, two for the worker, one for each loop."""
    pool = max(settings.database.pool_size, concurrency + 2 + loops)
    return settings.model_copy(update={"database": settings.database.model_copy(update={"pool_size": pool})})


def _until_told(process: _Stoppable) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: process.stop())
    process.run()


if __name__ == "__main__":
    cli()
