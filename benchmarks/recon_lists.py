"""How long the pages of reconciliation ask the database, with five million entries and fifty thousand breaks.

`python -m benchmarks.recon --lists --json` (or `python -m benchmarks.recon_lists --entries 100000 --json` for a look).
Each question is asked as its page asks it, thirty times after a warm-up, in a transaction of its own; milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import text

from benchmarks.measure import ground, report
from benchmarks.recon_world import ACTOR, World, build, execute, run
from services import reconciliation
from services.core.db import UnitOfWork
from services.reconciliation import BreakClass, BreakFilter, Definition

LIMIT_MS = 150
_ROUNDS = 30
_RUNS = 400
# A history of runs that found the same, so that lists of runs have something to page through.
_HISTORY = """
INSERT INTO recon_run
SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'seq', r.seq + n))).*
FROM recon_run r, generate_series(1, :runs) n
"""
_KEY = "SELECT subject_key FROM recon_break ORDER BY number LIMIT 1 OFFSET 100"
Question = Callable[[UnitOfWork], Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--breaks", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report(measure(options.entries, options.breaks, options.seed))


def measure(entries: int, breaks: int, seed: int) -> dict[str, Any]:
    """Fills a database and asks every question; the slowest p95 is compared with the limit."""
    a_side = entries // 2
    with ground() as on:
        world = build(on, a_side, seed, of=max(80, 80 * a_side // breaks), plain=False)
        found = run(world)
        with world.database.unit_of_work(ACTOR) as uow:
            execute(uow, _HISTORY, runs=_RUNS)
        with world.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) recon_break, recon_run"))
        figures = {name: _asked(world, question) for name, question in _questions(world)}
    slowest = max(figure["p95_ms"] for figure in figures.values())
    counts = {"entries": found.entries_left + found.entries_right, "breaks": found.breaks}
    return {**counts, "limit_ms": LIMIT_MS, "slowest_p95_ms": slowest, "within": slowest < LIMIT_MS, "lists": figures}


def _questions(world: World) -> Iterator[tuple[str, Question]]:
    with world.database.unit_of_work(ACTOR) as uow:
        key = str(uow.session.scalar(text(_KEY)))
        newest = reconciliation.newest_runs(uow)[0].id
        number = reconciliation.list_breaks(uow, filter=BreakFilter(), limit=1).rows[0].number
    of_class = BreakFilter(classes=(BreakClass.AMOUNT,))
    yield "queue", lambda uow: reconciliation.list_breaks(uow, filter=BreakFilter())
    yield "queue_by_age", lambda uow: reconciliation.list_breaks(uow, filter=BreakFilter(), sort="age")
    yield "queue_of_class", lambda uow: reconciliation.list_breaks(uow, filter=of_class)
    yield "queue_last_page", lambda uow: reconciliation.list_breaks(uow, filter=BreakFilter(), offset=49_000)
    yield "queue_search", lambda uow: reconciliation.list_breaks(uow, filter=BreakFilter(text=key[5:20]))
    yield "queue_sums", lambda uow: reconciliation.sum_breaks(uow, filter=BreakFilter())
    yield "break", lambda uow: reconciliation.evidence_of(uow, number=number)
    yield (
        "entries_of_payment",
        lambda uow: reconciliation.standing_of(uow, entity_id=world.entity, movements=[key], payouts=[]),
    )
    yield "causes", reconciliation.recurring_causes
    yield "runs", reconciliation.recent_runs
    yield "run", lambda uow: reconciliation.run_report(uow, run_id=newest, filter=BreakFilter())
    yield "overview", reconciliation.overview
    yield "periods", reconciliation.list_periods
    yield "drift", lambda uow: reconciliation.drift_view(uow, entity_id=world.entity, definition=Definition.SETTLEMENT)
    yield "month", lambda uow: reconciliation.month_view(uow, entity_id=world.entity)
    yield "matches", lambda uow: reconciliation.match_page(uow, filter=reconciliation.MatchFilter())


def _asked(world: World, question: Question) -> dict[str, float]:
    taken = []
    for _ in range(_ROUNDS + 1):
        start = time.perf_counter()
        with world.database.unit_of_work(ACTOR) as uow:
            question(uow)
        taken.append((time.perf_counter() - start) * 1000)
    *_, last = statistics.quantiles(taken[1:], n=20)
    return {"p50_ms": round(statistics.median(taken[1:]), 1), "p95_ms": round(last, 1)}


if __name__ == "__main__":
    main()
