"""Carrying breaks and match groups from run to run: the same disagreement keeps its number, an explained one closes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, text

from services.reconciliation.fold import FACTS as FINDING
from services.reconciliation.scene import Scene

FACTS = FINDING.split(", ", 2)[2]
_NAMES = FACTS.split(", ")
_OF_BREAK = ", ".join(f"b.{name}" for name in _NAMES)
_OF_FOUND = ", ".join(f"f.{name}" for name in _NAMES)

# What this run changes: breaks that are new, gone, or found with other facts or after having been closed; with the
# facts as they were.
_CHANGES = f"""
CREATE TEMP TABLE recon_change ON COMMIT DROP AS
SELECT number, 'new'::varchar AS turn, since_seq, closed_seq, true AS stood, {FINDING} FROM recon_break WITH NO DATA
"""
_NOTE_CHANGES = f"""
INSERT INTO recon_change
SELECT coalesce(b.number, 0),
       CASE WHEN b.number IS NULL THEN 'new' WHEN f.subject_key IS NULL THEN 'gone' ELSE 'moved' END,
       b.since_seq, b.closed_seq, b.number IS NOT NULL AND b.closed_seq IS NULL,
       coalesce(f.subject_key, b.subject_key), coalesce(f.occurrence, b.occurrence), {_OF_BREAK}
FROM (SELECT number, since_seq, closed_seq, {FINDING} FROM recon_break
      WHERE entity_id = :entity AND definition = :definition {{among}}) b
FULL JOIN recon_found f ON f.subject_key = b.subject_key AND f.occurrence = b.occurrence
WHERE b.number IS NULL OR (f.subject_key IS NULL AND b.closed_seq IS NULL)
   OR (f.subject_key IS NOT NULL AND (b.closed_seq IS NOT NULL OR ({_OF_BREAK}) IS DISTINCT FROM ({_OF_FOUND})))
"""
_TURNS = "SELECT turn, count(*) AS number FROM recon_change GROUP BY turn"
# Each key by itself through the Bloom filters; the planner would rather hash all breaks.
_AMONG_FEW = "AND subject_key = ANY(ARRAY(SELECT ext_key FROM recon_dirty_now))"
# Said so, the keys become a set that each break is held against. Left to itself the planner puts all the breaks, which
# it may know nothing of yet, into a hash table.
_AMONG_MANY = "AND (subject_key IN (SELECT ext_key FROM recon_dirty_now)) IS TRUE"
_MANY = 20
"""Keys from which one pass over all breaks costs less than looking up each (measured with 108,000 and 540,000)."""
_KEEP_OLD = f"""
INSERT INTO recon_break_version (number, entity_id, definition, since_seq, until_seq, {FINDING})
SELECT number, :entity, CAST(:definition AS varchar), since_seq, coalesce(closed_seq, :seq), {FINDING}
FROM recon_change WHERE turn = 'moved'
"""
_TAKE_NEW = f"""
UPDATE recon_break b SET ({FACTS}) = ROW({_OF_FOUND}), since_seq = :seq, closed_seq = NULL,
    state = CASE WHEN b.state IN ('resolved', 'proposed') THEN 'open' ELSE b.state END,
    reopened = b.reopened + (b.state = 'resolved')::int, explained_by = NULL,
    resolution = NULL, resolved_reason = NULL, resolved_by = NULL, resolved_by_name = NULL, resolved_at = NULL,
    version = b.version + 1
FROM recon_change c JOIN recon_found f USING (subject_key, occurrence)
WHERE c.turn = 'moved' AND b.number = c.number
"""
_CLOSE = """
UPDATE recon_break b SET closed_seq = :seq, state = 'resolved', resolution = coalesce(b.resolution, 'explained'),
    explained_by = CASE
        WHEN EXISTS (SELECT FROM recon_group_now g WHERE g.ext_key IN (b.left_key, b.right_key)) THEN 'grouped'
        WHEN EXISTS (SELECT FROM recon_expected_now x WHERE x.ext_key IN (b.left_key, b.right_key)) THEN 'expected'
        WHEN EXISTS (SELECT FROM recon_entry e WHERE e.source_id IN (:left, :right) AND e.ext_key = b.subject_key
                     AND e.occurrence = b.occurrence) THEN 'agrees' ELSE 'withdrawn' END,
    resolved_at = coalesce(b.resolved_at, :now), version = b.version + 1
