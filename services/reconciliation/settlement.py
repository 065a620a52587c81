"""Settlement: the books against Stripe's balance transactions, joined on their key in one pass.

One merge join over the covering key (facts measured: 0.6 times the CPU of a bare hash join) leaves only the rows
that differ or have no counterpart; everything after works on those.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import Connection, text

from services.core.db import UnitOfWork
from services.reconciliation.closer import look_closer
from services.reconciliation.leftovers import match_leftovers
from services.reconciliation.scene import EXPECTED_NOW, GROUP_NOW, Scene, moment
from services.reconciliation.tolerated import compare_currencies, group_tolerated
from services.reconciliation.vocabulary import BreakClass

_WORKERS = max(2, min(8, os.cpu_count() or 2))  # with one alone the planner sees no gain in a parallel join
# What a merge join over the covering index needs; for this transaction only.
_MERGE_ONLY = f"""
SET LOCAL enable_hashjoin = off; SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_partitionwise_join = on;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_index_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = {_WORKERS}; SET LOCAL work_mem = '16MB'; SET LOCAL jit = off
"""
_PLANNER_FREE = """
SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on; SET LOCAL enable_nestloop = on;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = on; SET LOCAL default_statistics_target = 10;
SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off
"""

# The order of the cases is the precedence of the rules; classes are numbers until the few rows that differ are written.
_PAIRED = """
    SELECT coalesce(l.ext_key, r.ext_key) AS subject_key, coalesce(l.occurrence, r.occurrence) AS occurrence,
           CASE WHEN coalesce(l.occurrence, r.occurrence) > 0 AND (l.ext_key IS NULL OR r.ext_key IS NULL)
                     THEN {duplicate}
                WHEN l.ext_key IS NULL THEN {missing_left}
                WHEN r.ext_key IS NULL THEN {missing_right}
                WHEN l.currency_code <> r.currency_code THEN {currency}
                WHEN {amount_differs} THEN {amount}
                WHEN l.fee_minor <> r.fee_minor THEN {fee}
                WHEN l.status_code <> r.status_code THEN {status}
                WHEN {late} THEN {timing}
                ELSE {tolerated} END AS kind,
           l.ext_key AS left_key, l.amount_minor AS left_minor, l.currency_code AS left_code,
           l.fee_minor AS left_fee, l.status_code AS left_status_code, l.occurred_at AS left_at,
           r.ext_key AS right_key, r.amount_minor AS right_minor, r.currency_code AS right_code,
           r.fee_minor AS right_fee, r.status_code AS right_status_code, r.occurred_at AS right_at,
           least(l.booked_on, r.booked_on) AS booked_on
    FROM {joined}
    WHERE l.ext_key IS NULL OR r.ext_key IS NULL OR l.amount_minor <> r.amount_minor
        OR l.currency_code <> r.currency_code OR l.fee_minor <> r.fee_minor OR l.status_code <> r.status_code
        OR {late}
"""
_FOUND = """
CREATE TEMP TABLE recon_found ON COMMIT DROP AS
SELECT subject_key, occurrence, {break_class} AS break_class, left_key, left_minor, {left_currency} AS left_currency,
       CASE kind WHEN {fee} THEN left_fee::varchar WHEN {status} THEN {left_status}
                 WHEN {timing} THEN {left_moment}
       END AS left_value,
       right_key, right_minor, {right_currency} AS right_currency,
       CASE kind WHEN {fee} THEN right_fee::varchar WHEN {status} THEN {right_status}
                 WHEN {timing} THEN {right_moment}
       END AS right_value,
       CASE kind WHEN {fee} THEN left_fee - right_fee WHEN {currency} THEN left_minor
                 ELSE coalesce(left_minor, 0) - coalesce(right_minor, 0) END AS delta_minor,
       {any_currency} AS currency, booked_on
