"""One supervised process: its log, how it ended, and how long to wait before starting it again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_STEADY_AFTER = 60.0
_LOG_LIMIT = 10 * 1024 * 1024


@dataclass
class Child:
    """A command in a process group of its own, so that a Ctrl-C reaches the supervisor alone."""

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    start_again_at: float | None = None
    _started_at: float = 0.0
    _failures: int = 0

    def start(self) -> int:
        """Starts it and returns its process group."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self._started_at, self.start_again_at = time.monotonic(), None
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_end(self) -> float:
        """Sets when it starts again and returns the pause: 0.2 s, doubling to 30 s while it ends soon after a start."""
        lasted = time.monotonic() - self._started_at
        self._failures = 1 if lasted > _STEADY_AFTER else self._failures + 1
        pause = min(_FIRST_PAUSE * 2 ** (self._failures - 1), _LONGEST_PAUSE)
        self.start_again_at = time.monotonic() + pause
        return pause

    def how_it_ended(self) -> str:
        status = self.process.returncode if self.process else 0
        if status >= 0:
            return f"with status {status}"
        with contextlib.suppress(ValueError):
            return f"by {signal.Signals(-status).name}"
        return f"by signal {-status}"

    def tell(self, number: signal.Signals) -> None:
        """Sends a signal to the whole group, also when its leader is gone already."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
