"""A whole reconciliation run against one bare FULL JOIN over the same records, and against what others need.

`python -m benchmarks.recon --rows 1000000 --json`. The truth of the planted faults is asserted in every round. The
baseline is what a plain table gives: `count(*)` over a hash full join that names the differing rows and keeps none.
Ratios of peers say how many times the run's time they take; those of growth, increments, history and ingest stand
for themselves. `--large` measures growth and increments up to five million records a side. `--part NAME` measures one
part alone, and `--folder` keeps the worlds, each in a folder of its size, for the next part.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks import recon_lists, recon_peers
from benchmarks.measure import Candidate, Ground, compare, ground, report
from benchmarks.recon_world import ACTOR, World, build, execute, forget, run
from services import reconciliation
from services.reconciliation import SIDES, Definition, RunView, SourceKind, tidy_entries
from services.reconciliation.ingest import source_of, store_incoming

_BARE = """
SELECT count(*) FROM bench_left a FULL JOIN bench_right b USING (ext_id)
WHERE a.id IS NULL OR b.id IS NULL OR a.amount <> b.amount OR a.currency <> b.currency OR a.status <> b.status
"""
_STOCK = """
SET LOCAL work_mem = '4MB'; SET LOCAL parallel_setup_cost = 1000; SET LOCAL parallel_tuple_cost = 0.1;
SET LOCAL enable_mergejoin = off
"""
_CHANGE_BACK = """
UPDATE recon_entry SET amount_minor = amount_minor - 1 WHERE source_id = :source
    AND ext_key IN (SELECT key FROM bench_event WHERE n % 100 = :turn AND n / 100 % 10 >= :from_tenth)
"""
_CHANGED = """
CREATE TEMP TABLE recon_incoming ON COMMIT DROP AS
SELECT {columns} FROM recon_entry JOIN bench_event ON key = ext_key
WHERE source_id = :source AND n % 100 = :turn AND n / 100 % 10 >= :from_tenth
"""
_SUMS = """
UPDATE recon_entry_total t SET amount_minor = s.minor FROM (
    SELECT source_id, booked_on, currency, sum(amount_minor) AS minor FROM recon_entry GROUP BY 1, 2, 3) s
WHERE (t.source_id, t.booked_on, t.currency) = (s.source_id, s.booked_on, s.currency)
"""
_SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 5_000_000)
_TURNS = {"incremental_vs_full": (1, (5, 17, 29)), "incremental_all_breaking_vs_full": (10, (11, 23, 37))}
_INGESTS = 7
_PEER_ROUNDS, _OTHER_ROUNDS = {"orm": 1}, 3  # a minute each
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
    parser.add_argument("--large", action="store_true", help="growth and increments up to five million records a side")
    parser.add_argument("--lists", action="store_true", help="lists over five million entries instead")
    parser.add_argument("--part", choices=(*_PARTS, "growth", "ingest"), help="one part alone")
    parser.add_argument("--folder", type=Path, help="keeps the worlds there and takes up those of an earlier call")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.lists:
        report(recon_lists.measure(entries=5_000_000, breaks=50_000, seed=options.seed))
        return
    found: dict[str, Any] = {"rows": options.rows, "truth": True, "ratios": {}}
    parts = [options.part] if options.part else [*_PARTS, "growth", "ingest"]
    if chosen := [_PARTS[name] for name in parts if name in _PARTS]:
        with _world(options, options.rows) as (on, world):
            for measure in chosen:
                _take(found, measure(on, world, options))
    if "growth" in parts:
        _take(found, growth(options))
    if "ingest" in parts:
        _take(found, ingest(options))
    report(found)


def _take(found: dict[str, Any], figures: dict[str, Any]) -> None:
    """Numbers are ratios; what is more stands beside them."""
    for name, value in figures.items():
        (found["ratios"] if isinstance(value, float) else found)[name] = value


@contextmanager
def _world(options: argparse.Namespace, rows: int, *, plain: bool = True) -> Iterator[tuple[Ground, World]]:
    kept = options.folder / f"{rows}-{options.seed}" if options.folder else None
    with ground(kept=kept) as on:
        yield on, build(on, rows, options.seed, plain=plain)


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


def against_join(on: Ground, world: World, options: argparse.Namespace) -> dict[str, Any]:
    """The run, and a second one over unchanged entries, in turn with the bare join."""

    def bare() -> int:
        with world.database.engine.begin() as connection:
            connection.exec_driver_sql(_STOCK)
            return connection.exec_driver_sql(_BARE).scalar_one()

    figures = compare(
        {
            "hash_full_join": Candidate(bare),
            "run": Candidate(
                lambda: run(world), prepare=lambda: forget(world.database), check=lambda view: is_true(world, view)
            ),
            "rerun": Candidate(lambda: run(world), check=lambda view: is_true(world, view)),
        },
        baseline="hash_full_join",
        server_pid=on.server_pid,
        rounds=options.rounds,
    )
    ratios = {
        f"{name}_vs_hash_join_{kind}": figures["candidates"][name][f"{kind}_ratio"]["median"]
        for name in ("run", "rerun")
        for kind in ("wall", "cpu")
    }
    return ratios | {"reconciliation": figures}


def increment(_: Ground, world: World, _options: argparse.Namespace) -> dict[str, Any]:
    """The share of a full run's time that a run takes when one record in a hundred changed.

    A tenth of those that changed differ afterwards, as in the world as a whole: there the books alone changed, the
    others changed on both sides alike. `incremental_all_breaking_vs_full` is the worst case beside it, in which every
    record that changed becomes a break. What changed is set back afterwards.
    """
    full, found = run_seconds(world), {}
    for name, (tenths, turns) in _TURNS.items():
        taken = [_after_change(world, turn, tenths) for turn in turns]
        found[name] = round(statistics.median(taken) / full, 3)
    _forget_changes(world)
    return found


def _after_change(world: World, turn: int, tenths: int) -> float:
    """Seconds of a run after one record in a hundred changed, so many tenths of them in the books alone.

    The changes are taken in as a feed brings them.
    """
    columns = _COLUMNS.replace("amount_minor", "amount_minor + 1 AS amount_minor")
    with world.database.unit_of_work(ACTOR) as uow:
        before = sum(reconciliation.recent_runs(uow, limit=1)[0].class_counts.values())
        for kind, from_tenth in zip(SIDES[Definition.SETTLEMENT], (0, tenths), strict=True):
            source = source_of(uow, entity_id=world.entity, kind=kind)
            execute(uow, "DROP TABLE IF EXISTS recon_incoming")
            execute(uow, _CHANGED.format(columns=columns), source=source.id, turn=turn, from_tenth=from_tenth)
            store_incoming(uow, source)
    tidy_entries(world.database)
    start = time.perf_counter()
    view = run(world)
    taken = time.perf_counter() - start
    assert view.looked_at
    assert sum(view.class_counts.values()) > before
    return taken


def _forget_changes(world: World) -> None:
    """Every changed entry as it was, so that a kept world can be measured again."""
    with world.database.unit_of_work(ACTOR) as uow:
        left, right = (source_of(uow, entity_id=world.entity, kind=kind).id for kind in SIDES[Definition.SETTLEMENT])
        for tenths, turns in _TURNS.values():
            for turn in turns:
                for source, from_tenth in ((left, 0), (right, tenths)):
                    execute(uow, _CHANGE_BACK, source=source, turn=turn, from_tenth=from_tenth)
        execute(uow, _SUMS)
    tidy_entries(world.database)
    forget(world.database)


def history(_on: Ground, world: World, options: argparse.Namespace, runs: int = 40) -> dict[str, Any]:
    """Bytes that a run over unchanged entries adds, by pair."""
    forget(world.database)
    run(world)
    before = _size(world)
    for _ in range(runs):
        run(world)
    return {"history_bytes_per_unchanged_pair": round((_size(world) - before) / runs / options.rows, 4)}


def _size(world: World) -> int:
    with world.database.engine.begin() as connection:
        return int(connection.scalar(text(_SIZE), {"tables": _HISTORY}) or 0)


def against_peers(_: Ground, world: World, _options: argparse.Namespace) -> dict[str, Any]:
    """How many times a run's time the others take that are installed (the `bench` extra), each between two runs."""
    found = {}
    for name, peer in recon_peers.available().items():
        rounds = []
        for _round in range(_PEER_ROUNDS.get(name, _OTHER_ROUNDS)):
            mine = run_seconds(world, rounds=1)
            theirs = recon_peers.seconds(peer, world)
            rounds.append(2 * theirs / (mine + run_seconds(world, rounds=1)))
        found[f"{name}_vs_run"] = round(statistics.median(rounds), 2)
    return found


