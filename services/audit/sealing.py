"""The sealer: gives entries their places in the tree, behind the transactions that wrote them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from services.audit import merkle
from services.audit.tree import STEP, StoredTree, hashes_in
from services.core.db import UnitOfWork
from services.core.locks import take_turn
from services.core.permissions import Permission

BATCH = 20_000
_FIRST = uuid.UUID(int=0)

_PLACE = (
    "INSERT INTO audit_leaf (index, entry_id, hash)"
    " SELECT %(size)s - 1 + row_number() OVER (ORDER BY id), id, sha256('\\x00'::bytea || canonical) FROM (SELECT"
)
_UNSEALED = " NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)"
# Along the ids. What was written in bulk has old statistics, by which sorting all that is left looks cheap every time.
_IN_ORDER = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off"
_ALL = (
    f"{_PLACE} e.id, e.canonical FROM audit_entry e WHERE e.id > %(after)s AND NOT EXISTS"
    " (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id AND l.entry_id > %(after)s)"
    " ORDER BY e.id LIMIT %(limit)s) batch"
)
# What committed since the last complete pass, found by its transaction.
_LATELY = (
    f"{_PLACE} e.id, e.canonical FROM audit_entry e JOIN (SELECT id FROM audit_entry e"
    f" WHERE transaction_id >= %(horizon)s AND id > %(after)s AND{_UNSEALED} OFFSET 0) fresh ON fresh.id = e.id"
    " ORDER BY e.id LIMIT %(limit)s) batch"
)
_LAST = "SELECT entry_id FROM audit_leaf WHERE index = %s"
_HASHES = "SELECT string_agg(hash, ''::bytea ORDER BY index) FROM audit_leaf WHERE index >= %s AND index < %s"
_NODE = "INSERT INTO audit_node (level, index, hash) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Sealed:
    """`count` entries were given a place in this step; the tree has `size` leaves. `more` says that others wait."""

    count: int
    size: int
    more: bool


class Sealer:
    """Seals what has no leaf yet. Entries become visible out of the order of their ids, so it never relies on order.

    A pass goes through all entries in batches. The next one needs to look only at transactions that were not over
    when this one began: whatever had committed by then it has seen. A new sealer's first pass looks at everything. A
    batch after the first one of a pass goes on along the ids, so that each costs the same however many still wait.
    """

    def __init__(self, *, batch: int = BATCH) -> None:
        self._batch = batch
        self._horizon = 0
        self._next_horizon: int | None = None
        self._after = _FIRST

    def step(self, uow: UnitOfWork) -> Sealed:
        """One batch, in the caller's transaction. After a rollback a new sealer has to take over."""
        uow.actor.require(Permission.AUDIT_SEAL)
        take_turn(uow.session, "audit/sealing")  # one at a time, even if two think they lead
        driver = uow.driver
        self._begin(driver)
        tree = StoredTree(driver)
        size = tree.size()
        count = self._place(driver, size)
        if count:
            _complete_nodes(driver, size, size + count)
        more = count == self._batch
        if more:
            self._after = driver.execute(_LAST, (size + count - 1,)).fetchone()[0]
        else:
            self._horizon, self._next_horizon, self._after = self._next_horizon or 0, None, _FIRST
        return Sealed(count, size + count, more)

    def _begin(self, driver: Any) -> None:
        oldest = driver.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").fetchone()[0]
        if oldest < self._horizon:  # a restored database counts its transactions anew
            self._horizon, self._next_horizon, self._after = 0, None, _FIRST
        if self._next_horizon is None:
            self._next_horizon = oldest

    def _place(self, driver: Any, size: int) -> int:
        wanted = {"size": size, "after": self._after, "limit": self._batch, "horizon": self._horizon}
        if self._horizon and self._after == _FIRST:
            return driver.execute(_LATELY, wanted).rowcount
        driver.execute(_IN_ORDER)
        return driver.execute(_ALL, wanted).rowcount


def _complete_nodes(driver: Any, old: int, size: int) -> None:
    """Adds the nodes of every subtree that the leaves [old, size) completed."""
    first, last = old >> STEP, size >> STEP
    if first == last:
        return
    hashes = hashes_in(driver.execute(_HASHES, (first << STEP, last << STEP), binary=True).fetchone()[0])
    nodes = [
        (STEP, first + number, merkle.perfect_root(hashes[number << STEP : (number + 1) << STEP]))
        for number in range(last - first)
    ]
    _store(driver, nodes)
    level = 2 * STEP
    while (first := old >> level) < (last := size >> level):
        tree = StoredTree(driver)
        runs = ((number, tree.run(level - STEP, number)) for number in range(first, last))
        _store(driver, [(level, number, merkle.perfect_root(run)) for number, run in runs])
        level += STEP


def _store(driver: Any, nodes: list[tuple[int, int, bytes]]) -> None:
    with driver.cursor() as cursor:
        cursor.executemany(_NODE, nodes)
