from __future__ import annotations

import datetime as dt
import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
import uvicorn

from services import sandbox
from services.sandbox.serving import application

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded data folder that nothing ever opens, to be copied; its clock stands at NOW and runs on."""
    folder = tmp_path_factory.mktemp("sandbox") / "pristine"
    sandbox.seed(folder, seed=7, days=36, per_day=70, now=NOW)
    return folder


@pytest.fixture(scope="session")
def world(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder for tests that only read."""
    return shutil.copytree(pristine, tmp_path_factory.mktemp("sandbox") / "world")


class Served:
    """A running sandbox: its address, and Stripe's own library talking to it."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.accounts: dict[str, Any] = json.loads((folder / "sandbox" / "connection.json").read_text())["accounts"]

    def client(self, entity: str = "mh-de", *, api_key: str | None = None, retries: int = 0) -> stripe.StripeClient:
        return stripe.StripeClient(
            api_key or self.accounts[entity]["api_key"],
            base_addresses={"api": self.address},
            max_network_retries=retries,
        )


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """The test process keeps its own."""


Serve = Callable[..., Served]


def _serve(folder: Path, **options: Any) -> tuple[Served, Callable[[], None]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = application(folder, api_base=address, **options)
    server = _Server(uvicorn.Config(app, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()

    return Served(folder, address), stop


@pytest.fixture(scope="session")
def served(world: Path) -> Iterator[Served]:
    """The read-only world behind HTTP."""
    server, stop = _serve(world)
    yield server
    stop()


@pytest.fixture
def serve(pristine: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts a server over a copy of the world that the test may change."""
    stops: list[Callable[[], None]] = []

    def start(**options: Any) -> Served:
        folder = tmp_path / "copy"
        if not folder.exists():
            shutil.copytree(pristine, folder)
        server, stop = _serve(folder, **options)
        stops.append(stop)
        return server

    yield start
    for stop in stops:
        stop()
