"""A log of its own with keys, sealed and signed on demand."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from services import audit
from services.core.actor import Actor
from services.core.db import Database
from services.core.ids import new_id

SYSTEM = Actor.system("test")


@dataclass
class Log:
    """A database and the keys of its log."""

    database: Database
    keys: audit.KeyStore

    def write(self, count: int) -> list[uuid.UUID]:
        with self.database.unit_of_work(SYSTEM) as uow:
            return [
                audit.record(
                    uow,
                    action="payments.payment.refunded",
                    subject_type="payment",
                    subject_id=f'p-{number} "quoted" \\ ü',
                    entity_id=new_id() if number % 2 else None,
                    before={"amount_minor": number},
                    after={"amount_minor": number + 1, "note": f"goodwill {number}"},
                    reason="asked for" if number % 3 else None,
                )
                for number in range(count)
            ]

    def seal(self, *, batch: int = 20_000) -> int:
        sealer = audit.Sealer(batch=batch)
        while True:
            with self.database.unit_of_work(SYSTEM) as uow:
                done = sealer.step(uow)
            if not done.more:
                return done.size

    def sign(self, *, after: float = 60) -> audit.CheckpointView | None:
        with self.database.unit_of_work(SYSTEM) as uow:
            head = audit.latest_checkpoint(uow)
            now = (head.signed_at if head else dt.datetime.now(dt.UTC)) + dt.timedelta(seconds=after)
            return audit.sign_head(uow, keys=self.keys, now=now)

    def verify(self, **wanted) -> audit.VerificationView:
        return audit.verify_log(self.database, actor=SYSTEM, verifiers=self.keys.verifiers(), **wanted)


@pytest.fixture
def log(database: Database, tmp_path: Path) -> Log:
    return Log(database, audit.KeyStore(tmp_path / "keys"))
