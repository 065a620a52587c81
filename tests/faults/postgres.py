"""The database stopped at once, again and again, while workers work on it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from tests.faults.effects import done, lay_down, tally, unfinished
from tests.faults.ground import Ground, ground, until


def storm(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """kill -9 of the server's main process at random points, then a start with crash recovery."""
    with ground(folder) as laid:
        count = max(8, 3 * kills)
        lay_down(laid.database, count)
        for _ in range(2):
            laid.start("tests.faults.effects", "worker", "--concurrency", "2")
        until(lambda: done(laid.database) > 0, seconds=120)
        back: list[float] = []
        struck = 0
        while struck < kills and unfinished(laid.database) != 0:
            time.sleep(chance.uniform(0.2, 1.0))
            pid = int((laid.postgres.data / "postmaster.pid").read_text().split()[0])
            before = done(laid.database)
            os.kill(pid, signal.SIGKILL)
            struck += 1
            wait_for_the_end(pid)
            laid.postgres.start()
            back.append(until(lambda before=before: _goes_on(laid, before), seconds=180))
        until(lambda: unfinished(laid.database) == 0, seconds=300)
        result = tally(laid.database, count)
    return {"kills": struck, **result, "resumed_max_s": round(max(back, default=0.0), 3)}


def _goes_on(laid: Ground, before: int) -> bool:
    return done(laid.database) > before or unfinished(laid.database) == 0


def wait_for_the_end(pid: int) -> None:
    """Until the server is gone and reaped: a start that still sees its process is refused."""
    until(lambda: not Path(f"/proc/{pid}").exists() or _reaped(pid), seconds=30)
    time.sleep(0.2)


def _reaped(pid: int) -> bool:
    """The server may be a child of ours; then it stays a zombie until we ask."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return False
