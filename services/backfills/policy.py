"""Which step follows which, how large a batch is, and how much load is too much. Pure rules."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from services.backfills.errors import IllegalStep
from services.backfills.vocabulary import BackfillState, Pace

S = BackfillState

TRANSITIONS: Mapping[S, frozenset[S]] = MappingProxyType(
    {
        S.DRAFT: frozenset({S.DRAFT, S.DRY_RUNNING, S.DISCARDED}),
        S.DRY_RUNNING: frozenset({S.DRY_RUNNING, S.DRY_RUN_READY, S.DRAFT, S.DISCARDED}),
        S.DRY_RUN_READY: frozenset({S.DRY_RUNNING, S.DRAFT, S.AWAITING_APPROVAL, S.DISCARDED}),
        S.AWAITING_APPROVAL: frozenset({S.APPROVED, S.DRY_RUN_READY, S.DRY_RUNNING, S.DRAFT, S.DISCARDED}),
        S.APPROVED: frozenset({S.RUNNING, S.DRY_RUN_READY, S.DRY_RUNNING, S.DRAFT, S.DISCARDED}),
        S.DISCARDED: frozenset(),
        S.RUNNING: frozenset({S.PAUSED, S.VERIFYING, S.FAILED, S.CANCELLED}),
        S.PAUSED: frozenset({S.RUNNING, S.CANCELLED}),
        S.CANCELLED: frozenset({S.ROLLING_BACK}),
        S.FAILED: frozenset({S.RUNNING, S.VERIFYING, S.ROLLING_BACK}),
        S.VERIFYING: frozenset({S.AWAITING_SIGNOFF, S.FAILED}),
        S.AWAITING_SIGNOFF: frozenset({S.SIGNED_OFF, S.REJECTED, S.VERIFYING, S.ROLLING_BACK}),
        S.REJECTED: frozenset({S.ROLLING_BACK}),
        S.SIGNED_OFF: frozenset({S.ROLLING_BACK}),
        S.ROLLING_BACK: frozenset({S.ROLLED_BACK, S.ROLLED_BACK_WITH_CONFLICTS, S.FAILED}),
        S.ROLLED_BACK: frozenset(),
        S.ROLLED_BACK_WITH_CONFLICTS: frozenset({S.ROLLED_BACK}),
    }
)
BEFORE_START = (S.DRAFT, S.DRY_RUNNING, S.DRY_RUN_READY, S.AWAITING_APPROVAL, S.APPROVED, S.DISCARDED)
AT_WORK = (S.DRY_RUNNING, S.RUNNING, S.VERIFYING, S.ROLLING_BACK)

FIRST_SIZE = 1_000
LARGEST_SIZE = 200_000
_AIM = 0.85  # of the target: that is where the slow ones among the batches shall end
_JUDGED = 5
TARGET_SECONDS: Mapping[Pace, float] = MappingProxyType(
    {Pace.SLOW: 0.1, Pace.NORMAL: 0.5, Pace.FAST: 1.0, Pace.NIGHT: 0.5}
)


def check_step(state: BackfillState, target: BackfillState) -> None:
    """Raises IllegalStep."""
    if target not in TRANSITIONS[state]:
        raise IllegalStep(str(state), str(target))


def next_size(size: int, recent: Sequence[tuple[int, float]], target: float) -> int:
    """The rows of the next batch, at most halved or doubled. `recent` are rows and seconds of the last batches, newest
    first; the middle cost of the last ones counts, so that one that had to wait does not make the next one small.
    Much smaller ones say nothing about it: what a batch costs whatever its rows are is most of what they took.

    A batch of less than a quarter of the target, as the first ones are, lets the next one grow fourfold; one of twice
    the target halves it at once. Where waiting costs more than the rows, smaller batches would not be shorter: none is
    smaller than an eighth of what the best of them promises.
    """
    costs = [max(seconds, 1e-6) / max(rows, 1) for rows, seconds in recent]
    alike = [cost for cost, (rows, _) in zip(costs, recent, strict=True) if 4 * rows >= recent[0][0]]
    wished = _AIM * target / statistics.median(alike[:_JUDGED])
    if recent[0][1] > 2 * target:
        wished = min(wished, size / 2)
    wished = max(wished, target / min(costs) / 8)
    growth = 4 if recent[0][1] < target / 4 else 2
    return min(max(int(min(max(wished, size / 2), size * growth)), 1), LARGEST_SIZE)


def rest_after(pace: Pace, elapsed: float) -> float:
    """Seconds to wait before the next batch."""
    return elapsed if pace is Pace.SLOW else 0.0


@dataclass(frozen=True, slots=True)
class Load:
    """What the database is busy with: milliseconds, and bytes of write-ahead log a second.

    `payments_ms` is how long the oldest received payment event has been waiting to be applied.
    """

    replication_ms: int = 0
    oldest_transaction_ms: int = 0
    lock_wait_ms: int = 0
    wal_bytes_per_second: int = 0
    payments_ms: int = 0


# Above these a backfill waits; it never gives up because of load.
LIMITS = Load(
    replication_ms=3_000,
    oldest_transaction_ms=60_000,
    lock_wait_ms=2_000,
    wal_bytes_per_second=128 * 1024 * 1024,
    payments_ms=15_000,
)
TARGET_WAITS = ("target_busy", "target_unreachable")  # why it waits for another database; without value and limit
CRITICAL = 5  # times its limit: the worker's place is given back, and it goes on when the load is normal again


@dataclass(frozen=True, slots=True)
class Excess:
    """Why a backfill waits: which indicator stands where, and where it would have to be."""

    indicator: str
    value: int
    limit: int

    @property
    def critical(self) -> bool:
        return self.value >= CRITICAL * self.limit


def readings_of(load: Load, limits: Load = LIMITS) -> list[tuple[str, int, bool]]:
    """Each indicator with its value, and whether that is above its limit."""
    return [
        (name, getattr(load, name), getattr(load, name) > getattr(limits, name)) for name in Load.__dataclass_fields__
    ]


def excess_of(load: Load, limits: Load = LIMITS) -> Excess | None:
    """The indicator that is furthest above its limit, or None."""
    over = [
        Excess(name, getattr(load, name), getattr(limits, name))
        for name in Load.__dataclass_fields__
        if getattr(load, name) > getattr(limits, name)
    ]
    return max(over, key=lambda one: one.value / one.limit, default=None)
