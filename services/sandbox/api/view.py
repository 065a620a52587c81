"""What one account looks like at one instant: the ground every rendering stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from services.sandbox.ids import Ids
from services.sandbox.people import Person, person
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store

API_VERSION = "2026-10-28.endive"
Json = dict[str, Any]
_person = lru_cache(maxsize=8192)(person)


@dataclass(frozen=True)
class View:
    """One account as of `now` (seconds since the epoch): nothing later exists yet.

    `founded` is when the catalogue was made, long before the first payment.
    """

    entity: EntityProfile
    store: Store
    ids: Ids
    founded: int
    now: int

    def at(self, instant: int) -> View:
        """The same account at another time."""
        return replace(self, now=instant)

    def id(self, prefix: str, number: int | None) -> str | None:
        return None if number is None else self.ids.make(prefix, number)

    def person(self, number: int) -> Person:
        return _person(self.ids.salt, self.entity, number)

    def among(self, query: str, numbers: Iterable[int]) -> list[sqlite3.Row]:
        """Rows of a query that holds `{marks}` for the numbers and `:now`-less visibility as its last `?`."""
        wanted = list(set(numbers))
        if not wanted:
            return []
        return self.store.all(query.replace("{marks}", ",".join("?" * len(wanted))), *wanted, self.now)


def listed(data: list[Json], url: str, *, has_more: bool = False) -> Json:
    """Stripe's list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
