"""Side-by-side measuring: candidates interleaved per round, ratios per round, wall and CPU of client and server.

The absolute figures belong to one machine on one day; the ratios are the result. Wall-clock ratios count only
where the baseline itself held still: its slowest round below 1.3 times its fastest.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from services.bootstrap import load_models
from services.core import migrate
from services.core.db import Database
from services.core.embedded_postgres import EmbeddedPostgres
from services.core.memory import buffers_mb, usable_mb

STEADY = 1.3
ROUNDS = 7


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Candidate:
    """`run` is measured; `prepare` before and `check` after it are not. `check` gets what `run` returned."""

    run: Callable[[], Any]
    prepare: Callable[[], Any] = _nothing
    check: Callable[[Any], Any] = field(default=lambda _: None)


@dataclass(frozen=True)
class Sample:
    """Seconds of one execution."""

    wall: float
    client_cpu: float
    server_cpu: float

    @property
    def cpu(self) -> float:
        return self.client_cpu + self.server_cpu


@dataclass(frozen=True)
class Ground:
    """A fresh, migrated database on a server of its own, and that server's process id."""

    database: Database
    server_pid: int


@contextmanager
def ground(settings: dict[str, str] | None = None, *, kept: Path | None = None) -> Iterator[Ground]:
    """An embedded server with the settings the console runs with; thrown away afterwards unless it stands in `kept`."""
    load_models()
    folder = kept or Path(tempfile.mkdtemp(prefix="kontor-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    sizes = {"shared_buffers": f"{buffers_mb(usable_mb())}MB"}
    server = EmbeddedPostgres(folder / "postgres", settings=sizes | (settings or {}))
    server.start()
    try:
        migrate.upgrade(server.url)
        database = Database(server.url)
        pid = int((server.data / "postmaster.pid").read_text().split()[0])
        yield Ground(database, pid)
        database.dispose()
    finally:
        server.stop()
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def compare(
    candidates: Mapping[str, Candidate], *, baseline: str, server_pid: int | None = None, rounds: int = ROUNDS
) -> dict[str, Any]:
    """Runs every candidate once to warm up and then once per round, in turn; returns figures ready for JSON.

    Ratios are against `baseline` of the same round: median and minimum. Milliseconds are medians.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            sample = measured(candidate, server_pid)
            if number:
                samples[name].append(sample)
    spread = max(s.wall for s in samples[baseline]) / min(s.wall for s in samples[baseline])
    return {
        "rounds": rounds,
        "baseline": baseline,
        "baseline_spread": round(spread, 2),
        "wall_counts": spread < STEADY,
        "candidates": {name: _figures(taken, samples[baseline]) for name, taken in samples.items()},
    }


def measured(candidate: Candidate, server_pid: int | None = None) -> Sample:
    """One execution, checked."""
    candidate.prepare()
    server, client, wall = _server_cpu(server_pid), time.process_time(), time.perf_counter()
    result = candidate.run()
    sample = Sample(
        time.perf_counter() - wall, time.process_time() - client, max(_server_cpu(server_pid) - server, 0.0)
    )
    candidate.check(result)
    return sample


def report(figures: dict[str, Any]) -> None:
    """Prints the figures: JSON with `--json`, otherwise the ratios as lines."""
    figures = {"cores": os.cpu_count(), **figures}
    if "--json" in sys.argv:
        print(json.dumps(figures, indent=2))
        return
    for title, block in figures.items():
        if not isinstance(block, dict) or "candidates" not in block:
            print(f"{title}: {block}")
            continue
        steady = "" if block["wall_counts"] else "  (wall unsteady: trust the CPU)"
        print(f"{title}  against {block['baseline']}, {block['rounds']} rounds{steady}")
        for name, one in block["candidates"].items():
            wall, cpu = one["wall_ratio"], one["cpu_ratio"]
            print(
                f"  {name:<28} {one['wall_ms']:>10.1f} ms   wall {wall['median']:.2f}x (min {wall['min']:.2f})"
                f"   cpu {cpu['median']:.2f}x (min {cpu['min']:.2f})"
            )


def _figures(taken: list[Sample], base: list[Sample]) -> dict[str, Any]:
    return {
        "wall_ms": _milliseconds(s.wall for s in taken),
        "client_cpu_ms": _milliseconds(s.client_cpu for s in taken),
        "server_cpu_ms": _milliseconds(s.server_cpu for s in taken),
        "wall_ratio": _ratios([(a.wall, b.wall) for a, b in zip(taken, base, strict=True)]),
        "cpu_ratio": _ratios([(a.cpu, b.cpu) for a, b in zip(taken, base, strict=True)]),
    }


def _milliseconds(values: Iterator[float]) -> float:
    return round(statistics.median(values) * 1000, 2)


def _ratios(pairs: list[tuple[float, float]]) -> dict[str, float]:
    ratios = [mine / max(theirs, 1e-6) for mine, theirs in pairs]
    return {"median": round(statistics.median(ratios), 3), "min": round(min(ratios), 3)}


def _server_cpu(pid: int | None) -> float:
    """Seconds the server has used: the parent, its ended children, and those alive."""
    if pid is None:
        return 0.0
    parent = psutil.Process(pid)
    own = parent.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in parent.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
