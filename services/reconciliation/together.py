"""The same step for many breaks: all of them, or, when one refuses, none."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.reconciliation.breakwork import assign_break, comment_on_break, locked, reopen_break
from services.reconciliation.resolving import resolve_break
from services.reconciliation.vocabulary import BreakState, Resolution

MOST_AT_ONCE = 200
_WORKABLE = (BreakState.OPEN, BreakState.IN_WORK)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of breaks that were to be resolved together."""

    resolved: int
    proposed: int
    left_out: int


def resolve_breaks(uow: UnitOfWork, *, numbers: Sequence[int], resolution: Resolution, reason: str) -> Ended:
    """Ends those that are open or in work, each as `resolve_break` does; the others are left out.

    Write-offs above the threshold are proposed: they wait for somebody else of Finance.
    """
    ends = list[str]()
    chosen = _few(numbers)
    for number in chosen:
        row = locked(uow, number)
        if row.state in _WORKABLE:
            resolve_break(uow, number=number, version=row.version, resolution=resolution, reason=reason)
            ends.append(row.state)
    resolved, proposed = ends.count(BreakState.RESOLVED), ends.count(BreakState.PROPOSED)
    return Ended(resolved, proposed, len(chosen) - resolved - proposed)


def assign_breaks(uow: UnitOfWork, *, numbers: Sequence[int], person_id: uuid.UUID | None) -> int:
    """Gives those that are open or in work to one person, or to nobody. Returns how many."""
    done = 0
    for number in _few(numbers):
        row = locked(uow, number)
        if row.state in _WORKABLE:
            assign_break(uow, number=number, version=row.version, person_id=person_id)
            done += 1
    return done


def comment_on_breaks(uow: UnitOfWork, *, numbers: Sequence[int], body: str) -> int:
    """The same remark on each; who is mentioned gets a letter for each. Returns how many."""
    chosen = _few(numbers)
    for number in chosen:
        comment_on_break(uow, number=number, body=body)
    return len(chosen)


def reopen_breaks(uow: UnitOfWork, *, numbers: Sequence[int], reason: str) -> int:
    """Opens those again that a person resolved; open ones and those a run closed are left out. Returns how many."""
    done = 0
    for number in _few(numbers):
        row = locked(uow, number)
        if row.state == BreakState.RESOLVED and row.closed_seq is None:
            reopen_break(uow, number=number, version=row.version, reason=reason)
            done += 1
    return done


def _few(numbers: Sequence[int]) -> Sequence[int]:
    if not 1 <= len(numbers) <= MOST_AT_ONCE:
        raise Invalid(f"Choose between one and {MOST_AT_ONCE} breaks.")
    return sorted(set(map(int, numbers)))
