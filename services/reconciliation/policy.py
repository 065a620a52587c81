"""Pure rules: deviation, the steps of a break, who may sign what."""

from __future__ import annotations

import uuid

from services.reconciliation.vocabulary import NOBODY, BreakState, Resolution

PPM = 1_000_000
REASON_LENGTH = 8

# From which state a person may bring a break to which.
STEPS: dict[BreakState, frozenset[BreakState]] = {
    BreakState.OPEN: frozenset({BreakState.IN_WORK, BreakState.PROPOSED, BreakState.RESOLVED}),
    BreakState.IN_WORK: frozenset({BreakState.OPEN, BreakState.PROPOSED, BreakState.RESOLVED}),
    BreakState.PROPOSED: frozenset({BreakState.OPEN, BreakState.IN_WORK, BreakState.RESOLVED}),
    BreakState.RESOLVED: frozenset({BreakState.OPEN}),
}

WRITES_OFF = frozenset({Resolution.ACCEPTED, Resolution.NOT_OURS})
BY_A_PERSON = frozenset(Resolution) - {Resolution.EXPLAINED}


def deviation_ppm(open_minor: int, left_minor: int) -> int:
    """Open differences without sign over the left total, in millionths, rounded up so that no limit is met by rounding.

    Differences over an empty left side count as the whole (1,000,000).
    """
    if open_minor == 0:
        return 0
    if left_minor == 0:
        return PPM
    return -(-open_minor * PPM // abs(left_minor))


def may_step(state: BreakState, target: BreakState) -> bool:
    return target in STEPS[state]


def is_second_person(started_by: uuid.UUID, signer: uuid.UUID | None) -> bool:
    """A person other than the one who started the run. What the console started by itself, any person may sign."""
    return signer is not None and signer not in (started_by, NOBODY)


def reason_suffices(reason: str | None) -> bool:
    return reason is not None and len(reason.strip()) >= REASON_LENGTH


def needs_agreement(resolution: Resolution, delta_minor: int, threshold_minor: int) -> bool:
    """A correction is proved by the next run. A write-off is proved by nothing: above the threshold it takes two."""
    return resolution in WRITES_OFF and abs(delta_minor) > threshold_minor
