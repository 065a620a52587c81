"""Standing loops: short work that never ends (the audit's sealer, the outbox), each with one leader at a time.

Every worker has a thread for each loop. One of them holds the loop's place and works; the others wait to take over,
which they do within half a second of its death. For work of domains below runs; everything else is a kind of run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from services.bootstrap import Application
from services.core.errors import Unavailable
from services.core.leader import Leadership
from services.core.log import get_logger

_log = get_logger(__name__)
_FOLLOW = 0.5  # seconds between a follower's tries to lead
_LONGEST_PAUSE = 30.0
_ENDS_WITHIN = 4.0

Step = Callable[[Application], bool]


@dataclass(frozen=True)
class StandingLoop:
    """`step` does a little work and says whether more waits; it must bear a second leader for a moment.

    It runs again at once while there is more, else after `interval` seconds, sooner when somebody notifies `channel`.
    """

    name: str
    step: Step
    interval: float
    channel: str | None = None


_loops: dict[str, StandingLoop] = {}


def standing(name: str, *, interval: float, channel: str | None = None) -> Callable[[Step], Step]:
    """Marks a step that workers run for ever, every `interval` seconds."""

    def register(step: Step) -> Step:
        if name in _loops:
            raise ValueError(f"two standing loops called {name}")
        _loops[name] = StandingLoop(name, step, interval, channel)
        return step

    return register


def known_loops() -> list[StandingLoop]:
    return list(_loops.values())


@dataclass
class StandingLoops:
    """The threads of one worker. `stop` ends them after their present step."""

    app: Application
    loops: Sequence[StandingLoop]
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        for loop in self.loops:
            thread = threading.Thread(target=self._keep, args=(loop,), name=f"standing-{loop.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(_ENDS_WITHIN)

    def _keep(self, loop: StandingLoop) -> None:
        """Leads when it can. An error frees the place, so that a healthier worker may try, and is backed off."""
        failures = 0
        while not self._stopping.is_set():
            try:
                with closing(Leadership(self.app.database, loop.name, channel=loop.channel)) as place:
                    while not self._stopping.is_set() and not place.take():
                        self._stopping.wait(_FOLLOW)
                    while not self._stopping.is_set():
                        more = loop.step(self.app)
                        failures = 0
                        if not more:
                            self._rest(place, loop)
            except Unavailable as error:
                failures += 1
                _log.warning("standing.unavailable", loop=loop.name, error=error.sentence)
            except Exception:
                failures += 1
                _log.exception("standing.failed", loop=loop.name)
            if failures:
                self._stopping.wait(min(0.5 * 2 ** min(failures - 1, 8), _LONGEST_PAUSE))

    def _rest(self, place: Leadership, loop: StandingLoop) -> None:
        """Until the interval is over, somebody notifies, or the worker is to end; also notices a lost connection."""
        over = time.monotonic() + loop.interval
        while not self._stopping.is_set() and (left := over - time.monotonic()) > 0:
            if place.wait(min(left, _FOLLOW)):
                return
