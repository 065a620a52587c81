"""A tiny table with definitions on it, and people who agree."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, String, column, func, select, table, text

from jobs.bodies import backfills as bodies
from jobs.registry import known_jobs
from jobs.runner import RunContext, Signal
from services import approvals, backfills, reconciliation, runs
from services.backfills import Check, Expect, MoneyColumns, PythonBackfill, SqlBackfill
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.core.settings import Settings
from services.core.words import Words
from services.identity import Role
from services.integrations.stripe_gateway import StripeGateway
from tests.factories.approvals import a_person, agree, as_person

BODIES = bodies.__name__
ACTOR = Actor.system("test")
COIN = table(
    "coin",
    column("id", BigInteger()),
    column("amount_minor", BigInteger()),
    column("currency", String()),
    column("label", String()),
    column("touched", Integer()),
)


class Least(BaseModel):
    least: int = 0


class PlusOne(SqlBackfill):
    """Not idempotent: a batch done twice, or left out, shows in the sums."""

    name = "tests.plus_one"
    title = Words("Plus one", "Plus eins")
    description = Words("One more each", "Je eins mehr")
    owner = "tests"
    target = COIN
    columns = ("amount_minor",)
    params = Least
    money = MoneyColumns("amount_minor", COIN.c.currency)
    runbook = Words("None", "Keine")
    quarantine_limit = 5

    def rows(self, params: Least) -> ColumnElement[bool]:
        return COIN.c.id > params.least

    def change(self, params: Least) -> Mapping[str, ColumnElement[Any]]:
        return {"amount_minor": COIN.c.amount_minor + 1}

    def along(self) -> Mapping[str, ColumnElement[Any]]:
        return {"touched": COIN.c.touched + 1}

    def checks(self, params: Least) -> Sequence[Check]:
        every = select(func.count()).select_from(COIN)
        return (Check("coins", Words("Coins", "Münzen"), every, Expect.SAME),)


class Shout(PythonBackfill):
    """What only Python says; it refuses labels it does not understand."""

    name = "tests.shout"
    title = Words("Shout", "Rufen")
    description = Words("Louder labels", "Lautere Schilder")
    owner = "tests"
    target = COIN
    columns = ("label",)
    runbook = Words("None", "Keine")

    def rows(self, params: Any) -> ColumnElement[bool]:
        return COIN.c.label.is_not(None)

    def change_batch(self, rows: Sequence[Mapping[str, Any]], params: Any) -> Mapping[Any, Mapping[str, Any]]:
        if any(row["label"] == "mute" for row in rows):
            raise ValueError("mute labels have no louder form")
        return {row["id"]: {"label": row["label"].upper()} for row in rows}


class RoundUp(Shout):
    """Money that only Python computes: it leaves whatever is even as it is."""

    name = "tests.round_up"
    columns = ("amount_minor",)
    money = MoneyColumns("amount_minor", COIN.c.currency)

    def change_batch(self, rows: Sequence[Mapping[str, Any]], params: Any) -> Mapping[Any, Mapping[str, Any]]:
        louder = super().change_batch(rows, params)
        return {row["id"]: {"amount_minor": 110} for row in rows if row["id"] in louder and row["amount_minor"] % 2}


class Broken(PlusOne):
    """Its verification wants what it does not do."""

    name = "tests.broken"

    def checks(self, params: Least) -> Sequence[Check]:
        return (Check.of_rows("none_left", Words("Left", "Übrig"), select(COIN.c.id, COIN.c.amount_minor)),)


class Whole(PlusOne):
    """No coin may be worth less than nothing, before and afterwards."""

    name = "tests.whole"

    def checks(self, params: Least) -> Sequence[Check]:
        debts = select(COIN.c.id, COIN.c.amount_minor).where(COIN.c.amount_minor < 0)
        return (Check.of_rows("no_debts", Words("Debts", "Schulden"), debts, Expect.ALWAYS_ZERO),)


class Abroad(PlusOne):
    """The same in a database of its own."""

    name = "tests.abroad"
    database = "shop"
    flag = "shop.reads-new-amount"


class Tied(PlusOne):
    """Readers are switched to it by a flag, and it must not disturb a reconciliation."""

    name = "tests.tied"
    reconciliations = (reconciliation.Definition.SETTLEMENT,)
    flag = "coins.reads-new-amount"


PLUS_ONE, SHOUT, ROUND_UP = PlusOne(), Shout(), RoundUp()
BROKEN, ABROAD, TIED, WHOLE = Broken(), Abroad(), Tied(), Whole()


def lay_coins(connection: Connection, count: int) -> None:
    """`count` coins 1…n, the key's gaps included (every third is missing)."""
    for definition in (PLUS_ONE, SHOUT, ROUND_UP, BROKEN, ABROAD, TIED, WHOLE):
        backfills.register(definition)
    fill_coins(connection, count)


def fill_coins(connection: Connection, count: int) -> None:
    """The table itself, in whichever database."""
    connection.execute(
        text(
            "CREATE TABLE coin (id bigint PRIMARY KEY, amount_minor bigint NOT NULL, currency text NOT NULL,"
            " label text, touched integer NOT NULL DEFAULT 0)"
        )
    )
    connection.execute(
        text(
            "INSERT INTO coin (id, amount_minor, currency, label) SELECT n + n / 3, 100 + n % 7,"
            " CASE n % 4 WHEN 0 THEN 'CHF' ELSE 'EUR' END, 'c' || n FROM generate_series(1, :count) n"
        ),
        {"count": count},
    )


