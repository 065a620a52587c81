"""Ingest against a plain COPY of the same records: all new, and the same again. `python -m benchmarks.sync --json`.

Baseline: binary COPY of the very same rows into a table of the same columns and unique index. The candidate is
what a sync does with a chunk: shape the objects, COPY into a temporary table, upsert what changed, carry charges
on to payments and move the hourly rollup along.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import uuid
from typing import Any

from psycopg import sql
from sqlalchemy import text

from benchmarks.measure import Candidate, Ground, compare, ground, report
from services import identity, payments
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.payments.ingest import _rows, ingest
from services.payments.shapes import SHAPES
from services.payments.vocabulary import StripeObject

_ACTOR = Actor.system("benchmark")
_SEEN = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
_BATCH = 5_000


def objects(kind: StripeObject, count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Stripe objects as its API sends them, spread over 90 days."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        created = int(dt.datetime(2026, 3, 1, tzinfo=dt.UTC).timestamp()) + rng.randrange(90 * 86_400)
        amount, fee = rng.randrange(500, 20_000), rng.randrange(20, 400)
        common = {
            "created": created,
            "amount": amount,
            "currency": "eur",
            "customer": f"cus_{rng.randrange(count):012d}",
        }
        if kind is StripeObject.BALANCE_TRANSACTION:
            made.append(
                {
                    **common,
                    "id": f"txn_{number:016d}",
                    "type": "charge",
                    "reporting_category": "charge",
                    "source": f"ch_{number:016d}",
                    "fee": fee,
                    "net": amount - fee,
                    "available_on": created,
                }
            )
        else:
            failed = rng.random() < 0.08
            made.append(
                {
                    **common,
                    "id": f"pi_{number:016d}",
                    "status": "requires_payment_method" if failed else "succeeded",
                    "amount_received": 0 if failed else amount,
                    "payment_method_types": [rng.choice(["card", "sepa_debit"])],
                    "last_payment_error": {
                        "code": "card_declined",
                        "decline_code": rng.choice(["do_not_honor", "lost"]),
                    }
                    if failed
                    else None,
                }
            )
    return made


class Bench:
    """One object type: the same rows by COPY and by ingest."""

    def __init__(self, ground: Ground, account: payments.AccountView, kind: StripeObject, count: int) -> None:
        self.ground, self.account, self.kind, self.count = ground, account, kind, count
        self.snapshots = [payments.Snapshot(raw, _SEEN) for raw in objects(kind, count)]
        self.shape = SHAPES[kind]

    def truncate(self) -> None:
        with self.ground.database.unit_of_work(_ACTOR) as uow:
            uow.session.execute(text(f"TRUNCATE {self.shape.table}, payment_rollup"))
            uow.session.execute(text("DROP TABLE IF EXISTS plain"))
            columns = {
                "stripe_id": "text",
                "created_at": "timestamptz",
                "source_at": "timestamptz",
            } | self.shape.columns
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            uow.session.execute(text(f"CREATE TABLE plain ({listed})"))
            uow.session.execute(text("CREATE UNIQUE INDEX plain_stripe_id ON plain (stripe_id)"))
        with self.ground.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))

    def fill(self) -> None:
        self.truncate()
        self.ingest()
        with self.ground.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM ANALYZE {self.shape.table}"))

    def copy(self) -> int:
        done = 0
        for at in range(0, self.count, _BATCH):
            with self.ground.database.unit_of_work(_ACTOR) as uow:
                rows = _rows(self.account, self.shape, self.snapshots[at : at + _BATCH])
                done += self._copied(uow, rows)
        return done

    def _copied(self, uow: UnitOfWork, rows: list[tuple[Any, ...]]) -> int:
        cursor = uow.driver.cursor()
        with cursor.copy(sql.SQL("COPY plain FROM STDIN (FORMAT BINARY)")) as copy:
            copy.set_types(["text", "timestamptz", "timestamptz", *self.shape.columns.values()])
            for row in rows:
                copy.write_row(row)
        return len(rows)

    def ingest(self) -> int:
        changed = 0
        for at in range(0, self.count, _BATCH):
            with self.ground.database.unit_of_work(_ACTOR) as uow:
                batch = self.snapshots[at : at + _BATCH]
                changed += ingest(uow, account=self.account, kind=self.kind, snapshots=batch)
        return changed

    def expect(self, changed: int) -> Any:
        def check(result: int) -> None:
            if result != changed:
                raise AssertionError(f"{self.kind}: {result} rows changed, {changed} expected")

        return check

    def figures(self) -> dict[str, Any]:
        return compare(
            {
                "plain COPY": Candidate(self.copy, prepare=self.truncate, check=self.expect(self.count)),
                "ingest, all new": Candidate(self.ingest, prepare=self.truncate, check=self.expect(self.count)),
                "ingest, the same again": Candidate(self.ingest, prepare=self.fill, check=self.expect(0)),
            },
            baseline="plain COPY",
            server_pid=self.ground.server_pid,
        )


def connected(ground: Ground) -> payments.AccountView:
    """A legal entity with its account."""
    with ground.database.unit_of_work(_ACTOR) as uow:
        entity_id = identity.create_legal_entity(
            uow, code=f"b{uuid.uuid4().hex[:8]}", name="Bench", country="DE", currency="EUR", time_zone="Europe/Berlin"
        )
        payments.connect_account(uow, entity_id=entity_id, code="bench")
        return payments.accounts(uow, entity_id=entity_id)[0]


def main() -> None:
    count = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 50_000
    with ground() as here:
        account = connected(here)
        report(
            {
                "rows": count,
                **{
                    str(kind): Bench(here, account, kind, count).figures()
                    for kind in (StripeObject.BALANCE_TRANSACTION, StripeObject.PAYMENT_INTENT)
                },
            }
        )


if __name__ == "__main__":
    main()
