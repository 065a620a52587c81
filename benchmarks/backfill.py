"""A backfill in batches against one bare UPDATE of the same rows, and its way back.

`python -m benchmarks.backfill --rows 1000000 --json`. Each round fills the table anew; both candidates change the same
column of every row, and the sum is checked. The backfill includes typed before-images, batch log and checkpoints.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
import uuid
from typing import Any

from sqlalchemy import text

from benchmarks.measure import Candidate, Ground, compare, ground, report
from services.backfills import ledger
from services.backfills.batching import Plan, back, forward
from services.backfills.images import Images, images_of, make_images
from services.backfills.policy import FIRST_SIZE, TARGET_SECONDS
from services.backfills.vocabulary import Direction, Pace
from services.core.actor import Actor
from services.core.db import UnitOfWork
from tests.factories.backfills import COIN, PLUS_ONE, Least

_ACTOR = Actor.system("benchmark")
_TARGET = TARGET_SECONDS[Pace.NORMAL]
_FILL = """
TRUNCATE coin;
INSERT INTO coin (id, amount_minor, currency, label)
SELECT n, 100 + n % 900, 'EUR', 'a label of the usual length ' || n FROM generate_series(1, {rows}) n
"""


class OnlyAmount(type(PLUS_ONE)):
    """The same change without the counter that the fault tests look at."""

    name = "benchmark.plus_one"

    def along(self) -> dict[str, Any]:
        return {}


DEFINITION = OnlyAmount()


class Bench:
    """The table, one backfill after another on it, and a writer who measures how long it has to wait."""

    def __init__(self, on: Ground, rows: int) -> None:
        self.on, self.rows, self.number = on, rows, 0
        self.batches: list[float] = []
        self.image_bytes = self.table_bytes = 0
        self.plan: Plan | None = None
        with on.database.unit_of_work(_ACTOR) as uow:
            uow.session.execute(
                text(
                    "CREATE TABLE coin (id bigint PRIMARY KEY, amount_minor bigint NOT NULL, currency text NOT NULL,"
                    " label text, touched integer NOT NULL DEFAULT 0)"
                )
            )
            ledger.lay_down(uow.session.connection())

    def fill(self) -> None:
        """The table as new, vacuumed; the before-images of former rounds are gone."""
        with self.on.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for number in range(1, self.number + 1):
                images_of(connection, DEFINITION, number).drop(connection)
            for statement in _FILL.format(rows=self.rows).split(";"):
                connection.execute(text(statement))
            connection.exec_driver_sql("VACUUM (ANALYZE, FREEZE) coin")
            connection.exec_driver_sql("CHECKPOINT")
            self.table_bytes = connection.scalar(text("SELECT pg_table_size('coin')")) or 0

    def bare(self) -> int:
        with self.on.database.unit_of_work(_ACTOR) as uow:
            uow.session.execute(text("UPDATE coin SET amount_minor = amount_minor + 1"))
        return 1

    def run(self) -> int:
        """Every batch in its own transaction, as a worker does it."""
        self.number += 1
        plan = self._begin(Direction.FORWARD)
        self._walk(plan, Direction.FORWARD)
        with self._unit() as uow:
            self.image_bytes = self._images(uow).size(uow.session.connection())
        return 1

    def roll_back(self) -> int:
        with self._unit() as uow:
            self._images(uow).index(uow.session.connection())
        self._walk(self._begin(Direction.BACK), Direction.BACK)
        return 0

    def check(self, added: int) -> None:
        with self._unit() as uow:
            wrong = uow.session.scalar(
                text("SELECT count(*) FROM coin WHERE amount_minor <> 100 + id % 900 + :added"), {"added": added}
            )
        assert wrong == 0, wrong

    def longest_wait(self, candidate: Any) -> float:
        """How long another writer's single-row update waits at most while `candidate` works, in milliseconds."""
        stop, longest = threading.Event(), [0.0]

        def write() -> None:
            at = 0
            while not stop.is_set():
                at = at * 7919 % self.rows + 1
                began = time.perf_counter()
                with self._unit() as uow:
                    uow.session.execute(text("UPDATE coin SET label = label || '.' WHERE id = :id"), {"id": at})
                longest[0] = max(longest[0], time.perf_counter() - began)
                time.sleep(0.01)

        self.fill()
        writer = threading.Thread(target=write)
        writer.start()
        candidate()
        stop.set()
        writer.join()
        return longest[0] * 1000

    def _begin(self, direction: Direction) -> Plan:
        if direction is Direction.FORWARD:
            self.plan = Plan(uuid.uuid4(), self.number, DEFINITION, Least(), str(self.rows), 0)
        plan = self.plan
        assert plan is not None
        with self._unit() as uow:
            connection = uow.session.connection()
            make_images(connection, DEFINITION, self.number)
            cursor = ledger.open_cursor(connection, plan.backfill_id, direction, FIRST_SIZE)
        return Plan(plan.backfill_id, plan.number, plan.definition, plan.params, plan.bound, cursor.epoch)

    def _walk(self, plan: Plan, direction: Direction) -> None:
        act, done = (forward if direction is Direction.FORWARD else back), False
        while not done:
            with self._unit() as uow:
                step = act(uow.session.connection(), plan, _TARGET)
            done = step.done
            if direction is Direction.FORWARD:
                self.batches.append(step.seconds)

    def _images(self, uow: UnitOfWork) -> Images:
        return images_of(uow.session.connection(), DEFINITION, self.number)

    def _unit(self) -> Any:
        return self.on.database.unit_of_work(_ACTOR)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with ground() as on:
        bench = Bench(on, options.rows)
        figures = compare(
            {
                "bare_update": Candidate(bench.bare, prepare=bench.fill, check=bench.check),
                "run": Candidate(bench.run, prepare=bench.fill, check=bench.check),
                "rollback": Candidate(bench.roll_back, check=bench.check),
            },
            baseline="bare_update",
            server_pid=on.server_pid,
            rounds=options.rounds,
        )
        slow = row_by_row(bench, min(options.rows, 3_000))
        waits = {"bare": bench.longest_wait(bench.bare), "run": bench.longest_wait(bench.run)}
    report(
        {
            "rows": options.rows,
            "ratios": ratios(bench, figures["candidates"], slow, waits["run"]),
            "longest_wait_ms": {name: round(value, 1) for name, value in waits.items()},
            "backfill": figures,
        }
    )


