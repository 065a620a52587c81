"""One business day of one entity while it is being made.

Everything that will ever follow from a payment (retry, return, refund, dispute) is decided when the payment is
made and written at once with its own, later, time. A row whose time has not come is invisible, so time moving on
reveals the story without anything being rewritten, and memory holds one batch of rows however large the world is.
"""

from __future__ import annotations

import datetime as dt
import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from services.sandbox.days import DAY, local_bounds
from services.sandbox.generator.faults import FaultPlan
from services.sandbox.ids import Ids
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store
from services.sandbox.vocabulary import EVENT_NUMBER, EVENT_RETENTION_DAYS, Movement

_BATCH = 20_000
# Payments per hour of the local day: quiet nights, a lunch and an evening peak.
_HOURS = list(accumulate([2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 13, 14, 12, 11, 11, 12, 13, 15, 17, 17, 13, 8, 4]))
# Monday to Sunday, in percent of an average day.
_WEEKDAYS = (108, 102, 100, 101, 105, 96, 88)
_INSERT = {
    "customer": 2,
    "subscription": 6,
    "invoice": 13,
    "intent": 8,
    "charge": 14,
    "refund": 9,
    "dispute": 11,
    "bt": 9,
    "payout": 8,
    "event": 4,
    "ledger_fault": 5,
    "ledger_extra": 6,
    "restatement": 2,
    "bank_line": 10,
}


def shopping_time(rng: random.Random) -> int:
    """Seconds after local midnight, drawn by the hours at which people shop."""
    return bisect(_HOURS, rng.random() * _HOURS[-1]) * 3600 + int(rng.random() * 3600)


@dataclass(frozen=True)
class World:
    """What a world was seeded with. `start` is its first day, `first_now` the instant at which it was seeded."""

    seed: str
    days: int
    per_day: int
    start: dt.date
    first_now: int

    def volume(self, entity: EntityProfile) -> float:
        """Payments an average day brings to one entity."""
        return self.per_day * entity.share / 100


class Day:
    """Rows of a day, collected and written in batches inside the caller's transaction."""

    def __init__(
        self, store: Store, entity: EntityProfile, ids: Ids, world: World, date: dt.date, *, plant: bool = True
    ) -> None:
        self.store = store
        self.entity = entity
        self.salt = ids.salt
        self.ids = ids
        self.world = world
        self.date = date
        self.rng = random.Random(f"{world.seed}/{entity.code}/{date}")  # noqa: S311 - a repeatable world is the point
        self.start, self.end = local_bounds(date, entity.zone)
        self.numbers = store.last_numbers()
        self.faults = FaultPlan.load(store, self.rng, world.volume(entity) * world.days)
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERT}
        self._ended: list[tuple[int, int]] = []
        self._waiting = 0
        self._plant = plant
        self._events_from = world.first_now - EVENT_RETENTION_DAYS * DAY

    def reserve(self, table: str) -> int:
        """The next row number of `table`."""
        self.numbers[table] += 1
        return self.numbers[table]

    def put(self, table: str, *values: Any) -> None:
        self._rows[table].append(values)
        self._waiting += 1
        if self._waiting >= _BATCH:
            self.flush()

    def flush(self) -> None:
        for table, rows in self._rows.items():
            if rows:
                marks = ",".join("?" * _INSERT[table])
                self.store.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
                rows.clear()
        self.store.connection.executemany("UPDATE subscription SET ended_at = ? WHERE n = ?", self._ended)
        self._ended.clear()
        self._waiting = 0

    def end_subscription(self, number: int, at: int) -> None:
        """Cancels from `at` on; the row may still wait to be written."""
        self._ended.append((at, number))

    def finish(self) -> None:
        self.flush()
        self.faults.save(self.store)

    def event(self, at: int, name: str, source: int) -> None:
        """Noted unless it is older than what the events endpoint still shows."""
        if at >= self._events_from:
            self.put("event", self.reserve("event"), at, EVENT_NUMBER[name], source)

    def movement(
        self, at: int, kind: Movement, source: int, *, amount: int, fee: int, currency: str, available_on: int
    ) -> int:
        """A balance transaction; amount signed, fee positive, both in minor units. May be given a planted fault."""
        number = self.reserve("bt")
        self.put("bt", number, at, kind, source, amount, fee, currency, available_on, None)
        if self._plant and kind is not Movement.PAYOUT:
            self.faults.consider(self, number, at, kind, amount=amount, fee=fee, currency=currency)
        return number

    def moment(self) -> int:
        """A second of this day, more likely when people shop."""
        return min(self.start + shopping_time(self.rng), self.end - 1)

    def times(self, average: float, *, weekly: bool = True) -> list[int]:
        """Moments of things that happen `average` times on an average day."""
        if weekly:
            average *= _WEEKDAYS[self.date.weekday()] / 100
        count = int(average * (0.9 + 0.2 * self.rng.random()) + self.rng.random())
        return sorted(self.moment() for _ in range(count))
