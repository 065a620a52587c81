"""Pure rules: business days, deviation, the steps of a break, who may sign what."""

from __future__ import annotations

import datetime as dt
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


def is_business_day(day: dt.date) -> bool:
    """Monday to Friday. Bank holidays differ by country and are not left out: an age errs on the old side."""
    return day.weekday() < 5


def add_business_days(day: dt.date, count: int) -> dt.date:
    """The `count`-th business day after `day`."""
    while count > 0:
        day += dt.timedelta(days=1)
        count -= is_business_day(day)
    return day


def business_day_before(day: dt.date, count: int) -> dt.date:
    """The day with exactly `count` business days after it up to `day`; on a weekend as on the Friday before."""
    while not is_business_day(day):
        day -= dt.timedelta(days=1)
    while count > 0:
        day -= dt.timedelta(days=1)
        count -= is_business_day(day)
    return day


def business_days_between(first: dt.date, last: dt.date) -> int:
    """Business days after `first` up to and including `last`; 0 when `last` is not later."""
    if last <= first:
        return 0
    weeks, rest = divmod((last - first).days, 7)
    return weeks * 5 + sum(is_business_day(first + dt.timedelta(days=n + 1)) for n in range(rest))


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
