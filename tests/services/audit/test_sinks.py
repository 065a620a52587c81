"""Checkpoints leave the database: a folder and a webhook, tried again when they fail."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

from services import audit
from services.core.settings import AuditSettings, Settings
from tests.services.audit.conftest import SYSTEM, Log


def deliver(log: Log, sinks: list[audit.Sink], now: dt.datetime) -> dict[str, str | None]:
    with log.database.unit_of_work(SYSTEM) as uow:
        waiting = audit.pending(uow, sinks=sinks, now=now)
    problems = {}
    for delivery in waiting:
        problems[delivery.sink.name] = problem = audit.deliver(delivery)
        with log.database.unit_of_work(SYSTEM) as uow:
            audit.note_outcome(uow, delivery=delivery, error=problem, now=now)
    return problems


def test_a_folder_gets_every_checkpoint_and_a_broken_one_waits(log: Log, tmp_path: Path):
    settings = Settings(
        sandbox=False,
        data_dir=tmp_path,
        audit=AuditSettings(sink_folders=[tmp_path / "disk"], sink_webhooks=["https://127.0.0.1:1/secret"]),  # pyright: ignore[reportArgumentType]
    )
    sinks = audit.sinks_of(settings)
    assert [sink.kind for sink in sinks] == ["folder", "webhook"]
    assert "secret" not in sinks[1].name
    for count in (3, 2):
        log.write(count)
        log.seal()
        head = log.sign()
    assert head is not None
    now = dt.datetime.now(dt.UTC)
    problems = deliver(log, sinks, now)
    assert problems[sinks[0].name] is None
    assert "private network" in (problems["webhook 1"] or "")
    assert (tmp_path / "disk" / "latest.txt").read_text() == head.note
    (daily,) = (tmp_path / "disk").glob("checkpoints-*.ndjson")
    assert [json.loads(line)["size"] for line in daily.read_text().splitlines()] == [3, 5]
    assert deliver(log, sinks, now) == {}, "the folder has all, the webhook waits"
    again = [sinks[0], replace(sinks[1], allow_private=True)]
    assert list(deliver(log, again, now + dt.timedelta(seconds=6))) == ["webhook 1"]
    with log.database.unit_of_work(SYSTEM) as uow:
        told = {sink.kind: sink for sink in audit.status(uow).sinks}
    assert (told["folder"].delivered_size, told["folder"].failures) == (5, 0)
    assert (told["webhook"].delivered_size, told["webhook"].failures) == (None, 2)


def test_a_folder_that_cannot_be_written_is_said_so(log: Log, tmp_path: Path):
    log.write(1)
    log.seal()
    log.sign()
    (tmp_path / "file").write_text("")
    sink = audit.Sink("folder", "folder", str(tmp_path / "file" / "below"))
    problem = deliver(log, [sink], dt.datetime.now(dt.UTC))["folder"]
    assert problem is not None
    assert problem.startswith("The folder cannot be written")