FROM ({paired}) differing
"""
_KINDS = {name: number for number, name in enumerate((*(one.value for one in BreakClass), "tolerated"), start=1)}
# Partition by partition, since only there the planner knows that the inner side is unique and need not be marked.
_PARTITIONS = """
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'recon_entry'::regclass ORDER BY 1
"""
_EVERY = "(SELECT * FROM {partition} WHERE source_id = {source}{up_to})"
_JOINED = "{left} l FULL JOIN {right} r ON l.ext_key = r.ext_key AND l.occurrence = r.occurrence"
# Key by key: a loop over the few dirty keys, each looked up in its one partition and read from the index alone.
_LOOP_ONLY = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = on;
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off
"""
# Both sides by one look: the partition of a key is then told once. In order, so that the index is walked.
_DIRTY = """
CREATE TEMP TABLE recon_sides_now ON COMMIT DROP AS
SELECT e.source_id, e.ext_key, e.occurrence, e.amount_minor, e.fee_minor, e.currency_code, e.status_code, e.occurred_at,
       e.booked_on
FROM (SELECT ext_key FROM recon_dirty_now WHERE NOT known ORDER BY ext_key) d
JOIN recon_entry e ON e.source_id IN ({left}, {right}) AND e.ext_key = d.ext_key
WHERE e.booked_on <= '{through}';
ANALYZE recon_sides_now (source_id, ext_key)
"""
_SIDE = "(SELECT * FROM recon_sides_now WHERE source_id = {source})"
# What came in lately says itself what both sides are.
_KNOWN = """
(SELECT * FROM recon_dirty_now WHERE known) d
CROSS JOIN LATERAL (SELECT d.ext_key, 0 AS occurrence, l_amount_minor AS amount_minor, l_fee_minor AS fee_minor,
    l_currency_code AS currency_code, l_status_code AS status_code, l_occurred_at AS occurred_at,
    l_booked_on AS booked_on) l
CROSS JOIN LATERAL (SELECT d.ext_key, 0 AS occurrence, r_amount_minor AS amount_minor, r_fee_minor AS fee_minor,
    r_currency_code AS currency_code, r_status_code AS status_code, r_occurred_at AS occurred_at,
    r_booked_on AS booked_on) r
"""

# A counterpart that is booked after the day looked at is a matter of time, not a break.
_BOOKED_LATER = """
WITH later AS (
    DELETE FROM recon_found f USING recon_entry e
    WHERE f.break_class IN ('missing_left', 'missing_right')
      AND e.source_id = CASE f.break_class WHEN 'missing_left' THEN :left ELSE :right END
      AND e.ext_key = f.subject_key AND e.occurrence = f.occurrence AND e.booked_on > :through
    RETURNING f.*
)
INSERT INTO recon_expected_now (side, ext_key, occurrence, amount_minor, currency, booked_on, why)
SELECT CASE break_class WHEN 'missing_left' THEN 'right' ELSE 'left' END, subject_key, occurrence,
       coalesce(left_minor, right_minor), currency, booked_on, 'booked_later'
FROM later
"""
# A counterpart may still come until so many business days have passed; only then it is missing.
_NOT_DUE = """
WITH awaited AS (
    DELETE FROM recon_found WHERE break_class IN ('missing_left', 'missing_right') AND booked_on > :since RETURNING *
)
INSERT INTO recon_expected_now (side, ext_key, occurrence, amount_minor, currency, booked_on, why)
SELECT CASE break_class WHEN 'missing_left' THEN 'right' ELSE 'left' END, subject_key, occurrence,
       coalesce(left_minor, right_minor), currency, booked_on, 'not_due'
FROM awaited
"""

_CURRENCIES = """
SELECT currency, bool_or(booked_on > :through) AS later FROM recon_entry_total WHERE source_id IN (:left, :right)
GROUP BY currency ORDER BY 1
"""
_STATUSES = "SELECT code, status FROM recon_status ORDER BY code"


