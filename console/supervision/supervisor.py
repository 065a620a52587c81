"""Watching over children and the embedded PostgreSQL."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from console.supervision.child import Child
from services.core.embedded_postgres import EmbeddedPostgres

Say = Callable[[str, str], None]

_CHILDREN_STOP_WITHIN = 3.0
_EVERYTHING_STOPS_WITHIN = 4.0


@dataclass
class Supervisor:
    """Starts children, starts them again when they die, says so, and ends all of them within 5 s.

    `say(who, sentence)` is shown to whoever started it.
    """

    say: Say
    server: EmbeddedPostgres | None = None
    children: list[Child] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Supervisor:
        self._start_guard()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_database(self) -> None:
        """Starts the embedded PostgreSQL, if it is ours to start, and waits until it answers."""
        if self.server is None:
            return
        self.server.start(progress=lambda sentence: self.say("database", sentence))
        self._tell_guard_about_database()

    def start(self, child: Child) -> None:
        self.children.append(child)
        self._tell_guard(f"child {child.start()}")

    def tend(self) -> None:
        """One look at everything: what died is started again, each after its own pause."""
        if self._guard is None or self._guard.poll() is not None:
            self._start_guard()
        if self.server is not None and self.server.postmaster() is None:
            self.say("database", "PostgreSQL died; starting it again")
            self.start_database()
            self.say("database", "PostgreSQL answers again")
        for child in self.children:
            self._tend(child)

    def _tend(self, child: Child) -> None:
        if child.runs:
            return
        if child.start_again_at is None:
            pause = child.note_end()
            ended = child.how_it_ended()
            self.say(child.name, f"ended {ended}; starting it again in {pause:.1f} s. Its log: {child.log}")
            if child.process is not None:
                child.tell(signal.SIGKILL)
                self._tell_guard(f"gone {child.process.pid}")
        elif time.monotonic() >= child.start_again_at:
            self._tell_guard(f"child {child.start()}")
            self.say(child.name, "started again")

    def stop(self) -> None:
        """Children first, told and after 3 s made to end; then the database, cleanly if it can in the time left."""
        began = time.monotonic()
        for child in self.children:
            child.tell(signal.SIGTERM)
        while time.monotonic() < began + _CHILDREN_STOP_WITHIN and any(child.runs for child in self.children):
            time.sleep(0.02)
        for child in self.children:
            child.tell(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
        if self.server is not None:
            self.server.stop(timeout=began + _EVERYTHING_STOPS_WITHIN - time.monotonic())
        self._dismiss_guard()

    def _start_guard(self) -> None:
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "console.supervision.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for child in self.children:
            if child.runs and child.process is not None:
                self._tell_guard(f"child {child.process.pid}")
        self._tell_guard_about_database()

    def _tell_guard_about_database(self) -> None:
        postmaster = self.server.postmaster() if self.server else None
        if postmaster is not None:
            self._tell_guard(f"postgres {postmaster.pid}")

    def _tell_guard(self, line: str) -> None:
        """A guard that died is replaced, and told everything, at the next look."""
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()

    def _dismiss_guard(self) -> None:
        if self._guard is None or self._guard.stdin is None:
            return
        self._tell_guard("done")
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()
        self._guard.wait()