def ratios(bench: Bench, candidates: dict[str, Any], row_by_row_ms: float, longest_wait_ms: float) -> dict[str, float]:
    """What the targets are about. The p95 is that of the slower half of the batches: the first, small ones are no part
    of it."""
    steady = sorted(bench.batches)[len(bench.batches) // 2 :]
    p95 = statistics.quantiles(steady, n=20)[-1] if len(steady) > 1 else 0.0
    cpu = (candidates["run"]["client_cpu_ms"] + candidates["run"]["server_cpu_ms"]) / bench.rows
    return {
        "run_vs_bare_update": candidates["run"]["wall_ratio"]["median"],
        "rollback_vs_bare_update": candidates["rollback"]["wall_ratio"]["median"],
        "row_by_row_cpu_vs_run": round(row_by_row_ms / max(cpu, 1e-9), 1),
        "longest_wait_vs_batch_target": round(longest_wait_ms / 1000 / _TARGET, 2),
        "batch_p95_vs_target": round(p95 / _TARGET, 2),
        "before_images_vs_table": round(bench.image_bytes / max(bench.table_bytes, 1), 2),
    }


def row_by_row(bench: Bench, rows: int) -> float:
    """CPU milliseconds a row costs when each is read, changed and committed by itself."""
    bench.fill()
    began, seen = time.process_time(), bench.on
    for at in range(1, rows + 1):
        with seen.database.unit_of_work(_ACTOR) as uow:
            _change_one(uow, at)
    return (time.process_time() - began) * 1000 / rows


def _change_one(uow: UnitOfWork, at: int) -> None:
    row = uow.session.execute(COIN.select().where(COIN.c.id == at)).one()
    uow.session.execute(COIN.update().where(COIN.c.id == at).values(amount_minor=row.amount_minor + 1))


if __name__ == "__main__":
    main()
