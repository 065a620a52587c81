"""A whole reconciliation run against one bare FULL JOIN over the same records, and against what others need.

`python -m benchmarks.recon --rows 1000000 --json`. The truth of the planted faults is asserted in every round. The
baseline is what a plain table gives: `count(*)` over a hash full join that names the differing rows and keeps none.
Ratios of peers say how many times the run's time they take; those of growth, increments, history and ingest stand
for themselves. `--large` measures growth and increments up to five million records a side.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text

from benchmarks import recon_lists, recon_peers
from benchmarks.measure import Candidate, Ground, compare, ground, report
from benchmarks.recon_world import ACTOR, World, build, execute, forget, run
from services.reconciliation import RunView, SourceKind, tidy_entries
from services.reconciliation.ingest import source_of, store_incoming

_BARE = """
SELECT count(*) FROM bench_left a FULL JOIN bench_right b USING (ext_id)
WHERE a.id IS NULL OR b.id IS NULL OR a.amount <> b.amount OR a.currency <> b.currency OR a.status <> b.status
"""
_STOCK = """
SET LOCAL work_mem = '4MB'; SET LOCAL parallel_setup_cost = 1000; SET LOCAL parallel_tuple_cost = 0.1;
SET LOCAL enable_mergejoin = off
"""
_CHANGE = """
UPDATE recon_entry SET amount_minor = amount_minor + 1 WHERE source_id = :source
    AND ext_key IN (SELECT key FROM bench_event WHERE n % 100 = :turn)
"""
_DIRTY = """
INSERT INTO recon_dirty (source_id, ext_key) SELECT :source, key FROM bench_event WHERE n % 100 = :turn
ON CONFLICT DO NOTHING
"""
_SUMS = """
UPDATE recon_entry_total t SET amount_minor = s.minor FROM (
    SELECT source_id, booked_on, currency, sum(amount_minor) AS minor FROM recon_entry GROUP BY 1, 2, 3) s
WHERE (t.source_id, t.booked_on, t.currency) = (s.source_id, s.booked_on, s.currency)
"""
_SIZE = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.relname = ANY(:tables)"
_HISTORY = ["recon_run", "recon_total", "recon_expected", "recon_break", "recon_break_version", "recon_match"]
_COLUMNS = (
    "ext_key, amount_minor, currency, fee_minor, status, occurred_at, booked_on, reference, batch_ref, origin, "
    "account, changed_seq"
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--lists", action="store_true", help="lists over five million entries instead")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.lists:
        report(recon_lists.measure(entries=5_000_000, breaks=50_000, seed=options.seed))
        return
    ratios: dict[str, float] = {}
    with ground() as on:
        world = build(on, options.rows, options.seed)
        figures = measure(on, world, options.rounds)
        ratios |= _against_join(figures)
        ratios |= _against_peers(world)
        full = run_seconds(world)
        if not options.large:
            ratios["incremental_vs_full"] = increment(world, full)
        ratios["history_bytes_per_unchanged_pair"] = history(world, options.rows)
    ratios |= _growth(options, full)
    ratios |= _ingest(options)
    report({"rows": options.rows, "truth": True, "ratios": ratios, "reconciliation": figures})


def run_seconds(world: World, rounds: int = 3) -> float:
    """The median of full runs over a world without results."""
    taken = []
    for _ in range(rounds):
        forget(world.database)
        taken.append(_seconds(lambda: is_true(world, run(world))))
    return statistics.median(taken)


def is_true(world: World, view: RunView) -> None:
    """The run found exactly what was planted."""
    assert dict(view.class_counts) == {name: n for name, n in world.truth.items() if n}, (
        view.class_counts,
        world.truth,
    )


def measure(on: Ground, world: World, rounds: int) -> dict[str, Any]:
    """The run, and a second one over unchanged entries, in turn with the bare join."""

    def bare() -> int:
        with world.database.engine.begin() as connection:
            connection.exec_driver_sql(_STOCK)
            return connection.exec_driver_sql(_BARE).scalar_one()

    return compare(
        {
            "hash_full_join": Candidate(bare),
            "run": Candidate(
                lambda: run(world), prepare=lambda: forget(world.database), check=lambda view: is_true(world, view)
            ),
            "rerun": Candidate(lambda: run(world), check=lambda view: is_true(world, view)),
        },
        baseline="hash_full_join",
        server_pid=on.server_pid,
        rounds=rounds,
    )


def increment(world: World, full: float) -> float:
    """The share of a full run's time that a run takes when one record in a hundred changed."""
    taken = []
    forget(world.database)
    run(world)
    for turn in (11, 23, 37):
        with world.database.unit_of_work(ACTOR) as uow:
            source = source_of(uow, entity_id=world.entity, kind=SourceKind.BOOKS).id
            execute(uow, _CHANGE, source=source, turn=turn)
            execute(uow, _DIRTY, source=source, turn=turn)
            execute(uow, _SUMS)
        tidy_entries(world.database)
        start = time.perf_counter()
        view = run(world)
        taken.append(time.perf_counter() - start)
        assert view.looked_at
    return round(statistics.median(taken) / full, 3)


