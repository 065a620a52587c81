"""Which ledger lines are planted wrong, and how. A faulty record carries exactly one fault."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from services.sandbox.days import DAY
from services.sandbox.store import Store
from services.sandbox.vocabulary import SETTLEMENT_FAULTS, BreakClass, Movement

if TYPE_CHECKING:
    from services.sandbox.generator.day import Day

_PER_CLASS = 6
_LARGEST_GAP = 250
_FINAL = (Movement.CHARGE, Movement.REFUND, Movement.PAYMENT_REFUND)


class FaultPlan:
    """Goes through the classes in turn, one fault about every `gap` movements.

    The gap shrinks for small worlds, so that each class is met about six times, and is at most 250, so that a
    large world has about 0.4 % faulty lines.
    """

    def __init__(self, rng: random.Random, gap: int, state: dict[str, Any]) -> None:
        self._rng = rng
        self._gap = gap
        self._wait = state["wait"]
        self._turn = state["turn"]

    @classmethod
    def load(cls, store: Store, rng: random.Random, expected: float) -> FaultPlan:
        gap = max(3, min(_LARGEST_GAP, int(expected / (_PER_CLASS * len(SETTLEMENT_FAULTS)))))
        return cls(rng, gap, store.meta("ledger_faults", {"wait": gap // 2, "turn": 0}))

    def save(self, store: Store) -> None:
        store.remember("ledger_faults", {"wait": self._wait, "turn": self._turn})

    def consider(self, day: Day, bt: int, at: int, kind: Movement, *, amount: int, fee: int, currency: str) -> None:
        """Counts one movement and plants the next fault when its turn has come and the movement can carry it."""
        self._wait -= 1
        breaks = SETTLEMENT_FAULTS[self._turn % len(SETTLEMENT_FAULTS)]
        if self._wait > 0 or not _fits(breaks, kind, fee):
            return
        self._wait = self._rng.randint(self._gap * 3 // 4, self._gap * 5 // 4)
        self._turn += 1
        if breaks is BreakClass.MISSING_RIGHT:
            customer = self._rng.randint(1, max(1, day.numbers["customer"]))
            day.put("ledger_extra", day.reserve("ledger_extra"), at, customer, abs(amount), fee, currency)
            return
        posted_at = at + 4 * DAY + self._rng.randint(0, 2 * DAY) if breaks is BreakClass.TIMING else None
        day.put("ledger_fault", bt, breaks.value, at, posted_at, self._delta(breaks, fee))

    def _delta(self, breaks: BreakClass, fee: int) -> int:
        """Minor units by which the books are wrong; never so much that a fee would turn negative."""
        size = self._rng.choice((1, 9, 10, 90, 100, 270, 1000))
        return min(size, fee) if breaks is BreakClass.FEE else size


def _fits(breaks: BreakClass, kind: Movement, fee: int) -> bool:
    if breaks is BreakClass.STATUS:
        return kind in _FINAL
    if breaks is BreakClass.MISSING_RIGHT:
        return kind is Movement.CHARGE
    return breaks is not BreakClass.FEE or fee > 0
