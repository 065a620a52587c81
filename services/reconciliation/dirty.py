"""Which keys an incremental run has to look at, and which stay to be looked at by the next one."""

from __future__ import annotations

import uuid

from sqlalchemy import select, text, update

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import ReconciliationRun, Source
from services.reconciliation.rules import is_keyed_only
from services.reconciliation.scene import Scene

FULL_FROM = 0.04
"""The share of keys from which comparing everything costs less than comparing key by key (measured)."""
_ALWAYS = 2_000  # so few keys are looked at one by one whatever their share is

_FACTS = ("amount_minor", "fee_minor", "currency_code", "status_code", "occurred_at", "booked_on")
_BOTH = ", ".join(f"{side}.{fact} AS {side}_{fact}" for side in ("l", "r") for fact in _FACTS)
_DIRTY_NOW = f"""
CREATE TEMP TABLE recon_dirty_now ON COMMIT DROP AS
SELECT ext_key, false AS known, {_BOTH} FROM recon_dirty l JOIN recon_dirty r USING (ext_key) WITH NO DATA
"""
# A key is known when both sides say what it is, on the day looked at, and neither has further entries of it.
_GATHER = f"""
INSERT INTO recon_dirty_now
SELECT ext_key, coalesce(l.booked_on <= :through AND r.booked_on <= :through, false)
       AND NOT EXISTS (SELECT FROM recon_entry e WHERE e.source_id IN (:left, :right)
                       AND e.ext_key = coalesce(l.ext_key, r.ext_key) AND e.occurrence > 0), {_BOTH}
FROM (SELECT * FROM recon_dirty WHERE source_id = :left) l
FULL JOIN (SELECT * FROM recon_dirty WHERE source_id = :right) r USING (ext_key)
FULL JOIN (SELECT DISTINCT ext_key FROM recon_expected WHERE run_id = :run) x USING (ext_key)
"""
_ENTRIES = """
SELECT coalesce(sum(entries), 0)::bigint AS entries,
       coalesce(sum(entries) FILTER (WHERE booked_on > :through), 0)::bigint AS later
FROM recon_entry_total WHERE source_id IN (:left, :right)
"""
_FORGET = "DELETE FROM recon_dirty WHERE source_id IN (:left, :right)"
# What is booked after the day becomes visible to a later run without changing any more.
_REMEMBER = """
INSERT INTO recon_dirty (source_id, ext_key)
SELECT DISTINCT source_id, ext_key FROM recon_entry WHERE source_id IN (:left, :right) AND booked_on > :through
ON CONFLICT DO NOTHING
"""


def gather(uow: UnitOfWork, scene: Scene, *, entity_id: uuid.UUID, rule_version: int, everything: bool) -> int | None:
    """Puts the keys to look at into `recon_dirty_now`, with what is known of them, and counts them; None when
    everything must be compared.

    That is so when `everything` may have changed, for a first run, under other rules than the last run's, with rules
    that pair entries across keys, and when more than 4 % of the entries changed.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    if everything or not is_keyed_only(scene.parameters):
        return None
    connection = uow.session.connection()
    last = uow.session.scalar(
        select(ReconciliationRun)
        .where(ReconciliationRun.entity_id == entity_id, ReconciliationRun.definition == "settlement")
        .order_by(ReconciliationRun.seq.desc())
        .limit(1)
    )
    if last is None or last.fingerprint is None or last.rule_version != rule_version:
        return None
    connection.exec_driver_sql(_DIRTY_NOW)
    count = connection.execute(text(_GATHER), scene.values | {"run": last.id}).rowcount
    if count > _ALWAYS and count > connection.execute(text(_ENTRIES), scene.values).one().entries * FULL_FROM:
        return None
    connection.exec_driver_sql("SET LOCAL default_statistics_target = 10; ANALYZE recon_dirty_now (ext_key, known)")
    return count


def settle(uow: UnitOfWork, scene: Scene) -> None:
    """After a run: nothing is dirty but what is booked after its day."""
    connection = uow.session.connection()
    connection.execute(text(_FORGET), scene.values)
    known = connection.execute(text(_ENTRIES), scene.values).one()
    many = known.later > max(_ALWAYS, known.entries * FULL_FROM)
    if known.later and not many:
        connection.execute(text(_REMEMBER), scene.values)
    uow.session.execute(update(Source).where(Source.id.in_((scene.left, scene.right))).values(all_dirty=many))