def history(world: World, rows: int, runs: int = 40) -> float:
    """Bytes that a run over unchanged entries adds, by pair."""
    run(world)
    before = _size(world)
    for _ in range(runs):
        run(world)
    return round((_size(world) - before) / runs / rows, 4)


def _size(world: World) -> int:
    with world.database.engine.begin() as connection:
        return int(connection.scalar(text(_SIZE), {"tables": _HISTORY}) or 0)


def _against_join(figures: dict[str, Any]) -> dict[str, float]:
    candidates = figures["candidates"]
    return {
        "run_vs_hash_join_wall": candidates["run"]["wall_ratio"]["median"],
        "run_vs_hash_join_cpu": candidates["run"]["cpu_ratio"]["median"],
        "rerun_vs_hash_join_wall": candidates["rerun"]["wall_ratio"]["median"],
        "rerun_vs_hash_join_cpu": candidates["rerun"]["cpu_ratio"]["median"],
    }


def _against_peers(world: World) -> dict[str, float]:
    found = {}
    for name, peer in recon_peers.available().items():
        mine = run_seconds(world, rounds=1)
        found[f"{name}_vs_run"] = round(recon_peers.seconds(peer, world) / mine, 2)
    return found


def _growth(options: argparse.Namespace, full: float) -> dict[str, float]:
    """The exponent by which a run's time grows with its records, from a tenth (at most 100,000) upwards."""
    small = min(100_000, options.rows // 10)
    with ground() as on:
        low = run_seconds(build(on, small, options.seed), rounds=5)
    found, rows = {}, options.rows
    if options.large:
        rows = 5_000_000
        with ground() as on:
            world = build(on, rows, options.seed)
            full = run_seconds(world, rounds=2)
            found["incremental_vs_full"] = increment(world, full)
    return found | {"growth_exponent": round(math.log(full / low) / math.log(rows / small), 3)}


def _ingest(options: argparse.Namespace) -> dict[str, float]:
    """Taking records in against a plain COPY of the same rows: all new, and the same once more."""
    with ground() as on:
        world = build(on, min(options.rows, 300_000), options.seed)
        with world.database.unit_of_work(ACTOR) as uow:
            source = source_of(uow, entity_id=world.entity, kind=SourceKind.STRIPE).id
            rows = uow.session.execute(
                text(f"SELECT {_COLUMNS} FROM recon_entry WHERE source_id = {int(source)}")
            ).all()
        plain, new, replay = [], [], []
        for turn in range(3):
            plain.append(_seconds(lambda: _copy(world, rows, None)))
            for taken in (new, replay):
                taken.append(_seconds(lambda turn=turn: _copy(world, rows, turn)))
                tidy_entries(world.database)
    ratios = [(n / p, r / p) for p, n, r in zip(plain, new, replay, strict=True)]
    return {
        "ingest_vs_copy_new": round(statistics.median(n for n, _ in ratios), 2),
        "ingest_vs_copy_replay": round(statistics.median(r for _, r in ratios), 2),
    }


def _copy(world: World, rows: Sequence[Any], turn: int | None) -> None:
    """COPY of Python rows: into a plain table (`turn` None), or as a feed of an entity of its own."""
    with world.database.unit_of_work(ACTOR) as uow:
        execute(uow, "DROP TABLE IF EXISTS recon_incoming, bench_plain")
        name = "bench_plain" if turn is None else "recon_incoming"
        kind = "TABLE" if turn is None else "TEMP TABLE"
        execute(uow, f"CREATE {kind} {name} AS SELECT {_COLUMNS} FROM recon_entry WITH NO DATA")
        with uow.driver.cursor().copy(f"COPY {name} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
        if turn is not None:
            store_incoming(uow, source_of(uow, entity_id=world.others[turn], kind=SourceKind.STRIPE))


_TYPES = ["varchar", "int8", "varchar", "int8", "varchar", "timestamptz", "date", *["varchar"] * 4, "int8"]


def _seconds(deed: Callable[[], Any]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
