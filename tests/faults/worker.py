"""Workers killed at random points, always with another one alive."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services import runs
from tests.faults.effects import ACTOR, EFFECT, Steps, lay_down, tally, unfinished
from tests.faults.ground import Ground, ground, until


def storm(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """Kills one of two workers again and again; measures how long the runs it held stood still."""
    with ground(folder) as laid:
        count = max(8, kills)
        lay_down(laid.database, count)
        workers = [_start(laid) for _ in range(2)]
        until(lambda: _alive(laid) == 2, seconds=120)
        stood_still: list[float] = []
        for number in range(kills):
            time.sleep(chance.uniform(0.05, 0.5))
            victim = chance.randrange(2)
            held = _held_by(laid, workers[victim].pid)
            laid.kill(workers[victim])
            if held:
                stood_still.append(until(lambda held=held: _go_on(laid, held), seconds=120))
            workers[victim] = _start(laid)
            until(lambda: _alive(laid) == 2, seconds=120)
            _top_up(laid, number, kills)
        until(lambda: unfinished(laid.database) == 0, seconds=120)
        result = tally(laid.database, _runs(laid))
    slowest = max(stood_still, default=0.0)
    middle = statistics.median(stood_still) if stood_still else 0.0
    return {"kills": kills, **result, "resumed_p50_s": round(middle, 3), "resumed_max_s": round(slowest, 3)}


def _start(laid: Ground) -> Any:
    return laid.start("tests.faults.effects", "worker", "--concurrency", "4")


def _top_up(laid: Ground, number: int, kills: int) -> None:
    """Keeps work in the queue while kills are still to come."""
    if number < kills - 1 and (unfinished(laid.database) or 0) < 4:
        with laid.database.unit_of_work(ACTOR) as uow:
            for _ in range(4):
                runs.enqueue(uow, kind=EFFECT, params=Steps())


def _alive(laid: Ground) -> int:
    with laid.database.unit_of_work(ACTOR) as uow:
        return runs.workers_seen(uow).workers


def _runs(laid: Ground) -> int:
    with laid.database.unit_of_work(ACTOR) as uow:
        return uow.session.execute(text("SELECT count(*) FROM run")).scalar_one()


def _held_by(laid: Ground, pid: int) -> dict[Any, int]:
    with laid.database.unit_of_work(ACTOR) as uow:
        rows = uow.session.execute(
            text("SELECT r.id, r.epoch FROM run r JOIN worker w ON w.id = r.worker_id WHERE w.pid = :pid"),
            {"pid": pid},
        )
        return {row.id: row.epoch for row in rows}


def _go_on(laid: Ground, held: dict[Any, int]) -> bool:
    """Whether each of those runs is at work again under a new epoch, or had ended before the kill."""
    with laid.database.unit_of_work(ACTOR) as uow:
        rows = uow.session.execute(
            text("SELECT id, epoch, state FROM run WHERE id = ANY(:ids)"), {"ids": list(held)}
        ).all()
    return all(row.epoch > held[row.id] or row.state == "succeeded" for row in rows)
