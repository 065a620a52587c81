"""The flag that switches readers to what a backfill filled. Flags are served elsewhere; without them it says so."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from services.backfills.definition import shown_definition
from services.backfills.errors import FlagsNotConnected, NotAtWork
from services.backfills.queries import readable
from services.backfills.service import S, locked, note, require
from services.core.db import UnitOfWork
from services.core.permissions import Permission


@dataclass(frozen=True, slots=True)
class FlagStanding:
    """How far a flag is rolled out, and the step after that; `next_percent` is None at the end."""

    percent: int
    next_percent: int | None


class FlagService(Protocol):
    """Where flags live. `look` returns None for a flag it does not know."""

    def look(self, uow: UnitOfWork, /, *, key: str) -> FlagStanding | None: ...

    def advance(self, uow: UnitOfWork, /, *, key: str, reason: str) -> FlagStanding: ...


@dataclass(frozen=True, slots=True)
class FlagTie:
    """The flag a definition names. `connected` is False while no flag service is; `standing` is None then, and for a
    flag that is not known there. `may_advance`: signed off, and a step is left."""

    key: str
    connected: bool
    standing: FlagStanding | None
    may_advance: bool


_services: list[FlagService] = []


def connect_flags(service: FlagService | None) -> None:
    """Called once where the application is wired; None disconnects."""
    _services[:] = [service] if service else []


def flag_of(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> FlagTie | None:
    """The flag of a backfill, None when its definition names none."""
    row = readable(uow, backfill_id)
    key = shown_definition(row.definition).flag
    if key is None:
        return None
    standing = _services[0].look(uow, key=key) if _services else None
    step_left = standing is not None and standing.next_percent is not None
    return FlagTie(key, bool(_services), standing, step_left and row.state == S.SIGNED_OFF)


def advance_flag(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> FlagStanding:
    """The next rollout step, after Finance has signed. Raises FlagsNotConnected, NotAtWork."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    key = shown_definition(row.definition).flag
    if key is None or not _services:
        raise FlagsNotConnected("No flag service is connected, so there is nothing to switch here.")
    if row.state != S.SIGNED_OFF:
        raise NotAtWork("The flag is switched after Finance has signed.")
    reached = _services[0].advance(uow, key=key, reason=f"BF-{row.number:04d} is signed off")
    note(uow, row, "flag_advanced", after={"flag": key, "percent": reached.percent})
    return reached
