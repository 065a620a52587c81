"""A sandbox world served by a process of its own for as long as a test needs it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from services import sandbox


@contextlib.contextmanager
def served_world(
    folder: Path, *, seed: str, days: int, per_day: int, faults: Mapping[str, Any] | None = None
) -> Iterator[Path]:
    """Seeds a world in `folder` up to now and answers as Stripe for it; `faults` are the server's troubles."""
    sandbox.seed(folder, seed=seed, days=days, per_day=per_day, now=dt.datetime.now(dt.UTC))
    port = _free_port()
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.sandbox", "serve", "--data-dir", str(folder), "--port", str(port)],
            env=os.environ | {"KONTOR_SANDBOX_FAULTS": json.dumps(faults or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_served(port)
        yield folder
    finally:
        process.terminate()
        process.wait(timeout=15)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _wait_until_served(port: int) -> None:
    for _ in range(900):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return
        time.sleep(0.1)
    pytest.fail("the sandbox's server did not start")
