"""A dead man's switch: `python -m console.supervision.guard` ends the children of a supervisor that was killed.

It reads what the supervisor tells it on standard input. When that ends without “done”, the supervisor is dead:
the children are told to end, then made to, then PostgreSQL is stopped cleanly. Works where a parent-death signal
does not (macOS, a changed user id).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import TextIO

_PATIENCE = 3.0


class Charges:
    """What has to end with the supervisor: process groups, and PostgreSQL after them."""

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.postmaster: int | None = None

    def follow(self, told: Iterable[str]) -> bool:
        """Keeps book until the supervisor falls silent; True when it said goodbye."""
        for line in told:
            word, _, number = line.strip().partition(" ")
            match word:
                case "child":
                    self.groups.add(int(number))
                case "gone":
                    self.groups.discard(int(number))
                case "postgres":
                    self.postmaster = int(number)
                case "done":
                    return True
        return False

    def end(self) -> None:
        self._tell(signal.SIGTERM)
        if not _within(_PATIENCE, lambda: not any(map(_group_lives, self.groups))):
            self._tell(signal.SIGKILL)
        if self.postmaster is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.postmaster, number)
            if _within(10.0, lambda: not _lives(self.postmaster)):
                return

    def _tell(self, number: signal.Signals) -> None:
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.05)
    return False


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _lives(process: int | None) -> bool:
    try:
        os.kill(process or 0, 0)
    except ProcessLookupError:
        return False
    return True


def main(told: TextIO) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    charges = Charges()
    if not charges.follow(told):
        charges.end()


if __name__ == "__main__":
    main(sys.stdin)
