"""The fold of the standing breaks: a few sums by day, class and currency that runs carry on.

`recon_fold` always holds what stands. A run over everything writes it anew from what it found; a run over few keys
adds and takes away those keys alone, so that its cost is that of its changes. Totals, drift and the fingerprint of a
run are read from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from services.reconciliation.models import ReconciliationRun

FACTS = (
    "subject_key, occurrence, break_class, left_key, left_minor, left_currency, left_value, right_key, right_minor, "
    "right_currency, right_value, delta_minor, currency, booked_on"
)
STANDING_FINDINGS = f"""(
    SELECT {FACTS} FROM recon_break WHERE entity_id = :entity AND definition = :definition
        AND since_seq <= :seq AND (closed_seq IS NULL OR closed_seq > :seq)
    UNION ALL
    SELECT {FACTS} FROM recon_break_version WHERE entity_id = :entity AND definition = :definition
        AND since_seq <= :seq AND until_seq > :seq) standing"""


def _nested(names: Iterable[str], inner: str, form: str) -> str:
    for name in names:
        inner = form.format(name=name, inner=inner)
    return inner


_NUMBER = "hashint8extended(coalesce({name}, -9007199254740993), {inner})"
_TEXT = "hashtextextended(coalesce({name}, ''), {inner})"
_DAY = "hashint4extended(booked_on - date '2000-01-01', {inner})"
# The hash of what differs within one group of the fold, nested calls of hashes of single values.
_MARK = _nested(
    ("left_value", "right_value", "left_key", "right_key", "subject_key"),
    _nested(
        ("right_minor", "delta_minor"), "hashint8extended(coalesce(left_minor, -9007199254740993), occurrence)", _NUMBER
    ),
    _TEXT,
)
# The hash of a group, by which the sum of its marks counts in the fingerprint.
_GROUP_HASH = _nested(("break_class", "left_currency", "right_currency", "currency"), _DAY.format(inner="0"), _TEXT)
_GROUP = "booked_on, break_class, left_currency, right_currency, currency"
_FOLDED = f"""
SELECT booked_on, break_class, coalesce(left_currency, '') AS left_currency,
       coalesce(right_currency, '') AS right_currency, currency, {{sign}} * count(*) AS items,
       {{sign}} * count(left_key) AS with_left, {{sign}} * sum(abs(delta_minor)) AS delta_minor,
       {{sign}} * coalesce(sum(left_minor), 0) AS left_minor, {{sign}} * coalesce(sum(right_minor), 0) AS right_minor,
       {{sign}} * sum({_MARK}) AS marks
FROM {{rows}} GROUP BY 1, 2, 3, 4, 5
"""
_SUMS = ("items", "with_left", "delta_minor", "left_minor", "right_minor", "marks")
_FORGET = "DELETE FROM recon_fold WHERE entity_id = :entity AND definition = :definition"
_FORGET_EMPTY = f"{_FORGET} AND items = 0"
_WRITE = f"""
INSERT INTO recon_fold (entity_id, definition, {_GROUP}, {", ".join(_SUMS)})
SELECT :entity, CAST(:definition AS varchar), folded.* FROM ({_FOLDED.format(sign=1, rows="recon_found")}) folded
"""
_AFTER = "SELECT f.* FROM recon_found f JOIN recon_change c USING (subject_key, occurrence)"
_CARRY = f"""
INSERT INTO recon_fold AS t (entity_id, definition, {_GROUP}, {", ".join(_SUMS)})
SELECT :entity, CAST(:definition AS varchar), {_GROUP}, {", ".join(f"sum({name})" for name in _SUMS)} FROM (
    {_FOLDED.format(sign=-1, rows="(SELECT * FROM recon_change WHERE stood) before")}
    UNION ALL
    {_FOLDED.format(sign=1, rows=f"({_AFTER}) after")}
) moved GROUP BY {_GROUP}
ON CONFLICT (entity_id, definition, {_GROUP}) DO UPDATE SET
    {", ".join(f"{name} = t.{name} + excluded.{name}" for name in _SUMS)}
"""
_PRINT = f"SELECT coalesce(sum(marks * {_GROUP_HASH}), 0) FROM {{folded}}"
_KEPT = "recon_fold WHERE entity_id = :entity AND definition = :definition"
_READ = f"""
SELECT break_class, left_currency, right_currency, currency, booked_on = :through AS today, false AS resolved,
       sum(items) AS items, sum(with_left) AS with_left, sum(delta_minor) AS delta, sum(left_minor) AS left_minor,
       sum(right_minor) AS right_minor
FROM {_KEPT} GROUP BY 1, 2, 3, 4, 5
"""
# What people resolved stands in the fold as well; it moves over to the resolved ones.
_RESOLVED = """
SELECT break_class, left_currency, right_currency, currency, today, turn.resolved, turn.sign * items AS items,
       turn.sign * with_left AS with_left, turn.sign * delta AS delta, turn.sign * left_minor AS left_minor,
       turn.sign * right_minor AS right_minor
FROM (SELECT break_class, coalesce(left_currency, '') AS left_currency, coalesce(right_currency, '') AS right_currency,
             currency, booked_on = :through AS today, count(*) AS items, count(left_key) AS with_left,
             sum(abs(delta_minor)) AS delta, coalesce(sum(left_minor), 0) AS left_minor,
             coalesce(sum(right_minor), 0) AS right_minor
      FROM recon_break
      WHERE entity_id = :entity AND definition = :definition AND closed_seq IS NULL AND state = 'resolved'
      GROUP BY 1, 2, 3, 4, 5) done