FROM recon_change c WHERE c.turn = 'gone' AND b.number = c.number
"""
_OPEN_NEW = f"""
INSERT INTO recon_break (entity_id, definition, first_seq, since_seq, {FINDING})
SELECT :entity, CAST(:definition AS varchar), :seq, :seq, {FINDING} FROM recon_found f {{only_new}}
"""
_ONLY_NEW = """
WHERE EXISTS (SELECT FROM recon_change c WHERE c.turn = 'new' AND c.subject_key = f.subject_key
              AND c.occurrence = f.occurrence)
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


# What this run grouped, by rule; a group's left entries did not match by their key.
_GROUPED = """
SELECT rule, count(DISTINCT fingerprint) AS groups, count(*) FILTER (WHERE side = 'left') AS with_left
FROM recon_group_now GROUP BY rule
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """How a run changed the standing breaks: `moved` ones came back or have other facts; `first` when there were none
    before."""

    new: int
    closed: int
    moved: int = 0
    first: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.new or self.closed or self.moved)


def carry_breaks(
    connection: Connection,
    scene: Scene,
    *,
    entity: uuid.UUID,
    definition: str,
    seq: int,
    now: object,
    looked_at: int | None = None,
) -> Carried:
    """Brings the standing breaks in line with `recon_found`; those of other keys stay when only `looked_at` keys, those
    in `recon_dirty_now`, were compared.

    Unchanged ones are not touched. A break whose facts changed, or that comes back, keeps its number; its former
    facts go to its versions, and one that was resolved opens again. One no longer found is closed by this run.
    """
    if looked_at == 0:
        return Carried(0, 0)
    values = {"entity": entity, "definition": definition, "seq": seq, "now": now}
    values |= {"left": scene.left, "right": scene.right}
    if not connection.scalar(text(_ANY_KNOWN), values):
        opened = connection.execute(text(_OPEN_NEW.format(only_new="")), values)
        return Carried(opened.rowcount, 0, first=True)
    connection.exec_driver_sql("ANALYZE recon_found")
    connection.exec_driver_sql(_CHANGES)
    connection.execute(text(_NOTE_CHANGES.format(among=_among(looked_at))), values)
    connection.exec_driver_sql("ANALYZE recon_change")
    turns: dict[str, int] = {row.turn: row.number for row in connection.execute(text(_TURNS))}
    steps = {"moved": (_KEEP_OLD, _TAKE_NEW), "gone": (_CLOSE,), "new": (_OPEN_NEW.format(only_new=_ONLY_NEW),)}
    for turn, statements in steps.items():
        for statement in statements if turn in turns else ():
            connection.execute(text(statement), values)
    return Carried(turns.get("new", 0), turns.get("gone", 0), turns.get("moved", 0))


def _among(looked_at: int | None) -> str:
    """Which breaks are held against what was found: all, or those of the keys looked at, few of them one by one."""
    if looked_at is None:
        return ""
    return _AMONG_FEW if looked_at < _MANY else _AMONG_MANY


def carry_groups(connection: Connection, *, entity: uuid.UUID, definition: str, seq: int) -> tuple[dict[str, int], int]:
    """Brings the open match groups in line with `recon_group_now`: a group is stored once over its whole life.

    Returns how many each rule made, and how many entries of the left side are in them.
    """
    values = {"entity": entity, "definition": definition, "seq": seq}
    rules = connection.execute(text(_GROUPED)).all()
    connection.execute(text(_CLOSE_GROUPS), values)
    if rules:
        connection.execute(text(_OPEN_GROUPS), values)
    return {row.rule: row.groups for row in rules}, sum(row.with_left for row in rules)
