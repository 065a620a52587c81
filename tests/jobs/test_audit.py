"""The standing work of the log, and the verification of the night."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import audit as loops
from services import audit
from services.bootstrap import Application, audit_keys
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway

ACTOR = Actor.system("test")


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Application:
    settings = Settings(sandbox=False, data_dir=tmp_path)
    return Application(settings, database, StripeGateway.of(settings))


def test_what_is_written_is_sealed_signed_indexed_and_taken_outside(app: Application, tmp_path: Path):
    with app.database.unit_of_work(ACTOR) as uow:
        entry_id = audit.record(uow, action="a.b.done", subject_type="x", subject_id="1")
    assert loops.seal(app) is False
    loops.checkpoint(app)
    with app.database.unit_of_work(ACTOR) as uow:
        assert audit.prove(uow, entry_id=entry_id).leaf == 0
        now = audit.status(uow)
    assert (now.unsealed, now.checkpoint and now.checkpoint.size) == (0, 1)
    assert now.sinks[0].delivered_size == 1
    assert (tmp_path / "audit" / "checkpoints" / "latest.txt").read_text() == audit_keys(app.settings).last_note()


def test_a_refusal_to_sign_is_kept_once_and_shown(app: Application):
    loops.seal(app)
    loops.checkpoint(app)
    keys = audit_keys(app.settings)
    keys.remember("not a note")
    with app.database.unit_of_work(ACTOR) as uow:
        head = audit.latest_checkpoint(uow)
        assert head is not None
    for _ in range(2):
        with pytest.raises(audit.LogRewritten), app.database.unit_of_work(ACTOR) as uow:
            audit.sign_head(uow, keys=keys, now=head.signed_at.replace(year=head.signed_at.year + 1))
        with app.database.unit_of_work(ACTOR) as uow:
            audit.note_refusal(uow, error=audit.LogRewritten("The log was cut."))
    with app.database.unit_of_work(ACTOR) as uow:
        last = audit.status(uow).verification
    assert last is not None
    assert (last.problems, last.findings[0].kind) == (1, "signing_refused")
