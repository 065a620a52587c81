"""`kontor audit …` on a log that was sealed and signed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services import audit
from services.audit import standalone
from services.bootstrap import audit_keys
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import load_settings
from tests.conftest import owner_url
from tests.console.commands.conftest import Kontor

ACTOR = Actor.system("test")


@pytest.fixture
def entries(kontor: Kontor, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("KONTOR_DATA_DIR", str(tmp_path))
    with database.unit_of_work(ACTOR) as uow:
        ids = [
            audit.record(uow, action="payments.payment.seen", subject_type="payment", subject_id=str(n), reason="why")
            for n in range(9)
        ]
    with database.unit_of_work(ACTOR) as uow:
        audit.Sealer().step(uow)
        audit.sign_head(uow, keys=audit_keys(load_settings()))
    return [str(entry_id) for entry_id in ids]


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_verify_says_that_all_is_well_and_that_it_is_not(
    kontor: Kontor, database: Database, entries: list[str], tmp_path: Path, capsys
):
    assert kontor("audit", "verify", "--json") == 0
    said = told(capsys)
    assert (said["whole"], said["size"], said["problems"]) == (True, 9, 0)
    note = tmp_path / "seen.txt"
    note.write_text(audit_keys(load_settings()).last_note() or "")
    assert kontor("audit", "verify", "--since", str(note)) == 0
    with psycopg.connect(owner_url(database).replace("+psycopg", "")) as superuser:
        superuser.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        superuser.execute("DELETE FROM audit_entry WHERE subject_id = '4'")
    capsys.readouterr()
    assert kontor("audit", "verify", "--checkpoint", str(note), "--json") == 1
    assert {finding["kind"] for finding in told(capsys)["findings"]} == {"entry_missing", "root_differs"}
    assert kontor("audit", "status", "--json") == 0
    assert told(capsys)["verification"]["problems"] >= 2


def test_prove_export_and_erase(kontor: Kontor, entries: list[str], tmp_path: Path, capsys):
    assert kontor("audit", "prove", entries[3], "--json") == 0
    proof = told(capsys)
    assert (proof["id"], proof["size"]) == (entries[3], 9)
    assert kontor("audit", "export", str(tmp_path / "log.zip"), "--action", "payments", "--json") == 0
    assert told(capsys)["size"] == 9
    checked = standalone.check(tmp_path / "log.zip")
    assert (checked["holds"], checked["entries"]) == (True, 9)
    assert kontor("audit", "erase", "--entry", entries[0], "--reason", "asked", "--json") == 0
    assert told(capsys) == {"erased": 1}
    assert kontor("audit", "verify") == 0


def test_keys_are_listed_rotated_and_retired(kontor: Kontor, entries: list[str], capsys):
    assert kontor("audit", "keys", "rotate", "--overlap-days", "3", "--json") == 0
    made = told(capsys)
    assert kontor("audit", "keys", "list", "--json") == 0
    old, new = told(capsys)
    assert (old["state"], new["state"], new["id"]) == ("overlaps", "signs", made["id"])
    until = dt.datetime.fromisoformat(old["signs_until"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=2) < until < dt.timedelta(days=4)
    assert kontor("audit", "keys", "retire", old["id"]) == 0
    assert kontor("audit", "keys", "retire", new["id"]) == 1
    assert "No other key would sign" in capsys.readouterr().err