class Workshop:
    """A database with coins, people, and a worker that runs in the test itself, one attempt at a time."""

    def __init__(self, database: Database, count: int = 3_000) -> None:
        self.database = database
        settings = Settings()
        self.app = Application(settings, database, StripeGateway.of(settings))
        with database.unit_of_work(ACTOR) as uow:
            lay_coins(uow.session.connection(), count)
            self.people = {
                name: a_person(uow, name, role)
                for name, role in (("Dev", Role.DEV), ("Ops", Role.OPS), ("Ops 2", Role.OPS), ("Finance", Role.FINANCE))
            }

    def call(self, person: str, act: Any, **arguments: Any) -> Any:
        """`act` in a transaction of that person's."""
        with self.database.unit_of_work(ACTOR) as uow:
            mine = as_person(uow, self.people[person]) if person in self.people else uow
            return act(mine, **arguments)

    def sql(self, statement: str, **values: Any) -> Any:
        with self.database.unit_of_work(ACTOR) as uow:
            found: Any = uow.session.execute(text(statement), values)
            return found.all() if found.returns_rows else found.rowcount

    def see(self, backfill_id: uuid.UUID) -> backfills.BackfillDetail:
        return self.call("", backfills.backfill_detail, backfill_id=backfill_id)

    def work(
        self,
        kind: runs.RunKind,
        *,
        stop_after: int | None = None,
        hook: Any = None,
        at_progress: Any = None,
        recorded: bool = True,
    ) -> Any:
        """Carries out the next queued run of a kind.

        With `stop_after`, gives up (as if killed) after that many looks at the safe point. `at_progress` is called with
        the signal after each batch. Unless it is `recorded`, the worker is gone before it notes that the run succeeded.
        """
        claim = self.claim(kind)
        ctx = _Counted(self.app, claim, kind, Signal(), stop_after, hook)
        ctx.at_progress = at_progress
        job = known_jobs()[kind.name]
        result = job.body(ctx, runs.validated(kind, claim.params))
        if not recorded:
            self.give_up()
            return result
        with self.database.unit_of_work(ACTOR) as uow:
            runs.succeed(uow, claim=claim, result=result)
        return result

    def claim(self, kind: runs.RunKind) -> runs.Claim:
        """The next queued run of a kind, as a worker takes it."""
        worker = self._worker()
        with self.database.unit_of_work(ACTOR) as uow:
            (claim,) = runs.claim_runs(uow, worker_id=worker, limits={kind.name: 9}, count=1, lease_seconds=60)
        return claim

    def give_up(self) -> None:
        """The worker of the last run is gone: its run may be claimed again."""
        self.sql("UPDATE run SET state = 'queued', worker_id = NULL, lease_until = NULL WHERE state = 'running'")

    def agreed(self, definition: str, **params: Any) -> uuid.UUID:
        """A backfill that Ops and Finance agreed to."""
        made = self.call("Dev", backfills.draft, definition=definition, params=params)
        self.call("Dev", backfills.start_dry_run, backfill_id=made)
        self.work(backfills.DRY_RUN)
        asked = self.call("Dev", backfills.ask_approval, backfill_id=made)
        for person in ("Ops", "Finance"):
            self.call(person, lambda uow: agree(uow, asked))
        return made

    def _worker(self) -> uuid.UUID:
        row = self.sql(
            "INSERT INTO worker (id, role, host, pid, concurrency) VALUES (gen_random_uuid(), 'worker', 'test', 1, 1)"
            " RETURNING id"
        )
        return row[0].id


class Killed(BaseException):
    """Stands for kill -9."""


class _Counted(RunContext):
    def __init__(self, app: Any, claim: Any, kind: Any, signal: Any, stop_after: int | None, hook: Any) -> None:
        super().__init__(app, claim, kind, signal)
        self._left, self._hook = stop_after, hook
        self.at_progress: Any = None

    def progress(self, done: int, total: int | None = None, *, phase: str | None = None) -> None:
        super().progress(done, total, phase=phase)
        if self.at_progress:
            self.at_progress(self._signal)

    def safe_point(self) -> None:
        if self._left is not None:
            if self._left == 0:
                raise Killed
            self._left -= 1
        if self._hook:
            self._hook()
        super().safe_point()


def taken_over(uow: UnitOfWork, made: uuid.UUID) -> backfills.Plan:
    """The backfill's run, begun by one more attempt."""
    run_id = backfills.backfill_detail(uow, backfill_id=made).backfill.run_id
    assert run_id is not None
    return backfills.begin(uow, backfill_id=made, run_id=run_id, direction=backfills.Direction.FORWARD)


def request_of(workshop: Workshop, backfill_id: uuid.UUID, kind: str) -> approvals.RequestView:
    found = workshop.call("", approvals.request_for, kind=kind, subject_id=str(backfill_id))
    assert found is not None
    return found


def reject(uow: UnitOfWork, request: approvals.RequestView) -> None:
    approvals.vote(
        uow, request_id=request.id, digest=request.digest, decision=approvals.Decision.REJECT, reason="does not add up"
    )
