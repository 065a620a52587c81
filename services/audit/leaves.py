"""The leaves of a stretch of the log as their entries say now, and which of them are not what was sealed.

Two ways to the same answer. The swift one hashes a whole stretch where it lies and says yes to an entry or does not.
What it does not say yes to, the exact one judges leaf by leaf, and it alone names a finding. Values with quotes or
backslashes are for the exact one: without them, and with fixed words between them, equal text means equal columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.audit.tree import hashes_in
from services.core.actor import Actor
from services.core.db import Database

KINDS = ("entry_missing", "entry_changed", "columns_changed", "personal_changed", "erasure_unfounded")
_EPOCH_2000 = 946_684_800_000_000

# One process a connection, since the stretches run side by side; all three tables are read in the order of ids.
_SETTINGS = (
    "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off"
)
_BOUNDS = (
    "SELECT (array_agg(entry_id ORDER BY entry_id))[1], (array_agg(entry_id ORDER BY entry_id DESC))[1]"
    " FROM audit_leaf WHERE index >= %(start)s AND index < %(end)s"
)
_FROM = (
    " FROM audit_leaf l"
    " LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.id BETWEEN %(low)s AND %(high)s"
    " LEFT JOIN audit_personal p ON p.entry_id = l.entry_id AND p.entry_id BETWEEN %(low)s AND %(high)s"
)
_IN_RANGE = "e.recorded_at BETWEEN 'epoch' AND '2200-01-01 00:00Z'"
# A double holds microseconds until 2200 exactly enough to be rounded to the right one.
_MICROS = f"CASE WHEN {_IN_RANGE} THEN (date_part('epoch', e.recorded_at) * 1000000)::bigint END"
_EXACT_MICROS = f"CASE WHEN {_IN_RANGE} THEN (extract(epoch FROM e.recorded_at) * 1000000)::bigint END"


def _head(quoted: str) -> str:
    """The canonical bytes before what changed, as the columns would have them."""
    return (
        "'{\"action\":' || " + quoted % "e.action" + " || ',\"actor_id\":' || "
        "coalesce('\"' || e.actor_id || '\"', 'null') || ',\"actor_kind\":' || "
        + quoted % "e.actor_kind" + " || ',\"after\":'"
    )  # fmt: skip


def _tail(quoted: str, micros: str) -> str:
    """The canonical bytes behind what changed, as the columns would have them."""
    return (
        "',\"entity_id\":' || coalesce('\"' || e.entity_id || '\"', 'null') || ',\"format\":2,\"id\":\"' || e.id"
        " || '\",\"outcome\":' || " + quoted % "e.outcome" + " || ',\"personal\":\"' || encode(e.commitment, 'hex')"
        f" || '\",\"recorded_at\":' || {micros} || ',\"request_id\":' || " + quoted % "e.request_id"
        + " || ',\"session_id\":' || coalesce('\"' || e.session_id || '\"', 'null') || ',\"subject_id\":' || "
        + quoted % "e.subject_id" + " || ',\"subject_type\":' || " + quoted % "e.subject_type" + " || '}'"
    )  # fmt: skip


_AS_IT_IS, _ESCAPED = "'\"' || %s || '\"'", "to_json(%s)::text"
_TEXTS = "concat(e.action, e.actor_kind, e.outcome, e.request_id, e.subject_id, e.subject_type)"
_SAME = (
    "substr(e.canonical, 1, octet_length(w.head)) = w.head AND octet_length(w.tail) <= octet_length(e.canonical)"
    " AND substr(e.canonical, 1 + octet_length(e.canonical) - octet_length(w.tail)) = w.tail"
)


def _words(quoted: str, micros: str) -> str:
    head, tail = _head(quoted), _tail(quoted, micros)
    return f"SELECT convert_to({head}, 'UTF8') AS head, convert_to({tail}, 'UTF8') AS tail, {_TEXTS} AS texts OFFSET 0"


_READ = (
    "SELECT l.index, l.hash AS stored, coalesce(sha256('\\x00'::bytea || e.canonical), sha256('')) AS found,"
    f" coalesce(timestamptz_send(e.recorded_at), int8send(0)) AS sent, {_SAME}"
    " AND p.erased_by IS NULL AND sha256(p.salt || p.data) = e.commitment"
    " AND position('\"' IN w.texts) = 0 AND position('\\' IN w.texts) = 0 AS same"
    f"{_FROM} CROSS JOIN LATERAL ({_words(_AS_IT_IS, _MICROS)}) w"
    " WHERE l.index >= %(start)s AND l.index < %(end)s OFFSET 0"
)
# Narrow, so that putting the rows into the order of their leaves stays in memory.
_NARROW = f"SELECT index, found, sent, same AND found = stored AS fine FROM ({_READ}) entry_read OFFSET 0"
_SWIFT = (
    "SELECT string_agg(found, '' ORDER BY index), string_agg(sent, '' ORDER BY index), count(*),"
    f" array_agg(index) FILTER (WHERE fine IS NOT TRUE) FROM ({_NARROW}) checked"
)
_EXACT = (
    "SELECT l.index, l.entry_id, e.id IS NULL, e.id IS NOT NULL AND"
    " (sha256('\\x00'::bytea || e.canonical) = l.hash) IS NOT TRUE,"
    f" e.id IS NOT NULL AND ({_SAME}) IS NOT TRUE, e.id IS NOT NULL AND (p.entry_id IS NOT NULL"
    " AND (p.data IS NULL OR sha256(p.salt || p.data) = e.commitment)) IS NOT TRUE,"
    " p.erased_by IS NOT NULL AND y.id IS NULL"
    f"{_FROM} LEFT JOIN audit_entry y ON y.id = p.erased_by AND y.action = 'audit.personal.erased'"
    f" CROSS JOIN LATERAL ({_words(_ESCAPED, _EXACT_MICROS)}) w"
    " WHERE l.index = ANY (%(leaves)s) ORDER BY l.index"
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Leaves [start, end) as they hash now, the times their entries claim (microseconds since 1970, an array, 0 where
    unknown), and what is wrong with single ones: (leaf, entry id, kind). `count` of the leaves are there.
    """

    start: int
    end: int
    count: int
    hashes: list[bytes]
    times: Any
    wrong: list[tuple[int, str, str]]


