"""The tree as it lies in the database: leaves, and a node for every complete subtree of 256, 65,536, … leaves.

A proof reads a few runs of at most 256 hashes, whatever the size of the log.
"""

from __future__ import annotations

from typing import Any

from services.audit import merkle

STEP = 8  # levels between two kept ones
WIDTH = 1 << STEP
_REMEMBERED = 50_000

_LEAVES = "SELECT string_agg(hash, ''::bytea ORDER BY index) FROM audit_leaf WHERE index >= %s AND index < %s"
_NODES = (
    "SELECT string_agg(hash, ''::bytea ORDER BY index) FROM audit_node WHERE level = %s AND index >= %s AND index < %s"
)


class StoredTree:
    """Hashes of ranges of leaves, read from a psycopg connection and remembered for the life of the object.

    What it reads is only as good as the database; compare what it leads to with a signed root.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._runs: dict[tuple[int, int], list[bytes]] = {}
        self._subtrees: dict[tuple[int, int], bytes] = {}

    def size(self) -> int:
        return self._driver.execute("SELECT coalesce(max(index) + 1, 0) FROM audit_leaf").fetchone()[0]

    def root(self, size: int) -> bytes:
        return self.hash_of(0, size) if size else merkle.EMPTY_ROOT

    def hash_of(self, start: int, end: int) -> bytes:
        """The hash of the leaves [start, end), a range of the RFC's recursion. Raises LookupError for missing ones."""
        return merkle.fold([self._subtree(level, number) for level, number in merkle.perfect_subtrees(start, end)])

    def _subtree(self, level: int, number: int) -> bytes:
        found = self._subtrees.get((level, number))
        if found is None:
            if len(self._subtrees) > _REMEMBERED:
                self._subtrees.clear()
                self._runs.clear()
            found = self._subtrees[level, number] = self._computed(level, number)
        return found

    def _computed(self, level: int, number: int) -> bytes:
        kept = level - level % STEP
        first, count = number << (level - kept), 1 << (level - kept)
        run = self.run(kept, first >> STEP)
        hashes = run[first % WIDTH : first % WIDTH + count]
        if len(hashes) < count:
            raise LookupError(f"the subtree {number} of level {level} is not complete in the database")
        return merkle.perfect_root(hashes)

    def read_path(self, leaf: int, size: int) -> None:
        """Reads at once what the inclusion path of a leaf goes through: the runs above it, and the right edge's."""
        wanted: dict[tuple[int, int], None] = {}
        level = 0
        while size >> level:
            for at in (leaf, size - 1):
                wanted[level, at >> level + STEP] = None
            level += STEP
        asked = [run for run in wanted if run not in self._runs]
        if asked:
            parts = [_LEAVES if level == 0 else _NODES for level, _ in asked]
            bounds = [(number << STEP, (number + 1) << STEP) for _, number in asked]
            values = [
                value
                for (level, _), pair in zip(asked, bounds, strict=True)
                for value in ((level,) * bool(level)) + pair
            ]
            together = "SELECT " + ", ".join(f"({part})" for part in parts)
            row = self._driver.execute(together, values, binary=True).fetchone()
            self._runs.update((run, hashes_in(joined)) for run, joined in zip(asked, row, strict=True))

    def run(self, level: int, number: int) -> list[bytes]:
        """The hashes number x 256 to number x 256 + 255 of a kept level, as far as they exist."""
        if (level, number) not in self._runs:
            bounds = (number << STEP, (number + 1) << STEP)
            if level == 0:
                row = self._driver.execute(_LEAVES, bounds, binary=True).fetchone()
            else:
                row = self._driver.execute(_NODES, (level, *bounds), binary=True).fetchone()
            self._runs[level, number] = hashes_in(row[0])
        return self._runs[level, number]


def hashes_in(joined: bytes | None) -> list[bytes]:
    """Joined 32-byte hashes, one by one."""
    data = bytes(joined or b"")
    return [data[at : at + 32] for at in range(0, len(data), 32)]
