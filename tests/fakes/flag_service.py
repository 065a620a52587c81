"""A flag service that knows every flag and rolls it out by quarters."""

from __future__ import annotations

from services import backfills
from services.backfills import FlagStanding
from services.core.db import UnitOfWork

_STEP = 25
_WHOLE = 100


class FlagsByQuarters:
    """Stands at the gateway; `reached` has the percentage of each flag, `reasons` why each step was taken."""

    def __init__(self) -> None:
        self.reached: dict[str, int] = {}
        self.reasons: list[str] = []

    def look(self, _: UnitOfWork, /, *, key: str) -> FlagStanding:
        percent = self.reached.get(key, 0)
        return FlagStanding(percent, percent + _STEP if percent < _WHOLE else None)

    def advance(self, uow: UnitOfWork, /, *, key: str, reason: str) -> FlagStanding:
        self.reached[key] = self.reached.get(key, 0) + _STEP
        self.reasons.append(reason)
        return self.look(uow, key=key)


def connect() -> FlagsByQuarters:
    """Connects one to this process."""
    made = FlagsByQuarters()
    backfills.connect_flags(made)
    return made
