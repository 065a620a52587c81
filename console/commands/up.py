"""`kontor up`: everything on one machine, under one supervisor."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer

from console.commands.terminal import quiet
from console.kit import serving
from console.supervision import demo
from console.supervision.child import Child
from console.supervision.supervisor import Supervisor
from services.core import migrate
from services.core.database_address import embedded_server, owner_url
from services.core.errors import Conflict
from services.core.folder_lock import FolderLock
from services.core.settings import Settings, load_settings

_LOOK_EVERY = 0.2
_ASK_EVERY = 0.5
_STILL_WAITING_AFTER = 120.0


def up(
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Start empty, without the synthetic merchant.")
    ] = False,
) -> None:
    """Start everything: database, pages, worker, clock, and the sandbox unless a Stripe key is set. Ctrl-C stops it.

    \b
    Examples:
      kontor up
      KONTOR_PORT=8500 KONTOR_DATA_DIR=/srv/kontor kontor up --no-sandbox
    """
    settings = quiet(load_settings())
    if no_sandbox:
        settings = settings.model_copy(update={"sandbox": False})
    demo.require_one_world(settings)
    with _sole_owner(settings), _until_told():
        _require_free_port(settings)
        with Supervisor(_say, embedded_server(settings)) as supervisor:
            try:
                _start(supervisor, settings)
                _watch(supervisor, settings)
            except KeyboardInterrupt:
                _ignore_further_signals()
                _say("kontor", "stopping")
    _say("kontor", "stopped")
    _leave()


def _leave() -> NoReturn:
    """Ends without Python's own teardown: nothing is left to do, and with all that was loaded it takes a second."""
    sys.stdout.flush()
    os._exit(0)


def _start(supervisor: Supervisor, settings: Settings) -> None:
    """Pages first, beside the database: they take the longest to load, and wait for it by themselves."""
    commands = _commands(settings)
    web = _child("web", commands.pop("web"), settings)
    if not serving.is_built():
        _say("web", "building the pages; about a minute, once for each version")
    if supervisor.server is None or supervisor.server.is_made:
        _require_database(settings)
        supervisor.start(web)
    supervisor.start_database()
    if web not in supervisor.children:
        supervisor.start(web)
    if migrate.current_revision(owner_url(settings)) != migrate.head_revision():
        _say("database", "bringing the schema up to date")
        migrate.upgrade(owner_url(settings))
    if settings.uses_sandbox and demo.is_new(settings):
        _install_sandbox(settings)
    for name, command in commands.items():
        supervisor.start(_child(name, command, settings))


def _require_database(settings: Settings) -> None:
    """Raises Unavailable when a server that is not ours does not answer, before anything is started."""
    if settings.database_url is not None:
        migrate.current_revision(owner_url(settings))


def _install_sandbox(settings: Settings) -> None:
    from console.supervision.demo_install import install  # noqa: PLC0415 - loads every domain, on the first start alone

    _say("sandbox", "inventing a merchant; this happens once")
    install(settings)


def _commands(settings: Settings) -> dict[str, list[str]]:
    python = sys.executable
    commands = {
        "web": [python, "-m", "console.supervision.web"],
        "worker": [python, "-m", "jobs", "worker"],
        "clock": [python, "-m", "jobs", "clock"],
    }
    if settings.uses_sandbox:
        hooks = f"http://127.0.0.1:{settings.port}/hooks/stripe"
        serve = ["serve", "--data-dir", str(settings.data_dir), "--port", str(_any_port()), "--webhook-url", hooks]
        commands["sandbox"] = [python, "-m", "services.sandbox", *serve]
    return commands


def _child(name: str, command: list[str], settings: Settings) -> Child:
    environment = {
        "KONTOR_DATA_DIR": str(settings.data_dir),
        "KONTOR_PORT": str(settings.port),
        "KONTOR_SANDBOX": str(settings.uses_sandbox).lower(),
        "KONTOR_LOG_LEVEL": os.environ.get("KONTOR_LOG_LEVEL", "info"),
        "PYTHONUNBUFFERED": "1",
    }
    return Child(name, command, settings.data_dir / "logs" / f"{name}.log", environment)


def _watch(supervisor: Supervisor, settings: Settings) -> None:
    """Tends the children for ever, and says once when the console is ready."""
    began, ready, warned, ask_at = time.monotonic(), False, False, 0.0
    while True:
        supervisor.tend()
        if not ready and time.monotonic() > ask_at:
            state = _readiness(settings)
            ready, ask_at = state == "ok", time.monotonic() + _ASK_EVERY
            if ready:
                _announce(settings)
            elif not warned and time.monotonic() - began > _STILL_WAITING_AFTER:
                warned = True
                _say("kontor", f"not ready yet: {state}. Logs: {settings.data_dir / 'logs'}")
        time.sleep(_LOOK_EVERY)


def _readiness(settings: Settings) -> str:
    """What the console says of itself: “ok”, or what it waits for."""
    host = "127.0.0.1" if settings.web.host in {"0.0.0.0", "::", ""} else settings.web.host  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/readyz", timeout=1) as answer:
            return json.load(answer)["status"]
    except urllib.error.HTTPError as refused:
        told = json.load(refused)
        return ", ".join(f"{name} {word}" for name, word in told.items() if name != "status" and word != "ok")
    except (OSError, ValueError):
        return "the pages do not answer"


def _announce(settings: Settings) -> None:
    _say("kontor", f"ready at {settings.public_url}")
    if not settings.uses_sandbox:
        return
    typer.echo("\nThe sandbox's people, all with the password “" + demo.PASSWORD + "”:")
    for person in demo.people(settings):
        typer.echo(f"  {person['email']:<28} {person['name']}")
    with contextlib.suppress(OSError, ValueError, KeyError):
        typer.echo(f"\nIts letters end at {demo.letters_address(settings)}")
    typer.echo("\nCtrl-C stops everything.")


@contextmanager
def _sole_owner(settings: Settings) -> Iterator[None]:
    """Only one `up` on a data folder. Raises Conflict with who has it."""
    lock = FolderLock(settings.data_dir / "up.lock")
    if not lock.try_alone():
        raise Conflict(
            f"`kontor up` already runs on {settings.data_dir} (process {lock.read() or 'unknown'}). "
            "Stop that one with Ctrl-C, or give this one a folder of its own: KONTOR_DATA_DIR=…"
        )
    lock.note(str(os.getpid()))
    try:
        yield
    finally:
        lock.release()


def _require_free_port(settings: Settings) -> None:
    """Raises Conflict when another program listens where the console wants to."""
    try:
        with socket.create_server((settings.web.host, settings.port)):
            return
    except OSError as error:
        raise Conflict(
            f"Port {settings.port} on {settings.web.host} cannot be used ({error.strerror}). "
            f"Stop the program that listens there, or choose another: KONTOR_PORT={settings.port + 1} kontor up"
        ) from error


def _any_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _until_told() -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed terminal all interrupt the block."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_further_signals() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(who: str, sentence: str) -> None:
    typer.echo(f"{dt.datetime.now().astimezone():%H:%M:%S}  {who:<8}  {sentence}")
