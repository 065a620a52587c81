"""How long the pages of reconciliation ask the database, with five million entries and fifty thousand breaks.

`python -m benchmarks.recon --lists --json` (or `python -m benchmarks.recon_lists --entries 100000 --json` for a look).
Each question is asked as its page asks it, thirty times after a warm-up, in a transaction of its own; milliseconds.
What a run adds up afterwards for the month's page is timed beside it (`months_added_up_seconds`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.measure import ground, report
from benchmarks.recon_desk import furnish, places
from benchmarks.recon_world import ACTOR, NOON, World, build, execute, run
from services import bank, books, payments, reconciliation
from services.core.db import UnitOfWork
from services.reconciliation import BreakClass, BreakFilter, Definition, MatchFilter, RunView

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
_WRITTEN = "recon_break, recon_run, recon_month_item, recon_month_part, balance_day, balance_transaction"
Question = Callable[[UnitOfWork], Any]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--breaks", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path, help="keep the database there, and take it up again")
    options = parser.parse_args()
    report(measure(options.entries, options.breaks, options.seed, kept=options.folder))


def measure(entries: int, breaks: int, seed: int, *, kept: Path | None = None) -> dict[str, Any]:
    """Fills a database and asks every question; the slowest p95 is compared with the limit."""
    a_side = entries // 2
    with ground(kept=kept) as on:
        world = build(on, a_side, seed, of=max(80, 80 * a_side // breaks), plain=False)
        added_up = _prepare(world) if _found(world) is None else None
        found = _found(world)
        assert found is not None
        figures = {name: _asked(world, question) for name, question in _questions(world, found.id)}
    slowest = max(figure["p95_ms"] for figure in figures.values())
    counts: dict[str, Any] = {"entries": found.entries_left + found.entries_right, "breaks": found.breaks}
    counts["months_added_up_seconds"] = added_up
    return {**counts, "limit_ms": LIMIT_MS, "slowest_p95_ms": slowest, "within": slowest < LIMIT_MS, "lists": figures}


def _prepare(world: World) -> float:
    """A run, what the job does after it, bank and books, and a history of runs; how long the months took."""
    added_up = _add_up(world, run(world))
    furnish(world)
    with world.database.unit_of_work(ACTOR) as uow:
        execute(uow, _HISTORY, runs=_RUNS)
    with world.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM (ANALYZE) {_WRITTEN}"))
    return added_up


def _found(world: World) -> RunView | None:
    """The run itself, which is the first: those of the history keep no parts."""
    with world.database.unit_of_work(ACTOR) as uow:
        first = uow.session.scalar(text("SELECT id FROM recon_run ORDER BY seq LIMIT 1"))
        return reconciliation.run_by_id(uow, run_id=first) if first else None


def _add_up(world: World, found: RunView) -> float:
    """What the job does after the run."""
    start = time.perf_counter()
    months: dict[str, Any] = {"entity_id": world.entity, "definition": Definition.SETTLEMENT}
    with world.database.unit_of_work(ACTOR) as uow:
        reconciliation.note_months(uow, run_id=found.id)
        for first_day in reconciliation.stale_months(uow, **months):
            reconciliation.roll_month(uow, first_day=first_day, **months)
    return round(time.perf_counter() - start, 1)


def _questions(world: World, run_id: uuid.UUID) -> Iterator[tuple[str, Question]]:
    yield from _of_breaks(world)
    yield from _of_runs(world, run_id)
    yield from _of_sources(world)


def _of_breaks(world: World) -> Iterator[tuple[str, Question]]:
    with world.database.unit_of_work(ACTOR) as uow:
        key = str(uow.session.scalar(text(_KEY)))
        name = reconciliation.list_breaks(uow, filter=BreakFilter(), limit=1).rows[0].name
    filters = {
        "queue": BreakFilter(),
        "queue_unresolved": BreakFilter.from_address({"state": "unresolved"}),
        "queue_of_class": BreakFilter(classes=(BreakClass.AMOUNT,)),
        "queue_of_age": BreakFilter.from_address({"age": "week,old"}),
        "queue_of_severity": BreakFilter.from_address({"severity": "severe"}),
        "queue_of_nobody": BreakFilter(nobody=True),
        "queue_search": BreakFilter(text=key[5:20]),
    }
    for question, wanted in filters.items():
        yield question, lambda uow, wanted=wanted: reconciliation.list_breaks(uow, filter=wanted)
    for sort in ("age", "severity", "key", "class"):
        yield (
            f"queue_by_{sort}",
            lambda uow, sort=sort: reconciliation.list_breaks(uow, filter=BreakFilter(), sort=sort),
        )
    yield "queue_last_page", lambda uow: reconciliation.list_breaks(uow, filter=BreakFilter(), offset=49_000)
    yield "queue_sums", lambda uow: reconciliation.sum_breaks(uow, filter=BreakFilter())
    yield "causes", reconciliation.recurring_causes
    yield "break", lambda uow: reconciliation.break_report(uow, name=name)
    yield (
        "entries_of_payment",
        lambda uow: reconciliation.standing_of(uow, entity_id=world.entity, movements=[key], payouts=[]),
    )


def _of_runs(world: World, run_id: uuid.UUID) -> Iterator[tuple[str, Question]]:
    entity, settlement = world.entity, Definition.SETTLEMENT
    with world.database.unit_of_work(ACTOR) as uow:
        part = reconciliation.month_view(uow, entity_id=entity).currencies[0].pairs[0].steps[0].part
    step: dict[str, Any] = {"month": f"{NOON:%Y-%m}", "source": settlement.value, "part": part, "currency": "EUR"}
    yield "runs", reconciliation.recent_runs
    yield "run", lambda uow: reconciliation.run_report(uow, run_id=run_id, filter=BreakFilter())
    yield "overview", reconciliation.overview
    yield "periods", reconciliation.list_periods
    yield "late_items", reconciliation.late_items
    yield "drift", lambda uow: reconciliation.drift_view(uow, entity_id=entity, definition=settlement)
    yield "month", lambda uow: reconciliation.month_view(uow, entity_id=entity)
    yield "month_items", lambda uow: reconciliation.month_items(uow, entity_id=entity, **step)
    yield "matches", lambda uow: reconciliation.match_page(uow, filter=MatchFilter())
    yield "match_rules", lambda uow: reconciliation.match_rules(uow, filter=MatchFilter())
    yield "adjustments", reconciliation.list_adjustments
    yield "rules", lambda uow: reconciliation.rule_book(uow, definition=settlement)
    yield "rates", reconciliation.list_rates
    yield "holidays", lambda uow: reconciliation.holidays_of(uow, entity_id=entity, year=NOON.year)
    yield "report", reconciliation.nightly_report


def _of_sources(world: World) -> Iterator[tuple[str, Question]]:
    account, ledger = places(world)
    first, last = NOON.date() - dt.timedelta(days=90), NOON.date()
    yield "bank_files", bank.files
    yield "bank_accounts", bank.completeness_of_all
    yield "bank_statements", lambda uow: bank.statements(uow, account_id=account)
    yield "bank_calendar", lambda uow: bank.calendar(uow, account_id=account, first=first, last=last)
    yield "bank_gaps", lambda uow: bank.gaps(uow, to_day=last)
    yield "ledger_files", books.files
    yield "ledger_calendar", lambda uow: books.calendar(uow, source_id=ledger, first=first, last=last)
    yield "ledger_gaps", lambda uow: books.gaps(uow, entity_id=world.entity, to_day=last)
    yield "vouchers", books.vouchers
    month = {"first_day": last.replace(day=1), "last_day": last.replace(day=31)}
    yield "clearing", lambda uow: payments.clearing_account(uow, entity_id=world.entity, **month)


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
