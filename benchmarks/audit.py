"""The audit log: appending beside a plain insert, sealing, the lag until an entry is sealed, verifying, proving.

`python -m benchmarks.audit --rows 1000000 --json`. Appending is measured in whole transactions of 32 writers that
change a row and write a log row: `audit.record`, or the same fields into a plain table with the same indexes.
`verify_1m_s` is scaled to a million when `--rows` is another number.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import statistics
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.measure import Ground, ground, report
from services import audit
from services.core.actor import Actor
from services.core.db import Database
from services.core.ids import new_id

_ACTOR = Actor.system("benchmark")
_PROCESSES, _THREADS = 4, 8  # 32 writers
_INTERVAL = 0.25  # seconds between two steps of the sealer, as the worker has it

_TABLES = """
CREATE TABLE bench_account (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO bench_account SELECT n, 0 FROM generate_series(0, 31) n;
CREATE TABLE bench_log (id uuid PRIMARY KEY, recorded_at timestamptz NOT NULL, action text NOT NULL,
    actor_kind text NOT NULL, actor_id uuid, actor_name text NOT NULL, on_behalf_of text, session_id uuid, address text,
    request_id text NOT NULL, entity_id uuid, subject_type text NOT NULL, subject_id text NOT NULL, before jsonb,
    after jsonb, reason text, outcome text NOT NULL);
CREATE INDEX ON bench_log (subject_type, subject_id, recorded_at);
CREATE INDEX ON bench_log (actor_id, recorded_at);
CREATE INDEX ON bench_log (recorded_at);
"""
_CHANGE = text("UPDATE bench_account SET balance = balance + 1 WHERE id = :id")
_PLAIN = text(
    "INSERT INTO bench_log VALUES (:id, :at, 'payments.payment.refunded', 'system', NULL, :name, NULL, NULL, NULL,"
    " :request, NULL, 'payment', :subject, CAST(:before AS jsonb), CAST(:after AS jsonb), 'goodwill', 'done')"
)
_BARE = (
    "INSERT INTO bench_log VALUES (%s, %s, 'payments.payment.refunded', 'system', NULL, %s, NULL, NULL, NULL,"
    " %s, NULL, 'payment', %s, %s::jsonb, %s::jsonb, 'goodwill', 'done')"
)
# Entries as `audit.record` makes them, a million at a time.
_FILL = """
WITH made AS MATERIALIZED (
    SELECT uuidv7() AS id, clock_timestamp() AS at, n, sha256(int8send(n)) AS salt,
        convert_to('{"actor_name":"benchmark","reason":"goodwill"}', 'UTF8') AS data
    FROM generate_series(1, %s) n
), beside AS (
    INSERT INTO audit_personal (entry_id, salt, data) SELECT id, salt, data FROM made
)
INSERT INTO audit_entry (id, recorded_at, action, actor_kind, request_id, subject_type, subject_id, outcome,
    commitment, canonical)
SELECT id, at, 'payments.payment.refunded', 'system', 'request-' || n, 'payment', 'p-' || n, 'done',
    sha256(salt || data), convert_to('{"action":"payments.payment.refunded","actor_id":null,"actor_kind":"system",'
    || '"after":{"amount_minor":' || n || ',"status":"refunded"},"before":{"amount_minor":' || n + 1
    || ',"status":"succeeded"},"entity_id":null,"format":2,"id":"' || id || '","outcome":"done","personal":"'
    || encode(sha256(salt || data), 'hex') || '","recorded_at":' || (extract(epoch FROM at) * 1000000)::bigint
    || ',"request_id":"request-' || n || '","session_id":null,"subject_id":"p-' || n
    || '","subject_type":"payment"}', 'UTF8')
FROM made ORDER BY id
"""


def _write_audited(uow: Any, number: int) -> uuid.UUID:
    return audit.record(
        uow,
        action="payments.payment.refunded",
        subject_type="payment",
        subject_id=f"p-{number}",
        before={"amount_minor": number + 1, "status": "succeeded"},
        after={"amount_minor": number, "status": "refunded"},
        reason="goodwill",
    )


def _write_plain(uow: Any, number: int) -> uuid.UUID:
    values = {
        "id": new_id(),
        "at": dt.datetime.now(dt.UTC),
        "name": uow.actor.name,
        "request": uow.request_id,
        "subject": f"p-{number}",
        "before": json.dumps({"amount_minor": number + 1, "status": "succeeded"}),
        "after": json.dumps({"amount_minor": number, "status": "refunded"}),
    }
    uow.session.execute(_PLAIN, values)
    return values["id"]


def _write_bare(uow: Any, number: int) -> uuid.UUID:
    """The plain insert past the session, as lean as it can be sent."""
    entry_id = new_id()
    before = json.dumps({"amount_minor": number + 1, "status": "succeeded"})
    after = json.dumps({"amount_minor": number, "status": "refunded"})
    now, name = dt.datetime.now(dt.UTC), uow.actor.name
    uow.driver.execute(_BARE, (entry_id, now, name, uow.request_id, f"p-{number}", before, after))
    return entry_id


_WRITES = {"audit": _write_audited, "plain": _write_plain, "bare": _write_bare}


def _writer_process(url: str, first: int, commands: Any) -> None:
    """Waits for (how, transactions a writer) and answers with (entry, time of its commit) of what it wrote."""
    database = Database(url, pool_size=_THREADS)
    with ThreadPoolExecutor(_THREADS) as pool:

        def work(writer: int, how: str, count: int) -> list[tuple[uuid.UUID, float]]:
            write, done = _WRITES[how], []
            for number in range(count):
                with database.unit_of_work(_ACTOR) as uow:
                    uow.session.execute(_CHANGE, {"id": writer})
                    entry_id = write(uow, number)
                done.append((entry_id, time.monotonic()))
            return done

        while (asked := commands.recv()) is not None:
            how, count = asked
            writers = range(first, first + _THREADS)
            parts = pool.map(work, writers, repeat(how), repeat(count))
            commands.send([pair for part in parts for pair in part])
    database.dispose()


class Writers:
    """32 writers in four processes; `write` lets all of them work at once and returns seconds and commits."""

    def __init__(self, url: str) -> None:
        context = get_context("spawn")
        self._pipes = []
        for number in range(_PROCESSES):
            here, there = context.Pipe()
            context.Process(target=_writer_process, args=(url, number * _THREADS, there), daemon=True).start()
            self._pipes.append(here)

    def write(self, how: str, count: int) -> tuple[float, list[tuple[uuid.UUID, float]]]:
        started = time.monotonic()
        for pipe in self._pipes:
            pipe.send((how, count))
        done = [pair for pipe in self._pipes for pair in pipe.recv()]
        return time.monotonic() - started, done

    def end(self) -> None:
        for pipe in self._pipes:
            pipe.send(None)


def _appending(writers: Writers, count: int, rounds: int) -> dict[str, Any]:
    """All three interleaved, the order turned each round; a ratio is transactions a second against the plain ones."""
    for how in _WRITES:
        writers.write(how, max(count // 4, 1))
    speeds: dict[str, list[float]] = {how: [] for how in _WRITES}
    names = list(_WRITES)
    for number in range(rounds):
        for how in names[number % 3 :] + names[: number % 3]:
            speeds[how].append(count * _PROCESSES * _THREADS / writers.write(how, count)[0])
    against = {how: [a / b for a, b in zip(speeds["audit"], speeds[how], strict=True)] for how in ("plain", "bare")}
    return {
        "append_vs_plain": round(statistics.median(against["plain"]), 3),
        "append_vs_plain_min": round(min(against["plain"]), 3),
        "append_vs_bare": round(statistics.median(against["bare"]), 3),
        "plain_per_s": round(statistics.median(speeds["plain"])),
        "append_per_s": round(statistics.median(speeds["audit"])),
        "plain_spread": round(max(speeds["plain"]) / min(speeds["plain"]), 2),
    }


def _drain(database: Database) -> tuple[int, float]:
    """Seals all that waits; entries and seconds."""
    sealer, sealed, started = audit.Sealer(), 0, time.perf_counter()
    while True:
        with database.unit_of_work(_ACTOR) as uow:
            step = sealer.step(uow)
        sealed += step.count
        if not step.more:
            return sealed, time.perf_counter() - started


def _lag(database: Database, writers: Writers, count: int) -> dict[str, float]:
    """How long after its commit an entry has its leaf, while 32 writers write as fast as they can."""
    sizes: list[tuple[int, float]] = []
    over = threading.Event()

    def seal() -> None:
        sealer = audit.Sealer()
        while True:
            last = over.is_set()
            with database.unit_of_work(_ACTOR) as uow:
                step = sealer.step(uow)
            sizes.append((step.size, time.monotonic()))
            if last and not step.more:
                return
            if not step.more:
                over.wait(_INTERVAL)

    thread = threading.Thread(target=seal)
    thread.start()
    _, written = writers.write("audit", count)
    over.set()
    thread.join()
    with database.unit_of_work(_ACTOR) as uow:
        places = dict(uow.driver.execute("SELECT entry_id, index FROM audit_leaf").fetchall())
    lags = sorted(next(at for size, at in sizes if size > places[entry]) - done for entry, done in written)
    return {"seal_lag_p99_s": round(lags[int(len(lags) * 0.99)], 3), "seal_lag_p50_s": round(lags[len(lags) // 2], 3)}


def _verify_and_prove(made: Ground, rounds: int) -> dict[str, Any]:
    database = made.database
    with tempfile.TemporaryDirectory() as folder:
        keys = audit.KeyStore(Path(folder))
        with database.unit_of_work(_ACTOR) as uow:
            head = audit.sign_head(uow, keys=keys)
        assert head is not None
        taken, verified = [], 0
        for _ in range(rounds):
            done = audit.verify_log(database, actor=_ACTOR, verifiers=keys.verifiers(), exported=[head.note])
            assert done.problems == 0, done.findings
            verified = done.size
            taken.append((done.finished_at - done.started_at).total_seconds() / done.size * 1_000_000)
        with database.unit_of_work(_ACTOR) as uow:
            ids = [row[0] for row in uow.driver.execute("SELECT id FROM audit_entry")]
        proved = []
        for entry_id in random.Random(6962).choices(ids, k=200):
            started = time.perf_counter()
            with database.unit_of_work(_ACTOR) as uow:
                audit.prove(uow, entry_id=entry_id)
            proved.append((time.perf_counter() - started) * 1000)
    return {
        "verify_1m_s": round(statistics.median(taken), 2),
        "verify_1m_min_s": round(min(taken), 2),
        "prove_ms": round(statistics.median(proved), 2),
        "prove_p99_ms": round(sorted(proved)[-2], 2),
        "verified": verified,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="entries that are sealed and verified")
    parser.add_argument("--transactions", type=int, default=100, help="of each of the 32 writers in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with ground() as made:
        with made.database.unit_of_work(_ACTOR) as uow:
            uow.driver.execute(_TABLES)
        writers = Writers(made.database.url)
        ratios = _appending(writers, asked.transactions, asked.rounds)
        _drain(made.database)
        ratios |= _lag(made.database, writers, asked.transactions * 4)
        writers.end()
        with made.database.unit_of_work(_ACTOR) as uow:
            uow.driver.execute(_FILL, (asked.rows,))
        sealed, seconds = _drain(made.database)
        ratios["seal_per_s"] = round(sealed / seconds)
        _tidy(made.database)
        ratios |= _verify_and_prove(made, max(asked.rounds // 2, 1))
    report({"rows": asked.rows, "ratios": ratios})


def _tidy(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) audit_entry, audit_leaf, audit_personal"))


if __name__ == "__main__":
    main()
