import io
import json
import sys
from pathlib import Path

import pytest

from services import identity
from services.core import migrate
from services.core.actor import Actor
from services.core.db import Database
from services.identity import Grant, Role
from tests.conftest import owner_url
from tests.console.commands.conftest import Kontor
from tests.factories.identity import an_entity


def test_a_person_is_created_listed_and_deactivated(kontor: Kontor, database: Database, capsys):
    with database.unit_of_work(Actor.system("test")) as uow:
        german = an_entity(uow)
    assert kontor("user", "create", "Ada@Example.com", "--admin", "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert kontor("user", "create", "kim@example.com", "--role", "finance", "--entity", "mh-de") == 0
    capsys.readouterr()
    assert kontor("user", "list", "--json") == 0
    people = {p["email"]: p for p in json.loads(capsys.readouterr().out)}
    assert people["kim@example.com"]["grants"] == [{"role": "finance", "entity_id": str(german)}]
    with database.unit_of_work(Actor.system("test")) as uow:
        secret = identity.authenticate(
            uow, email="ada@example.com", password=made["password"], address=None, user_agent=None
        )
        assert isinstance(secret, identity.SessionSecret)
        assert identity.user_by_email(uow, email="ada@example.com").grants == (Grant(Role.ADMIN),)
    assert kontor("user", "deactivate", "kim@example.com") == 0
    assert kontor("user", "list") == 0
    assert "finance (mh-de)  deactivated" in capsys.readouterr().out


def test_a_password_may_come_from_standard_input(kontor: Kontor, database: Database, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("four words in line\n"))
    assert kontor("user", "create", "ada@example.com", "--admin", "--password", "-") == 0
    assert "four words" not in capsys.readouterr().out
    assert kontor("user", "password", "ada@example.com", "--password", "short") == 1
    assert "12 to 128 characters" in capsys.readouterr().err


def test_a_refusal_is_one_line_and_status_1(kontor: Kontor, capsys):
    for arguments in (
        ("user", "create", "ada@example.com"),
        ("user", "create", "ada@example.com", "--role", "ops", "--entity", "nowhere"),
        ("user", "password", "nobody@example.com"),
    ):
        assert kontor(*arguments) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("kontor: ")
        assert said.err.count("\n") == 1


def test_real_money_is_not_served_to_other_machines_in_the_clear(kontor: Kontor, monkeypatch, capsys):
    monkeypatch.setenv("KONTOR_SANDBOX", "false")
    monkeypatch.setenv("KONTOR_WEB__HOST", "0.0.0.0")
    assert kontor("user", "list") == 1
    assert "KONTOR_WEB__PUBLIC_URL: has to be the https address" in capsys.readouterr().err
    monkeypatch.setenv("KONTOR_WEB__PUBLIC_URL", "https://console.example")
    assert kontor("user", "list") == 0


def test_wrong_usage_is_status_2_and_help_has_examples(kontor: Kontor, capsys):
    assert kontor("user", "creat") == 2
    assert kontor("user", "create", "a@example.com", "--role", "king") == 2
    capsys.readouterr()
    assert kontor("user", "create", "--help") == 0
    assert "\n    kontor user create ada@example.com --admin\n" in capsys.readouterr().out


def test_a_database_that_does_not_answer_is_said_so(kontor: Kontor, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgresql://kontor:secret-word@127.0.0.1:1/kontor")
    assert kontor("user", "list") == 1
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "secret-word" not in said


def test_a_wrong_setting_is_named(kontor: Kontor, monkeypatch, capsys):
    monkeypatch.setenv("KONTOR_PORT", "eight")
    assert kontor("user", "list") == 1
    assert "KONTOR_PORT" in capsys.readouterr().err


def test_an_older_schema_asks_for_migrate_and_migrate_brings_it_up(
    kontor: Kontor, database: Database, monkeypatch, capsys
):
    database.dispose()
    migrate.downgrade(owner_url(database), "20261121_02_audit")
    assert kontor("user", "list") == 1
    assert "kontor migrate" in capsys.readouterr().err
    monkeypatch.setenv("DATABASE_OWNER_URL", owner_url(database))
    assert kontor("migrate", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "before": "20261121_02_audit",
        "after": migrate.head_revision(),
    }
    assert kontor("user", "list") == 0


def test_what_nobody_foresaw_gets_an_incident_and_no_traceback_on_the_terminal_line(
    kontor: Kontor, database: Database, monkeypatch, capsys
):
    monkeypatch.setattr(identity, "users", lambda _: 1 / 0)
    assert kontor("user", "list") == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("kontor: Something went wrong that should not. Incident ")


def test_no_process_starts_where_a_real_account_would_meet_invented_data(
    kontor: Kontor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/demo_users.json").write_text("[]")
    monkeypatch.setenv("KONTOR_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KONTOR_SANDBOX", "false")
    for process in ("web", "worker", "clock", "up"):
        assert kontor(process) == 1, process
        assert "Give the real account a folder of its own" in capsys.readouterr().err
