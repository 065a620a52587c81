"""Deliveries, runs and signatures of reconciliation, killed at random points: the end is as if nothing had happened."""

from __future__ import annotations

import random
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services.bootstrap import wire
from services.core.db import Database
from services.identity import Role
from services.reconciliation import list_periods, verify_period
from tests.factories.identity import a_user, an_entity
from tests.faults.ground import Ground, ground, until
from tests.faults.nights import ACTOR, ADA, BEN, work

NIGHTS, SIZE = 3, 2_000
_PICTURE = {
    "entries": "SELECT s.kind, e.ext_key, e.occurrence, e.amount_minor, e.booked_on FROM recon_entry e "
    "JOIN recon_source s ON s.id = e.source_id WHERE s.entity_id = :entity ORDER BY 1, 2, 3",
    "breaks": "SELECT subject_key, occurrence, break_class, delta_minor, state, reopened, version FROM recon_break "
    "WHERE entity_id = :entity ORDER BY 1, 2",
    "runs": "SELECT through, matched, breaks, new_breaks, closed_breaks, expected, fingerprint, class_counts::text, "
    "rule_counts::text, deviation_ppm FROM recon_run WHERE entity_id = :entity ORDER BY seq",
    "signatures": "SELECT r.through, s.signed_by_name FROM recon_signature s JOIN recon_run r ON r.id = s.run_id "
    "WHERE r.entity_id = :entity ORDER BY 1",
    "periods": "SELECT first_day, last_day, state, statement -> 'entries', statement -> 'totals' FROM recon_period "
    "WHERE entity_id = :entity ORDER BY 1, 2",
}
# Totals that disagree with their entries, or parts of a run without it: there must be none at any time.
_HALF = """
SELECT count(*) FROM (
    SELECT source_id, booked_on, currency, count(*) AS n, sum(amount_minor) AS minor FROM recon_entry GROUP BY 1, 2, 3
) e FULL JOIN (SELECT * FROM recon_entry_total WHERE entries <> 0) t USING (source_id, booked_on, currency)
WHERE (e.n, e.minor) IS DISTINCT FROM (t.entries, t.amount_minor::numeric)
"""
_ORPHANS = "SELECT count(*) FROM recon_break b WHERE NOT EXISTS (SELECT FROM recon_run r WHERE r.seq = b.since_seq)"


def storm(folder: Path, kills: int, chance: random.Random, *, size: int = SIZE) -> dict[str, Any]:
    """Works the same nights twice: calmly, and in a process that is killed `kills` times. Counts what differs."""
    seed = chance.randrange(10**6)
    wire()
    with ground(folder) as laid:
        with laid.database.unit_of_work(ACTOR) as uow:
            for email in (ADA, BEN):
                a_user(uow, Role.FINANCE, email=email)
            calm, struck = an_entity(uow, "calm"), an_entity(uow, "struck")
        work(laid.database, "calm", seed, NIGHTS, size)
        half, killed = _killed_at_work(laid, kills, chance, f"{seed}", size)
        before, after = (_picture(laid.database, entity) for entity in (calm, struck))
        differing = sorted(name for name in _PICTURE if before[name] != after[name])
        unproven = sum(not proof for proof in _proofs(laid.database))
    return {
        "kills": killed,
        "nights": NIGHTS,
        "lost": len(differing) + unproven,
        "doubled": half,
        "differing": differing,
    }


def _killed_at_work(laid: Ground, kills: int, chance: random.Random, seed: str, size: int) -> tuple[int, int]:
    """Half-written states seen after a kill, and the kills that struck a process at work."""
    half = killed = 0
    for number in range(kills):
        process = _start(laid, seed, size, number)
        started = time.monotonic()
        wait = chance.uniform(0.0, 1.5)
        while process.poll() is None and time.monotonic() - started < wait:
            time.sleep(0.01)
        killed += process.poll() is None
        laid.kill(process)
        half += _half_written(laid.database)
    process = _start(laid, seed, size, kills)
    if process.wait(300):
        raise RuntimeError(
            f"the nights did not end: {sorted(laid.folder.glob('tests.faults.nights-*.log'))[-1].read_text()}"
        )
    return half + _half_written(laid.database), killed


def _start(laid: Ground, seed: str, size: int, number: int) -> subprocess.Popen[bytes]:
    """A process that has begun to work."""
    mark = laid.folder / f"begun-{number}"
    process = laid.start("tests.faults.nights", "struck", seed, str(NIGHTS), str(size), str(mark))
    until(lambda: mark.exists() or process.poll() is not None, seconds=120)
    return process


def _half_written(database: Database) -> int:
    with database.unit_of_work(ACTOR) as uow:
        return sum(uow.session.execute(text(statement)).scalar_one() for statement in (_HALF, _ORPHANS))


def _picture(database: Database, entity: uuid.UUID) -> dict[str, list[tuple[Any, ...]]]:
    with database.unit_of_work(ACTOR) as uow:
        return {
            name: [tuple(row) for row in uow.session.execute(text(statement), {"entity": entity})]
            for name, statement in _PICTURE.items()
        }


def _proofs(database: Database) -> list[bool]:
    with database.unit_of_work(ACTOR) as uow:
        signed = [period for period in list_periods(uow) if period.signed_at is not None]
        assert len({period.first_day for period in signed}) == NIGHTS
        return [verify_period(uow, period_id=period.id).valid for period in signed]
