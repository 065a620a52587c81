"""Verification: every entry hashed anew from its stored bytes, and the tree compared with everything that was signed.

The database hashes, on several connections; the tree is computed here. Stored hashes serve only to say which entry
was changed: whether one was is decided by the signed roots.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from services.audit import merkle
from services.audit.checkpoint import Checkpoint
from services.audit.findings import Findings
from services.audit.leaves import Chunk, read_chunk
from services.audit.tree import StoredTree
from services.core.actor import Actor
from services.core.db import Database

CHUNK = 8_192
_GRACE = "5 minutes"  # longer than any transaction of ours may take between an entry's time and its commit
_BACKDATED = 3_600_000_000  # microseconds; clocks and long transactions differ by less

_UNSEALED = (
    "SELECT e.id FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id"
    f" WHERE l.entry_id IS NULL AND e.recorded_at < now() - interval '{_GRACE}' ORDER BY e.id LIMIT 200"
)


Span = tuple[int, int]


class Frontier:
    """The complete subtrees at the right edge of a growing tree: enough to tell its root at any size."""

    def __init__(self, size: int = 0, parts: Sequence[bytes] = ()) -> None:
        levels = [level for level, _ in merkle.perfect_subtrees(0, size)]
        self._parts = list(zip(levels, parts, strict=True))
        self.size = size

    def extend(self, hashes: Sequence[bytes]) -> None:
        at, count = 0, len(hashes)
        while at < count:
            aligned = (self.size & -self.size).bit_length() - 1 if self.size else 62
            level = min(aligned, (count - at).bit_length() - 1)
            self._push(level, merkle.perfect_root(hashes[at : at + (1 << level)]))
            at += 1 << level

    def _push(self, level: int, found: bytes) -> None:
        self.size += 1 << level
        while self._parts and self._parts[-1][0] == level:
            found, level = merkle.node_hash(self._parts.pop()[1], found), level + 1
        self._parts.append((level, found))

    def root(self) -> bytes:
        return merkle.fold([found for _, found in self._parts]) if self._parts else merkle.EMPTY_ROOT


def walk(
    database: Database, actor: Actor, *, since: Checkpoint | None, size: int, wanted: set[int], connections: int
) -> tuple[dict[int, bytes], Findings]:
    """Hashes the leaves [since, size) anew; the roots at the sizes of `wanted`, and what is wrong with entries."""
    findings = Findings()
    frontier = Frontier()
    if since is not None:
        frontier = _trusted(database, actor, since, findings)
    start, roots = frontier.size, {}
    with ThreadPoolExecutor(connections) as pool:
        spans = [(at, min(at - at % CHUNK + CHUNK, size)) for at in _starts(start, size)]
        chunks = _in_turn(pool, lambda span: read_chunk(database, actor, *span), spans, 2 * connections)
        if start in wanted:
            roots[start] = frontier.root()
        _grow(frontier, chunks, sorted(n for n in wanted if start < n <= size), roots, findings)
    with database.unit_of_work(actor) as uow:
        for (entry_id,) in uow.driver.execute(_UNSEALED):
            findings.add("entry_unsealed", entry_id=str(entry_id))
    return roots, findings


def _trusted(database: Database, actor: Actor, since: Checkpoint, findings: Findings) -> Frontier:
    """The tree up to a checkpoint, from stored nodes that its root vouches for; from the first leaf if it does not."""
    with database.unit_of_work(actor) as uow:
        tree = StoredTree(uow.driver)
        try:
            parts = [
                tree.hash_of(number << level, (number + 1) << level)
                for level, number in merkle.perfect_subtrees(0, since.size)
            ]
        except LookupError:
            parts = None
    if parts is not None and (merkle.fold(parts) if parts else merkle.EMPTY_ROOT) == since.root:
        return Frontier(since.size, parts)
    findings.add("root_differs", size=since.size)
    return Frontier()


def _in_turn(
    pool: ThreadPoolExecutor, read: Callable[[Span], Chunk], spans: Sequence[Span], ahead: int
) -> Iterator[Chunk]:
    """The chunks in the order of the log, at most `ahead` of them in memory."""
    waiting: deque[Future[Chunk]] = deque()
    for span in spans:
        waiting.append(pool.submit(read, span))
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _starts(start: int, size: int) -> Iterator[int]:
    while start < size:
        yield start
        start += CHUNK - start % CHUNK


def _grow(
    frontier: Frontier, chunks: Iterator[Chunk], sizes: list[int], roots: dict[int, bytes], findings: Findings
) -> None:
    latest = 0
    for chunk in chunks:
        if chunk.count != chunk.end - chunk.start:
            findings.add("leaf_missing", leaf=chunk.start, count=chunk.end - chunk.start - chunk.count)
        for leaf, entry_id, kind in chunk.wrong:
            findings.add(kind, leaf=leaf, entry_id=entry_id)
        if len(chunk.times):
            running = np.maximum(np.maximum.accumulate(chunk.times), latest)
            for place in np.flatnonzero((chunk.times > 0) & (chunk.times < running - _BACKDATED)):
                findings.add("backdated", leaf=chunk.start + int(place))
            latest = int(running[-1])
        at = 0
        while sizes and sizes[0] <= chunk.end:
            upto = sizes.pop(0)
            frontier.extend(chunk.hashes[at : upto - chunk.start])
            at = upto - chunk.start
            roots[upto] = frontier.root()
        frontier.extend(chunk.hashes[at:])
