"""`kontor runs …` for people and for machines."""

import json
import sys
from collections.abc import Callable

import pytest

from console.cli import app
from console.commands import support
from services import runs
from services.core.actor import Actor
from services.core.db import Database
from tests.services.runs.kinds import PLAIN, Params

Kontor = Callable[..., int]
runs.declare(PLAIN)


@pytest.fixture
def kontor(database: Database, monkeypatch: pytest.MonkeyPatch) -> Kontor:
    """Runs `kontor runs …` in this process against the test's own database."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["kontor", "runs", *arguments])
        return support.run(app)

    return run


def test_a_run_is_started_steered_and_read(kontor: Kontor, capsys):
    assert kontor("start", "tests.plain", "--params", '{"number": 3}', "--json") == 0
    number = str(json.loads(capsys.readouterr().out)["number"])
    assert kontor("pause", number) == 0
    assert kontor("list", "--state", "paused", "--json") == 0
    assert "is paused" in (said := capsys.readouterr().out)
    assert '"tests.plain"' in said
    assert kontor("resume", number) == 0
    assert kontor("cancel", number, "--reason", "by mistake") == 0
    assert kontor("show", number, "--json") == 0
    detail = json.loads(capsys.readouterr().out.split("\n", 2)[2])
    assert (detail["run"]["state"], detail["params"]["number"]) == ("cancelled", 3)
    assert kontor("log", number) == 0
    assert kontor("retry", number) == 1
    assert "cannot be asked to try again" in capsys.readouterr().err


def test_what_cannot_be_started_is_said_in_one_line(kontor: Kontor, capsys):
    assert kontor("start", "tests.nothing") == 1
    assert kontor("start", "tests.plain", "--params", "{") == 1
    assert kontor("start", "tests.plain", "--params", '{"number": "x"}') == 1
    assert kontor("show", "seven") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 4


def test_a_schedule_is_edited_paused_and_previewed(kontor: Kontor, database: Database, capsys):
    with database.unit_of_work(Actor.system("test")) as uow:
        rule = runs.Rule("Europe/Berlin", cron="30 2 * * mon-fri")
        runs.install_schedule(uow, code="nightly", kind=PLAIN, params=Params(), rule=rule)
    assert kontor("schedules", "edit", "nightly", "--daily", "03:15", "--catch-up", "all") == 0
    assert "03:15:00 CE" in capsys.readouterr().out
    assert kontor("schedules", "--json") == 0
    (schedule,) = json.loads(capsys.readouterr().out)
    assert (schedule["rule"], schedule["daily_at"], len(schedule["coming"])) == ("daily", "03:15:00", 5)
    assert kontor("schedules", "show", "nightly") == 0
    assert len(capsys.readouterr().out.strip().splitlines()) == 6
    assert kontor("schedules", "edit", "nightly", "--cron", "0 9 * * 1-5") == 1
    assert "weekday" in capsys.readouterr().err
    assert kontor("schedules", "pause", "nightly") == 0
    assert kontor("schedules", "resume", "nightly") == 0
