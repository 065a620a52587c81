"""On the sandbox two sinks are at work without a setting: the folder, and a receiver that never steps back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import audit
from services.core.settings import AuditSettings, Settings
from services.integrations import http_client
from services.sandbox.witness import Witness
from tests.fakes.serving import served
from tests.services.audit.conftest import SYSTEM, Log


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose sandbox receives checkpoints, over real HTTP."""
    with served(Witness(tmp_path).routes()) as (base, _):
        (tmp_path / "sandbox").mkdir()
        told = {"checkpoints": f"{base}/sandbox/checkpoints"}
        (tmp_path / "sandbox" / "connection.json").write_text(json.dumps(told))
        yield tmp_path


def _tell(log: Log, settings: Settings) -> audit.AuditStatus:
    now = dt.datetime.now(dt.UTC)
    with log.database.unit_of_work(SYSTEM) as uow:
        waiting = audit.pending(uow, sinks=audit.sinks_of(settings), now=now)
    for delivery in waiting:
        problem = audit.deliver(delivery)
        with log.database.unit_of_work(SYSTEM) as uow:
            audit.note_outcome(uow, delivery=delivery, error=problem, now=now)
    with log.database.unit_of_work(SYSTEM) as uow:
        return audit.status(uow)


def test_two_sinks_are_at_work_out_of_the_box(log: Log, data_dir: Path):
    log.write(3)
    log.seal()
    head = log.sign()
    now = _tell(log, Settings(sandbox=True, data_dir=data_dir))
    assert [(sink.kind, sink.delivered_size) for sink in now.sinks] == [("folder", 3), ("webhook", 3)]
    assert not now.lacks_sinks
    assert now.failing == ()
    assert head is not None
    assert Witness(data_dir).latest() == head.note


def test_one_sink_alone_is_a_warning_and_a_removed_one_is_forgotten(log: Log, data_dir: Path):
    log.write(1)
    log.seal()
    log.sign()
    _tell(log, Settings(sandbox=True, data_dir=data_dir))
    now = _tell(log, Settings(sandbox=False, data_dir=data_dir))
    assert [sink.kind for sink in now.sinks] == ["folder"]
    assert now.lacks_sinks


def test_a_real_installation_names_its_own(data_dir: Path):
    hooks = AuditSettings(sink_webhooks=["https://witness.example/kontor"])  # pyright: ignore[reportArgumentType]
    sinks = audit.sinks_of(Settings(sandbox=True, data_dir=data_dir, audit=hooks))
    assert [sink.name for sink in sinks if sink.kind == "webhook"] == ["webhook 1"]


def test_the_receiver_takes_no_step_back_and_no_rubbish(log: Log, data_dir: Path):
    address = json.loads((data_dir / "sandbox" / "connection.json").read_text())["checkpoints"]
    notes = []
    for count in (3, 2):
        log.write(count)
        log.seal()
        head = log.sign()
        assert head is not None
        notes.append(head.note)

    def post(content: str) -> int:
        return http_client.post(address, content=content.encode(), headers={}, allow_private=True).status

    assert [post(note) for note in (notes[1], notes[0], "rubbish", notes[1])] == [200, 409, 400, 200]
    assert Witness(data_dir).latest() == notes[1]
