"""Carrying breaks and match groups from run to run: the same disagreement keeps its number, an explained one closes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.reconciliation.scene import Scene

FACTS = (
    "break_class, left_key, left_minor, left_currency, left_value, right_key, right_minor, right_currency, "
    "right_value, delta_minor, currency, booked_on"
)
_NAMES = [name.strip() for name in FACTS.split(",")]
_OF_BREAK = ", ".join(f"b.{name}" for name in _NAMES)
_OF_FOUND = ", ".join(f"f.{name}" for name in _NAMES)

# Entity, definition and subject as the one number that breaks are found by.
_SEED = "hashtextextended(CAST(:definition AS varchar), uuid_hash_extended(CAST(:entity AS uuid), 0))"
_SAME = (
    f"b.name_hash = hashtextextended(f.subject_key, {_SEED}) AND b.occurrence = f.occurrence "
    "AND b.subject_key = f.subject_key"
)
# Found again, but closed in between or with other facts than before.
_MOVED = f"""
b.entity_id = :entity AND b.definition = :definition AND {_SAME}
AND (b.closed_seq IS NOT NULL OR ({_OF_BREAK}) IS DISTINCT FROM ({_OF_FOUND}))
"""
_KEEP_OLD = f"""
INSERT INTO recon_break_version (number, entity_id, definition, since_seq, until_seq, subject_key, occurrence, {FACTS})
SELECT b.number, b.entity_id, b.definition, b.since_seq, coalesce(b.closed_seq, :seq), b.subject_key, b.occurrence,
       {_OF_BREAK}
FROM recon_break b, recon_found f WHERE {_MOVED}
"""
_TAKE_NEW = f"""
UPDATE recon_break b SET ({FACTS}) = ROW({_OF_FOUND}), since_seq = :seq, closed_seq = NULL,
    state = CASE WHEN b.state IN ('resolved', 'proposed') THEN 'open' ELSE b.state END,
    reopened = b.reopened + (b.state = 'resolved')::int, explained_by = NULL,
    resolution = NULL, resolved_reason = NULL, resolved_by = NULL, resolved_by_name = NULL, resolved_at = NULL,
    version = b.version + 1
FROM recon_found f WHERE {_MOVED}
"""
_AMONG_DIRTY = f"AND b.name_hash IN (SELECT hashtextextended(d.ext_key, {_SEED}) FROM recon_dirty_now d)"
_CLOSE = f"""
UPDATE recon_break b SET closed_seq = :seq, state = 'resolved', resolution = coalesce(b.resolution, 'explained'),
    explained_by = CASE
        WHEN EXISTS (SELECT FROM recon_group_now g WHERE g.ext_key IN (b.left_key, b.right_key)) THEN 'grouped'
        WHEN EXISTS (SELECT FROM recon_expected_now x WHERE x.ext_key IN (b.left_key, b.right_key)) THEN 'expected'
        WHEN EXISTS (SELECT FROM recon_entry e WHERE e.source_id IN (:left, :right) AND e.ext_key = b.subject_key
                     AND e.occurrence = b.occurrence) THEN 'agrees' ELSE 'withdrawn' END,
    resolved_at = coalesce(b.resolved_at, :now), version = b.version + 1
WHERE b.entity_id = :entity AND b.definition = :definition AND b.closed_seq IS NULL
  AND NOT EXISTS (SELECT FROM recon_found f WHERE {_SAME}) {{among}}
"""
_OPEN_NEW = f"""
INSERT INTO recon_break (entity_id, definition, first_seq, since_seq, subject_key, occurrence, {FACTS})
SELECT :entity, CAST(:definition AS varchar), :seq, :seq, f.subject_key, f.occurrence, {_OF_FOUND} FROM recon_found f
{{only_unknown}}
"""
_ONLY_UNKNOWN = f"""
WHERE NOT EXISTS (SELECT FROM recon_break b WHERE b.entity_id = :entity AND b.definition = :definition AND {_SAME})
"""
_ANY_KNOWN = "SELECT EXISTS (SELECT FROM recon_break WHERE entity_id = :entity AND definition = :definition)"

_CLOSE_GROUPS = """
WITH gone AS (
    UPDATE recon_match m SET closed_seq = :seq
    WHERE m.entity_id = :entity AND m.definition = :definition AND m.closed_seq IS NULL
      AND NOT EXISTS (SELECT FROM recon_group_now g WHERE g.fingerprint = m.fingerprint)
    RETURNING m.id
)
UPDATE recon_match_member SET closed = true FROM gone WHERE match_id = gone.id
"""
_OPEN_GROUPS = """
WITH made AS (
    INSERT INTO recon_match (entity_id, definition, fingerprint, rule, confidence_percent, why, runner_up,
                             first_seq)
    SELECT :entity, CAST(:definition AS varchar), g.fingerprint, g.rule, g.confidence_percent, g.why, g.runner_up, :seq
    FROM (SELECT DISTINCT fingerprint, rule, confidence_percent, why, runner_up FROM recon_group_now) g
    WHERE NOT EXISTS (SELECT FROM recon_match m WHERE m.entity_id = :entity AND m.definition = :definition
                      AND m.fingerprint = g.fingerprint AND m.closed_seq IS NULL)
    RETURNING id, fingerprint
)
INSERT INTO recon_match_member (match_id, side, source_id, ext_key, occurrence, amount_minor, currency,
                               allocated_minor)
SELECT made.id, g.side, g.source_id, g.ext_key, g.occurrence, g.amount_minor, g.currency,
       coalesce(g.allocated_minor, g.amount_minor)
FROM recon_group_now g JOIN made USING (fingerprint)
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """How a run changed the standing breaks; `first` when there were none before."""

    new: int
    closed: int
    first: bool = False


def carry_breaks(
    connection: Connection,
    scene: Scene,
    *,
    entity: uuid.UUID,
    definition: str,
    seq: int,
    now: object,
    only_dirty: bool = False,
) -> Carried:
    """Brings the standing breaks in line with `recon_found`; those of other keys stay when `only_dirty`.

    Unchanged ones are not touched. A break whose facts changed, or that comes back, keeps its number; its former
    facts go to its versions, and one that was resolved opens again. One no longer found is closed by this run.
    """
    values = {"entity": entity, "definition": definition, "seq": seq, "now": now}
    values |= {"left": scene.left, "right": scene.right}
    if not connection.scalar(text(_ANY_KNOWN), values):
        opened = connection.execute(text(_OPEN_NEW.format(only_unknown="")), values)
        return Carried(opened.rowcount, 0, first=True)
    connection.exec_driver_sql("ANALYZE recon_found")
    connection.execute(text(_KEEP_OLD), values)
    connection.execute(text(_TAKE_NEW), values)
    closed = connection.execute(text(_CLOSE.format(among=_AMONG_DIRTY if only_dirty else "")), values)
    opened = connection.execute(text(_OPEN_NEW.format(only_unknown=_ONLY_UNKNOWN)), values)
    return Carried(opened.rowcount, closed.rowcount)


def carry_groups(connection: Connection, *, entity: uuid.UUID, definition: str, seq: int) -> None:
    """Brings the open match groups in line with `recon_group_now`: a group is stored once over its whole life."""
    values = {"entity": entity, "definition": definition, "seq": seq}
    connection.execute(text(_CLOSE_GROUPS), values)
    connection.execute(text(_OPEN_GROUPS), values)