CROSS JOIN (VALUES (true, 1), (false, -1)) turn (resolved, sign)
"""
# What is open now of what a run stood on, by currency; a wrong currency counts in both.
_OPEN = """
WITH folded AS ({folded})
SELECT currency, sum(breaks) AS breaks, sum(minor) FILTER (WHERE NOT swapped) AS minor,
       sum(minor) FILTER (WHERE swapped) AS swapped
FROM (
    SELECT currency, breaks, minor, swapped FROM folded
    UNION ALL SELECT other, 0, other_minor, true FROM folded WHERE swapped
) deltas GROUP BY currency HAVING sum(breaks) <> 0 OR bool_or(swapped) ORDER BY currency
"""
_OPEN_BREAKS = """
SELECT currency, break_class = 'currency' AS swapped, CASE break_class WHEN 'currency' THEN right_currency END AS other,
       count(*) AS breaks, sum(abs(delta_minor)) AS minor, sum(abs(right_minor)) AS other_minor
FROM recon_break
WHERE entity_id = :entity AND definition = :definition AND closed_seq IS NULL AND since_seq <= :seq
  AND state <> 'resolved' {among}
GROUP BY 1, 2, 3
"""
_SWAPPED = f"{_KEPT} AND break_class = 'currency'"
# What is folded less what people resolved of it; of wrong currencies, if there are any, every single one is asked.
_OPEN_FOLDED = f"""
SELECT currency, false AS swapped, NULL::varchar AS other, sum(items)::bigint AS breaks, sum(delta_minor) AS minor,
       NULL::numeric AS other_minor
FROM (
    SELECT currency, items, delta_minor FROM {_KEPT} AND break_class <> 'currency'
    UNION ALL
    SELECT currency, -count(*), -sum(abs(delta_minor)) FROM recon_break
    WHERE entity_id = :entity AND definition = :definition AND closed_seq IS NULL AND state = 'resolved'
      AND break_class <> 'currency' GROUP BY 1
) plain GROUP BY 1
UNION ALL
{_OPEN_BREAKS.format(among=f"AND break_class = 'currency' AND EXISTS (SELECT FROM {_SWAPPED})")}
"""
# No run since has found anything else, so that the fold is what this one stood on.
_STILL_FOLDED = """
SELECT NOT EXISTS (SELECT FROM recon_run WHERE entity_id = :entity AND definition = :definition AND seq > :seq
                   AND fingerprint IS DISTINCT FROM CAST(:fingerprint AS varchar))
"""

_THIRD = "3:"
"""What stands before a fingerprint of folded marks."""
_SECOND = "2:"
"""What stands before a fingerprint of single values' hashes; the first kind hashed whole rows and had nothing."""
_SECOND_MARK = _nested(
    (
        "break_class",
        "currency",
        "left_currency",
        "right_currency",
        "left_value",
        "right_value",
        "left_key",
        "right_key",
        "subject_key",
    ),
    _nested(("left_minor", "right_minor", "delta_minor"), _DAY.format(inner="occurrence"), _NUMBER),
    _TEXT,
)
_FIRST_MARK = f"hash_record_extended(ROW({FACTS}), 0)"


def write_fold(connection: Connection, *, entity: uuid.UUID, definition: str, only_changes: bool) -> None:
    """Brings the fold in line with `recon_found`: anew, or by what `recon_change` says has changed."""
    values = {"entity": entity, "definition": definition}
    for statement in (_CARRY, _FORGET_EMPTY) if only_changes else (_FORGET, _WRITE):
        connection.execute(text(statement), values)


def read_fold(connection: Connection, *, entity: uuid.UUID, definition: str, through: object, first: bool) -> list[Any]:
    """What stands by class, currencies, whether it is of the day `through`, and whether somebody resolved it.

    On a `first` run nothing can be resolved.
    """
    values = {"entity": entity, "definition": definition, "through": through}
    return [row for one in ((_READ,) if first else (_READ, _RESOLVED)) for row in connection.execute(text(one), values)]


def fingerprint_of_fold(connection: Connection, *, entity: uuid.UUID, definition: str) -> str:
    """The fingerprint of all that stands."""
    values = {"entity": entity, "definition": definition}
    return f"{_THIRD}{connection.scalar(text(_PRINT.format(folded=_KEPT)), values)}"


def open_now(connection: Connection, run: ReconciliationRun) -> list[Any]:
    """What is open of what a run stood on: breaks and absolute difference by currency, `swapped` where it is wrong.

    Read from the fold unless a later run found something else, or this one is of before there was one.
    """
    values = {"entity": run.entity_id, "definition": run.definition, "seq": run.seq}
    folded = (run.fingerprint or "").startswith(_THIRD) and connection.scalar(
        text(_STILL_FOLDED), values | {"fingerprint": run.fingerprint}
    )
    rows = _OPEN_FOLDED if folded else _OPEN_BREAKS.format(among="")
    return list(connection.execute(text(_OPEN.format(folded=rows)), values))


def fingerprint_again(connection: Connection, run: ReconciliationRun) -> str | None:
    """The fingerprint of a run's findings, from what is stored of them; None for a run of before there was one."""
    if run.fingerprint is None:
        return None
    values = {"entity": run.entity_id, "definition": run.definition, "seq": run.seq}
    if run.fingerprint.startswith(_THIRD):
        statement = _PRINT.format(folded=f"({_FOLDED.format(sign=1, rows=STANDING_FINDINGS)}) folded")
        return f"{_THIRD}{connection.scalar(text(statement), values)}"
    second = run.fingerprint.startswith(_SECOND)
    statement = f"SELECT coalesce(sum({_SECOND_MARK if second else _FIRST_MARK}), 0) FROM {STANDING_FINDINGS}"
    return f"{_SECOND if second else ''}{connection.scalar(text(statement), values)}"
