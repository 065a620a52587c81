"""Rules of the run engine: legal transitions, retries, what a wish means. No database."""

from __future__ import annotations

import datetime as dt
import random

from services.core.errors import DomainError, ErrorKind
from services.runs.errors import IllegalTransition, IllegalWish
from services.runs.vocabulary import Desired, RunState

_S = RunState

TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _S.QUEUED: frozenset({_S.RUNNING, _S.PAUSED, _S.CANCELLED}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.RETRY_WAIT, _S.DEAD, _S.PAUSED, _S.CANCELLED, _S.QUEUED}),
    _S.RETRY_WAIT: frozenset({_S.RUNNING, _S.QUEUED, _S.PAUSED, _S.CANCELLED}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.CANCELLED}),
    _S.DEAD: frozenset({_S.QUEUED}),
    _S.SUCCEEDED: frozenset(),
    _S.CANCELLED: frozenset(),
}

FINISHED = frozenset({_S.SUCCEEDED, _S.DEAD, _S.CANCELLED})
WAITING = frozenset({_S.QUEUED, _S.RETRY_WAIT})

# Attempts in a row that vanished with their worker before they committed anything: such a run kills workers.
MAX_LOSSES = 10
LONGEST_RETRY = dt.timedelta(minutes=15)

_PERMANENT = frozenset({ErrorKind.INVALID, ErrorKind.FORBIDDEN, ErrorKind.NOT_FOUND})


def check_transition(state: RunState, target: RunState) -> None:
    """Raises IllegalTransition unless the table allows it."""
    if target not in TRANSITIONS[state]:
        raise IllegalTransition(state, target)


def outcome_of_wish(state: RunState, wish: Desired) -> RunState:
    """The state a wish leads to at once; `running` means the worker obeys at its next safe point.

    A waiting run is paused or cancelled on the spot, a paused one resumes into the queue. Raises IllegalWish
    for a finished run, and for resuming one that is not paused.
    """
    match state, wish:
        case (_S.RUNNING, _):
            return _S.RUNNING
        case (_S.QUEUED | _S.RETRY_WAIT, Desired.PAUSE):
            return _S.PAUSED
        case (_S.QUEUED | _S.RETRY_WAIT | _S.PAUSED, Desired.CANCEL):
            return _S.CANCELLED
        case (_S.PAUSED, Desired.RUN):
            return _S.QUEUED
    raise IllegalWish(state, wish)


def is_permanent(error: BaseException) -> bool:
    """Trying again cannot help: the input is wrong, forbidden, or points at nothing."""
    return isinstance(error, DomainError) and error.kind in _PERMANENT


def retry_delay(failures: int, *, first_seconds: float, jitter: float | None = None) -> dt.timedelta:
    """Wait before the next attempt: doubled with each failure, at most 15 min, spread over 75 to 125 %.

    `jitter` in [0, 1) fixes the spread; by default it is random, so that many runs that failed together do not
    come back together.
    """
    spread = 0.75 + (random.random() if jitter is None else jitter) / 2  # noqa: S311 - no secret hangs on it
    seconds = min(first_seconds * 2 ** min(failures - 1, 30), LONGEST_RETRY.total_seconds())
    return dt.timedelta(seconds=seconds * spread)


def as_wished(wish: Desired) -> RunState:
    """Where a run goes that stops short of its end: as people want it, or back into the queue."""
    return {Desired.CANCEL: _S.CANCELLED, Desired.PAUSE: _S.PAUSED, Desired.RUN: _S.QUEUED}[wish]


def after_failure(*, failures: int, max_attempts: int, permanent: bool) -> RunState:
    """`failures` counts this one. Dead when it was the last attempt or when trying again cannot help."""
    return _S.DEAD if permanent or failures >= max_attempts else _S.RETRY_WAIT


def after_loss(*, losses: int) -> RunState:
    """`losses` counts vanished attempts in a row without a commit, this one included."""
    return _S.DEAD if losses >= MAX_LOSSES else _S.QUEUED
