"""Who is at work on a data folder: locks that the system releases when a process dies."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.core.errors import Conflict


class SandboxInUse(Conflict):
    """A server is running on this data folder."""

    code = "sandbox_in_use"


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Takes the lock for the block, or yields False at once when another process or thread has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """The folder for oneself: for the server while it runs, for seeding. Raises SandboxInUse."""
    with held(data_dir / "sandbox" / "server.lock") as mine:
        if not mine:
            raise SandboxInUse("The sandbox of this data folder is being served. Stop it first, then try again.")
        yield
