"""A log to tamper with: sealed, signed twice, its newest checkpoint exported; a fresh copy for each attack."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from services import audit
from services.bootstrap import load_models
from services.core import migrate
from services.core.actor import Actor
from services.core.db import Database
from services.core.embedded_postgres import EmbeddedPostgres

ACTOR = Actor.system("tamper")
TABLES = ("entry", "personal", "leaf", "node", "checkpoint", "verification")
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}

Attack = Callable[["Superuser", random.Random], None]


class Superuser:
    """Who may do everything with the database: no trigger stops them. The signing key lies elsewhere."""

    def __init__(self, url: str, size: int) -> None:
        self.size = size
        self._connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        for table in TABLES:
            self.run(f"ALTER TABLE audit_{table} DISABLE TRIGGER ALL")

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        done = self._connection.execute(statement.encode(), values or None)
        return done.fetchall() if done.description else []

    def close(self) -> None:
        self._connection.close()


class Ground:
    """One embedded server; `attacked` clones the honest log, lets an attack loose and verifies as an owner would."""

    def __init__(self, folder: Path, entries: int) -> None:
        load_models()
        self.postgres = EmbeddedPostgres(folder / "postgres", settings=_FAST)
        self.postgres.start()
        self.keys = audit.KeyStore(folder / "keys")
        self.entries = entries
        self._admin("CREATE DATABASE honest")
        migrate.upgrade(self._url("honest"))
        self._fill(Database(self._url("honest")))

    def end(self) -> None:
        self.postgres.stop()

    def verify_untouched(self) -> bool:
        database = Database(self._url("honest"))
        done = self._verify(database)
        database.dispose()
        return done.is_whole

    def attacked(self, attack: Attack, chance: random.Random) -> set[str]:
        """The kinds of finding that gave the attack away; empty when it was missed."""
        self._admin("DROP DATABASE IF EXISTS victim WITH (FORCE)")
        self._admin("CREATE DATABASE victim TEMPLATE honest STRATEGY FILE_COPY")
        superuser = Superuser(self._url("victim"), self.entries)
        attack(superuser, chance)
        superuser.close()
        database = Database(self._url("victim"))
        done = self._verify(database)
        database.dispose()
        return {finding.kind for finding in done.findings}

    def _verify(self, database: Database) -> audit.VerificationView:
        return audit.verify_log(
            database, actor=ACTOR, verifiers=self.keys.verifiers(), exported=[self.exported], connections=1
        )

    def _fill(self, database: Database) -> None:
        head, half = None, self.entries // 2
        for minute, count in enumerate((half, self.entries - half)):
            with database.unit_of_work(ACTOR) as uow:
                for number in range(count):
                    audit.record(
                        uow,
                        action="payments.payment.refunded",
                        subject_type="payment",
                        subject_id=f"p-{number}",
                        before={"amount_minor": number},
                        after={"amount_minor": number + 100},
                        reason="goodwill",
                    )
            with database.unit_of_work(ACTOR) as uow:
                audit.Sealer().step(uow)
            with database.unit_of_work(ACTOR) as uow:
                head = audit.sign_head(uow, keys=self.keys, now=dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minute))
        assert head is not None
        self.exported = head.note
        database.dispose()

    def _url(self, name: str) -> str:
        return self.postgres.url.replace("/kontor?", f"/{name}?")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())