def growth(options: argparse.Namespace) -> dict[str, Any]:
    """The exponent by which a run's time grows with its records, fitted over all sizes in the logarithm of both."""
    sizes = [size for size in _SIZES if size <= (5_000_000 if options.large else options.rows)]
    if len(sizes) < 2:
        sizes = [options.rows // 10, options.rows]
    seconds, found = {}, {}
    for size in sizes:
        with _world(options, size, plain=False) as (on, world):
            seconds[size] = run_seconds(world, rounds=5 if size < _SIZES[2] else 3)
            if size == _SIZES[-1]:
                found |= increment(on, world, options)
    fitted = statistics.linear_regression([math.log(n) for n in seconds], [math.log(t) for t in seconds.values()])
    each = {str(size): round(taken, 3) for size, taken in seconds.items()}
    return found | {"growth_exponent": round(fitted.slope, 3), "run_seconds": each}


def ingest(options: argparse.Namespace) -> dict[str, Any]:
    """Taking records in against a plain COPY of the same rows: all new, and the same once more."""
    with ground() as on:
        world = build(on, min(options.rows, 300_000), options.seed, plain=False)
        with world.database.unit_of_work(ACTOR) as uow:
            source = source_of(uow, entity_id=world.entity, kind=SourceKind.STRIPE).id
            rows = uow.session.execute(
                text(f"SELECT {_COLUMNS} FROM recon_entry WHERE source_id = {int(source)}")
            ).all()
        plain, new, replay = [], [], []
        for turn in range(_INGESTS):
            plain.append(_seconds(lambda: _copy(world, rows, None)))
            known = turn % len(world.others)
            for taken in (new, replay) if known == turn else (replay,):
                taken.append(_seconds(lambda known=known: _copy(world, rows, known)))
                tidy_entries(world.database)
    return {
        "ingest_vs_copy_new": _median_ratio(new, plain),
        "ingest_vs_copy_replay": _median_ratio(replay, plain),
    }


def _median_ratio(mine: list[float], theirs: list[float]) -> float:
    """Of each round; the first are the ones that have both."""
    return round(statistics.median(a / b for a, b in zip(mine, theirs, strict=False)), 2)


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


_PARTS: dict[str, Callable[[Ground, World, argparse.Namespace], dict[str, Any]]] = {
    "join": against_join,
    "peers": against_peers,
    "increment": increment,
    "history": history,
}

if __name__ == "__main__":
    main()
