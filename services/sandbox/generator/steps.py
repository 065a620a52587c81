"""From an empty store to a world that reaches just beyond now, one day and one transaction at a time."""

from __future__ import annotations

import datetime as dt

from services.sandbox.days import local_day
from services.sandbox.generator.billing import found, make_payments
from services.sandbox.generator.day import Day, World
from services.sandbox.generator.household import make_household
from services.sandbox.generator.payouts import make_payouts
from services.sandbox.ids import Ids
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store

AHEAD = dt.timedelta(days=2)


def start(store: Store, entity: EntityProfile, world: World) -> None:
    """Writes what exists before the first day."""
    with store.writing():
        store.remember("world", {
            "seed": world.seed, "days": world.days, "per_day": world.per_day,
            "start": world.start.isoformat(), "first_now": world.first_now,
        })  # fmt: skip
        found(store, entity, world)
        store.remember("generated_through", (world.start - dt.timedelta(days=1)).isoformat())


def world_of(store: Store) -> World:
    """What the store was seeded with."""
    stored = store.meta("world")
    return World(**{**stored, "start": dt.date.fromisoformat(stored["start"])})


def extend(store: Store, entity: EntityProfile, now: int) -> int:
    """Makes the days that are missing up to two days beyond `now`; returns how many. Safe to call at any time."""
    world = world_of(store)
    ids = Ids(world.seed, entity.code)
    last = local_day(now, entity.zone) + AHEAD
    made = 0
    while True:
        with store.writing():
            date = dt.date.fromisoformat(store.meta("generated_through")) + dt.timedelta(days=1)
            if date > last:
                return made
            day = Day(store, entity, ids, world, date)
            make_payouts(day)
            make_household(day)
            make_payments(day)
            day.finish()
            store.remember("generated_through", date.isoformat())
        made += 1
