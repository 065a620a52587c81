"""A closer look at pairs by key: lateness in business days, and what both sides call the same record."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation.scene import Scene

_LATE = "SELECT subject_key, occurrence, left_value, right_value FROM recon_found WHERE break_class = 'timing'"
# A pair that is not late after all agrees, at a rate or within the tolerance if not to the minor unit.
_PUNCTUAL = """
UPDATE recon_found f SET left_value = NULL, right_value = NULL,
    break_class = CASE WHEN left_currency <> right_currency THEN 'exchanged'
                       WHEN left_minor <> right_minor THEN 'tolerated' ELSE 'agrees' END
FROM unnest(CAST(:keys AS varchar[]), CAST(:occurrences AS smallint[])) p (key, occurrence)
WHERE f.break_class = 'timing' AND f.subject_key = p.key AND f.occurrence = p.occurrence
"""
_AGREEING = "DELETE FROM recon_found WHERE break_class = 'agrees'"
_PLAIN = "regexp_replace(upper({side}.reference), '[^A-Z0-9]', '', 'g')"
# Pairs that agree in everything else; those that do not have their break already.
_REFERENCES = """
INSERT INTO recon_found (subject_key, occurrence, break_class, left_key, left_minor, left_currency, left_value,
                         right_key, right_minor, right_currency, right_value, delta_minor, currency, booked_on)
SELECT l.ext_key, l.occurrence, 'reference', l.ext_key, l.amount_minor, l.currency, l.reference,
       r.ext_key, r.amount_minor, r.currency, r.reference, 0, l.currency, least(l.booked_on, r.booked_on)
FROM recon_entry l JOIN recon_entry r ON r.ext_key = l.ext_key AND r.occurrence = l.occurrence
WHERE l.source_id = :left AND r.source_id = :right AND l.booked_on <= :through AND r.booked_on <= :through
  AND {left_plain} <> {right_plain} {among}
  AND NOT EXISTS (SELECT FROM recon_found f WHERE f.subject_key = l.ext_key AND f.occurrence = l.occurrence)
"""
# The same of pairs whose amounts agree at a rate or within the tolerance.
_ALMOST = """
UPDATE recon_found f SET break_class = 'reference', left_value = l.reference, right_value = r.reference
FROM recon_entry l JOIN recon_entry r ON r.ext_key = l.ext_key AND r.occurrence = l.occurrence
WHERE f.break_class IN ('tolerated', 'exchanged') AND l.source_id = :left AND r.source_id = :right
  AND l.ext_key = f.subject_key AND l.occurrence = f.occurrence AND {left_plain} <> {right_plain}
"""
_AMONG_DIRTY = "AND l.ext_key IN (SELECT ext_key FROM recon_dirty_now)"


def look_closer(uow: UnitOfWork, scene: Scene, *, only_dirty: bool) -> None:
    """Takes pairs out of `recon_found` that are late by days of rest alone, and adds those of two references.

    Both only where the rules say so (`timing_business_days`, `check_references`). References are compared without
    case and punctuation, and only where both sides have one.
    """
    if scene.parameters.get("timing_business_days"):
        _forgive_days_of_rest(uow, scene)
    if scene.parameters.get("check_references"):
        plain = {f"{side}_plain": _PLAIN.format(side=side[0]) for side in ("left", "right")}
        statement = _REFERENCES.format(**plain, among=_AMONG_DIRTY if only_dirty else "")
        uow.session.execute(text(statement), scene.values)
        uow.session.execute(text(_ALMOST.format(**plain)), scene.values)


def _forgive_days_of_rest(uow: UnitOfWork, scene: Scene) -> None:
    most = scene.parameters["timing_days"]
    punctual = [
        (row.subject_key, row.occurrence)
        for row in uow.session.execute(text(_LATE))
        if scene.calendar.instants_apart(*map(dt.datetime.fromisoformat, (row.left_value, row.right_value))) <= most
    ]
    keys, occurrences = [key for key, _ in punctual], [occurrence for _, occurrence in punctual]
    uow.session.execute(text(_PUNCTUAL), {"keys": keys, "occurrences": occurrences})
    uow.session.execute(text(_AGREEING))
