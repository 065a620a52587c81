"""What leaves the run engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Presence:
    """Processes alive now, counted by the locks their sessions hold."""

    workers: int
    clocks: int
