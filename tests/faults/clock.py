"""Clocks killed at random points, sometimes all of them at once."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services import runs
from tests.faults.effects import ACTOR, EFFECT, Steps
from tests.faults.ground import Ground, ground, until

CODES = ("second", "two-seconds", "three-seconds")


def storm(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """Three schedules by the second under two clocks; every firing between first and last has one run."""
    with ground(folder) as laid:
        for every, code in enumerate(CODES, start=1):
            with laid.database.unit_of_work(ACTOR) as uow:
                rule = runs.Rule("Europe/Berlin", every_seconds=every)
                runs.install_schedule(
                    uow, code=code, kind=EFFECT, params=Steps(steps=0), rule=rule, catch_up=runs.CatchUp.ALL
                )
        clocks = [_start(laid) for _ in range(2)]
        until(lambda: _fired(laid) > 0, seconds=120)
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 1.5))
            victims = [0, 1] if chance.random() < 0.3 else [chance.randrange(2)]
            for victim in victims:
                laid.kill(clocks[victim])
            time.sleep(chance.uniform(0.0, 1.0))
            for victim in victims:
                clocks[victim] = _start(laid)
        last = _now(laid)
        until(lambda: _caught_up(laid, last), seconds=180)
        return {"kills": kills, **_tally(laid, last)}


def _start(laid: Ground) -> Any:
    return laid.start("tests.faults.effects", "clock")


def _fired(laid: Ground) -> int:
    with laid.database.unit_of_work(ACTOR) as uow:
        return uow.session.execute(text("SELECT count(*) FROM schedule_firing")).scalar_one()


def _now(laid: Ground) -> Any:
    with laid.database.unit_of_work(ACTOR) as uow:
        return uow.session.execute(text("SELECT now()")).scalar_one()


def _caught_up(laid: Ground, last: Any) -> bool:
    with laid.database.unit_of_work(ACTOR) as uow:
        passed = text("SELECT bool_and(watermark > :last) FROM schedule WHERE kind = :kind")
        return uow.session.execute(passed, {"last": last, "kind": EFFECT.name}).scalar_one()


def _tally(laid: Ground, last: Any) -> dict[str, int]:
    """The grid of instants is laid out here by SQL alone, apart from the rules that decided the firings."""
    with laid.database.unit_of_work(ACTOR) as uow:
        row = uow.session.execute(
            text(
                """
                WITH expected AS (
                    SELECT s.id, fire FROM schedule s CROSS JOIN LATERAL generate_series(
                        to_timestamp(ceil(extract(epoch FROM s.created_at) / s.every_seconds) * s.every_seconds),
                        CAST(:last AS timestamptz), s.every_seconds * interval '1 s') AS series (fire)
                    WHERE s.kind = :kind),
                started AS (
                    SELECT f.schedule_id AS id, f.fire_at AS fire, count(*) AS n FROM schedule_firing f
                    JOIN run r ON r.id = f.run_id WHERE r.kind = :kind GROUP BY 1, 2)
                SELECT (SELECT count(*) FROM expected) AS firings,
                    (SELECT count(*) FROM expected e WHERE NOT EXISTS (
                        SELECT FROM started t WHERE (t.id, t.fire) = (e.id, e.fire))) AS lost,
                    (SELECT count(*) FROM run WHERE kind = :kind) - (SELECT count(*) FROM started) AS doubled
                """
            ),
            {"last": last, "kind": EFFECT.name},
        ).one()
    return {"firings": row.firings, "lost": row.lost, "doubled": row.doubled}