def read_chunk(database: Database, actor: Actor, start: int, end: int) -> Chunk:
    """Reads the leaves [start, end) and judges each."""
    with database.unit_of_work(actor) as uow:
        driver: Any = uow.driver
        low, high = driver.execute(_BOUNDS, {"start": start, "end": end}).fetchone()
        if low is None:
            return Chunk(start, end, 0, [], np.empty(0, np.int64), [])
        span = {"start": start, "end": end, "low": low, "high": high}
        driver.execute(_SETTINGS)
        found, sent, count, doubts = driver.execute(_SWIFT, span, binary=True).fetchone()
        wrong = _judged(driver, span, doubts) if doubts else []
    return Chunk(start, end, count, hashes_in(found), _times(sent), wrong)


def _times(sent: bytes) -> Any:
    """PostgreSQL's own times, in microseconds since 2000; what no clock of ours can have said counts as unknown."""
    times = np.frombuffer(sent, ">i8").astype(np.int64)
    return np.where((times != 0) & (times > -_EPOCH_2000) & (times < 8 * _EPOCH_2000), times + _EPOCH_2000, 0)


def _judged(driver: Any, span: dict[str, Any], doubts: list[int]) -> list[tuple[int, str, str]]:
    driver.execute("RESET enable_hashjoin; RESET enable_nestloop")
    return [
        (leaf, str(entry_id), kind)
        for leaf, entry_id, *marks in driver.execute(_EXACT, span | {"leaves": doubts}).fetchall()
        for kind, mark in zip(KINDS, marks, strict=True)
        if mark
    ]
