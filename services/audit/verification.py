"""Verification: every entry hashed anew from its stored bytes, and the tree compared with everything that was signed.

The database hashes, on several connections; the tree is computed here. Stored hashes serve only to say which entry
was changed: whether one was is decided by the signed roots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.audit import merkle
from services.audit.checkpoint import Checkpoint
from services.audit.findings import Findings
from services.audit.tree import StoredTree, hashes_in
from services.core.actor import Actor
from services.core.db import Database

CHUNK = 16_384
_GRACE = "5 minutes"  # longer than any transaction of ours may take between an entry's time and its commit
_BACKDATED = 3_600_000_000  # microseconds; clocks and long transactions differ by less

_BODY = "convert_from(e.canonical, 'UTF8')"
_MICROS = "(extract(epoch FROM e.recorded_at) * 1000000)::bigint"
# The canonical bytes before and behind what changed, as the columns would have them.
_HEAD = (
    "concat('{\"action\":', to_json(e.action), ',\"actor_id\":', coalesce('\"' || e.actor_id || '\"', 'null'),"
    " ',\"actor_kind\":', to_json(e.actor_kind), ',\"after\":')"
)
_TAIL = (
    "concat(',\"entity_id\":', coalesce('\"' || e.entity_id || '\"', 'null'), ',\"format\":2,\"id\":\"', e.id,"
    ' \'","outcome":\', to_json(e.outcome), \',"personal":"\', encode(e.commitment, \'hex\'), \'","recorded_at":\','
    f" {_MICROS}, ',\"request_id\":', to_json(e.request_id), ',\"session_id\":',"
    " coalesce('\"' || e.session_id || '\"', 'null'), ',\"subject_id\":', to_json(e.subject_id), ',\"subject_type\":',"
    " to_json(e.subject_type), '}')"
)
_BOUNDS = (
    "SELECT (array_agg(entry_id ORDER BY entry_id))[1], (array_agg(entry_id ORDER BY entry_id DESC))[1], count(*)"
    " FROM audit_leaf WHERE index >= %(start)s AND index < %(end)s"
)
# What a leaf's entry says now; the texts to compare are made once for each.
_READ = (
    "SELECT l.index, l.entry_id, l.hash AS stored, e.id IS NULL AS gone, e.canonical,"
    f" {_MICROS} AS micros, {_BODY} AS body, {_HEAD} AS head, {_TAIL} AS tail,"
    " p.entry_id IS NOT NULL AND (p.data IS NULL OR sha256(p.salt || p.data) = e.commitment) AS personal,"
    " p.erased_by IS NULL OR EXISTS (SELECT 1 FROM audit_entry w WHERE w.id = p.erased_by"
    " AND w.action = 'audit.personal.erased') AS erasure"
    " FROM audit_leaf l"
    " LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.id BETWEEN %(low)s AND %(high)s"
    " LEFT JOIN audit_personal p ON p.entry_id = l.entry_id AND p.entry_id BETWEEN %(low)s AND %(high)s"
    " WHERE l.index >= %(start)s AND l.index < %(end)s OFFSET 0"
)
# Narrow, so that putting the rows into the order of their leaves stays in memory.
_CHECKED = (
    "SELECT index, entry_id, stored, gone, micros, personal, erasure, sha256('\\x00'::bytea || canonical) AS found,"
    " starts_with(body, head) AND right(body, length(tail)) = tail AS same"
    f" FROM ({_READ}) entry_read OFFSET 0"
)
_CHANGED = "found IS DISTINCT FROM stored"
_WRONG = f"gone OR {_CHANGED} OR same IS NOT TRUE OR personal IS NOT TRUE OR erasure IS NOT TRUE"
_JOINED = (
    "SELECT string_agg(coalesce(found, sha256('')), ''::bytea ORDER BY index),"
    " string_agg(int8send(coalesce(micros, 0)), ''::bytea ORDER BY index),"
    f" count(*) FILTER (WHERE {_WRONG}) FROM ({_CHECKED}) checked"
)
_NAMED = (
    f"SELECT index, entry_id, gone, NOT gone AND {_CHANGED}, NOT gone AND same IS NOT TRUE,"
    " NOT gone AND personal IS NOT TRUE, erasure IS NOT TRUE"
    f" FROM ({_CHECKED}) checked WHERE {_WRONG} ORDER BY index LIMIT 200"
)
_UNSEALED = (
    "SELECT e.id FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id"
    f" WHERE l.entry_id IS NULL AND e.recorded_at < now() - interval '{_GRACE}' ORDER BY e.id LIMIT 200"
)
_KINDS = ("entry_missing", "entry_changed", "columns_changed", "personal_changed", "erasure_unfounded")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Leaves [start, end) as they hash now, the times their entries claim (microseconds since 1970, an array), and
    what is wrong with single ones: (leaf, entry id, kind).
    """

    start: int
    end: int
    count: int
    hashes: list[bytes]
    times: Any
    wrong: list[tuple[int, str, str]]


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
        chunks = pool.map(lambda span: _chunk(database, actor, *span), spans)
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


def _chunk(database: Database, actor: Actor, start: int, end: int) -> Chunk:
    with database.unit_of_work(actor) as uow:
        driver: Any = uow.driver
        low, high, count = driver.execute(_BOUNDS, {"start": start, "end": end}).fetchone()
        wanted = {"start": start, "end": end, "low": low, "high": high}
        joined, times, wrong = driver.execute(_JOINED, wanted, binary=True).fetchone()
        named = driver.execute(_NAMED, wanted).fetchall() if wrong else []
    told = [
        (leaf, str(entry_id), kind)
        for leaf, entry_id, *marks in named
        for kind, mark in zip(_KINDS, marks, strict=True)
        if mark
    ]
    return Chunk(start, end, count, hashes_in(joined), np.frombuffer(bytes(times or b""), ">i8"), told)