def find_differences(uow: UnitOfWork, scene: Scene, *, only_dirty: bool = False) -> None:
    """Fills the temporary tables `recon_found` and `recon_expected_now` of this transaction.

    `only_dirty` compares the keys in `recon_dirty_now` alone; otherwise every entry is compared, in one merge join.
    """
    connection = uow.session.connection()
    currencies = connection.execute(text(_CURRENCIES), scene.values).all()
    later = any(row.later for row in currencies)
    words = _words(connection, scene, [row.currency for row in currencies])
    if only_dirty:
        joined = [_KNOWN, _dirty_sides(connection, scene)]
    else:
        joined = _every_side(
            connection, scene, up_to=f" AND booked_on <= '{scene.through.isoformat()}'" if later else ""
        )
        connection.exec_driver_sql(_MERGE_ONLY)
    paired = "UNION ALL".join(_PAIRED.format(joined=one, **words) for one in joined)
    connection.exec_driver_sql(_FOUND.format(paired=paired, **words))
    connection.exec_driver_sql(_PLANNER_FREE)
    connection.exec_driver_sql(EXPECTED_NOW)
    connection.exec_driver_sql(GROUP_NOW)
    if later:
        connection.exec_driver_sql("ANALYZE recon_found")
        connection.execute(text(_BOOKED_LATER), scene.values)
    compare_currencies(uow, scene)
    look_closer(uow, scene, only_dirty=only_dirty)
    group_tolerated(uow, scene)
    match_leftovers(uow, scene)
    if days := scene.parameters.get("expected_days"):
        since = scene.calendar.before(scene.through, days)
        connection.execute(text(_NOT_DUE), {"since": since})


def _every_side(connection: Connection, scene: Scene, *, up_to: str) -> list[str]:
    """Both sides' entries, joined partition by partition."""
    return [
        _JOINED.format(
            left=_EVERY.format(partition=partition, source=int(scene.left), up_to=up_to),
            right=_EVERY.format(partition=partition, source=int(scene.right), up_to=up_to),
        )
        for partition in connection.scalars(text(_PARTITIONS))
    ]


def _dirty_sides(connection: Connection, scene: Scene) -> str:
    """Both sides' entries of the dirty keys of which not all is known, looked up and joined."""
    sides = {"left": int(scene.left), "right": int(scene.right)}
    connection.exec_driver_sql(_LOOP_ONLY)
    connection.exec_driver_sql(_DIRTY.format(**sides, through=scene.through.isoformat()))
    connection.exec_driver_sql(_PLANNER_FREE)
    return _JOINED.format(**{side: _SIDE.format(source=source) for side, source in sides.items()})


def _words(connection: Connection, scene: Scene, currencies: Sequence[str]) -> dict[str, str]:
    """The parts of the statement that depend on the rules, and the texts behind the codes of the index."""
    codes = [(_code(name), name) for name in currencies]
    statuses = [(code, name) for code, name in connection.execute(text(_STATUSES))]
    absolute = int(scene.parameters.get("amount_tolerance_minor", 0))
    relative = int(scene.parameters.get("amount_tolerance_ppm", 0))
    exact = "l.amount_minor <> r.amount_minor"
    allowed = f"greatest({absolute}, abs(l.amount_minor) * {relative} / 1000000)"
    differs = f"abs(l.amount_minor - r.amount_minor) > {allowed}" if absolute or relative else exact
    if scene.parameters.get("net_of_fee"):
        differs = f"({differs} AND l.amount_minor IS DISTINCT FROM r.amount_minor - r.fee_minor)"
    kinds = [(number, name) for name, number in _KINDS.items()]
    return {name: str(number) for name, number in _KINDS.items()} | {
        "break_class": _named("kind", kinds).replace(' COLLATE "C"', ""),
        "left_currency": _named("left_code", codes),
        "right_currency": _named("right_code", codes),
        "any_currency": _named("coalesce(left_code, right_code)", codes),
        "left_status": _named("left_status_code", statuses),
        "right_status": _named("right_status_code", statuses),
        "amount_differs": differs,
        "late": scene.is_late("l.occurred_at", "r.occurred_at"),
        "left_moment": moment("left_at"),
        "right_moment": moment("right_at"),
    }


def _code(currency: str) -> int:
    return int.from_bytes(currency.encode("ascii"))


def _named(code: str, names: list[tuple[int, str]]) -> str:
    cases = " ".join(f"WHEN {number} THEN {_literal(name)}" for number, name in names)
    return f'(CASE {code} {cases} END)::varchar COLLATE "C"' if names else "NULL::varchar"


def _literal(words: str) -> str:
    return "'" + words.replace("'", "''").replace("%", "%%") + "'"
