import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.cli import app
from console.commands import support
from services import runs
from services.core import migrate
from services.core.db import Database
from tests.conftest import owner_url

Doctor = Callable[[], tuple[int, dict[str, dict[str, str]]]]


@pytest.fixture
def doctor(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> Doctor:
    """`kontor doctor --json` on the test's own database: its status, and its findings by name."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("KONTOR_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["kontor", "doctor", "--json"])

    def run() -> tuple[int, dict[str, Any]]:
        status = support.run(app)
        said = capsys.readouterr()
        assert said.out, said.err
        told = json.loads(said.out)
        assert told["healthy"] == (status == 0)
        return status, {finding["name"]: finding for finding in told["findings"]}

    return run


def test_a_missing_worker_is_wrong_and_a_present_one_right(doctor: Doctor, database: Database):
    status, findings = doctor()
    assert status == 1
    assert findings["database"]["verdict"] == findings["migrations"]["verdict"] == findings["time"]["verdict"] == "ok"
    assert findings["worker"]["verdict"] == "wrong"
    assert "kontor worker" in findings["worker"]["sentence"]
    sessions = [
        runs.ProcessSession(database, role=role, concurrency=1, channels=[])
        for role in (runs.WorkerRole.WORKER, runs.WorkerRole.CLOCK)
    ]
    status, findings = doctor()
    assert status == 0, findings
    for session in sessions:
        session.close()


def test_an_old_schema_is_named(doctor: Doctor, database: Database):
    database.dispose()
    migrate.downgrade(owner_url(database), "20261121_02_audit")
    status, findings = doctor()
    assert status == 1
    assert findings["migrations"]["sentence"].endswith("Run `kontor migrate`.")


def test_a_database_that_does_not_answer_is_said_without_its_password(doctor: Doctor, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://kontor:secret-word@127.0.0.1:1/kontor")
    status, findings = doctor()
    assert status == 1
    assert findings["database"]["verdict"] == "wrong"
    assert "secret-word" not in str(findings)


def test_nothing_installed_yet_says_what_to_start(doctor: Doctor, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    status, findings = doctor()
    assert status == 1
    assert findings["database"]["sentence"].endswith("Start it with `kontor up`.")


def test_secrets_that_others_can_read_are_wrong(doctor: Doctor, tmp_path: Path):
    secret = tmp_path / "postgres" / "password"
    secret.parent.mkdir()
    secret.write_text("x")
    secret.chmod(0o644)
    _, findings = doctor()
    assert findings["secrets"]["verdict"] == "wrong"
    secret.chmod(0o600)
    _, findings = doctor()
    assert findings["secrets"]["verdict"] == "ok"
