"""`kontor backfills …`: each step with its JSON and its exit status, here and in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from services import backfills
from services.core.db import Database
from tests.console.commands.conftest import Kontor
from tests.factories.approvals import agree
from tests.factories.backfills import Workshop, reject, request_of
from tests.services.backfills.test_catalogue import merchant  # noqa: F401


@pytest.fixture
def workshop(database: Database) -> Workshop:
    return Workshop(database, 300)


class Line:
    """The command line, with what it answers as JSON."""

    def __init__(self, kontor: Kontor, capsys: pytest.CaptureFixture[str]) -> None:
        self.kontor, self.capsys = kontor, capsys

    def __call__(self, *arguments: str) -> Any:
        status = self.kontor("backfills", *arguments, "--json")
        said = self.capsys.readouterr()
        assert status == 0, said.err
        return json.loads(said.out)

    def refused(self, *arguments: str) -> str:
        status = self.kontor("backfills", *arguments, "--json")
        said = self.capsys.readouterr()
        assert (status, said.out) == (1, "")
        return said.err


@pytest.fixture
def line(kontor: Kontor, capsys: pytest.CaptureFixture[str]) -> Line:
    return Line(kontor, capsys)


def _agreed(workshop: Workshop, line: Line) -> str:
    made = line("draft", "tests.plus_one", "--params", '{"least": 1}')["backfill"]
    name = f"BF-{made['number']:04d}"
    assert line("change", name, "--params", '{"least": 10}')["backfill"]["params"] == {"least": 10}
    assert line("dry-run", name)["backfill"]["state"] == "dry_running"
    workshop.work(backfills.DRY_RUN)
    assert line("request", name)["backfill"]["state"] == "awaiting_approval"
    asked = request_of(workshop, made["id"], "backfills.run")
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, asked))
    return name


def test_from_the_draft_to_the_settled_conflict(workshop: Workshop, line: Line):
    name = _agreed(workshop, line)
    assert line("plan", name, "--not-before", "2099-01-01T00:00+01:00")["backfill"]["planned_for"]
    assert line("unplan", name)["backfill"]["planned_for"] is None
    assert line("start", name)["backfill"]["state"] == "running"
    assert line("pause", name, "--reason", "lunch is ready")["backfill"]["state"] == "paused"
    assert line("pace", name, "fast")["backfill"]["pace"] == "fast"
    assert line("follow", name, "--no-windows")["backfill"]["follow_windows"] is False
    assert line("resume", name)["backfill"]["state"] == "running"
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    assert line("verify", name)["backfill"]["state"] == "verifying"
    workshop.work(backfills.VERIFY)
    seen = line("status", name)
    assert (seen["backfill"]["state"], seen["progress"]["changed"]) == ("awaiting_finance_signoff", 292)
    assert "Finance has not decided" in line.refused("rollback", name, "--reason", "it looks wrong")
    asked = request_of(workshop, seen["backfill"]["id"], "backfills.sign_off")
    workshop.call("Finance", lambda uow: reject(uow, asked))
    workshop.sql("UPDATE coin SET amount_minor = 7 WHERE id = 20")
    assert line("rollback", name, "--reason", "Finance said no")["backfill"]["state"] == "rolling_back"
    workshop.work(backfills.ROLL_BACK)
    assert [one["key"] for one in line("conflicts", name)["rows"]] == ["20"]
    done = line("settle", name, "keep", "--reason", "the edit is right", "--key", "20")
    assert done == {"settled": 1, "left": 0}
    assert line("flag", name) is None
    assert [one["state"] for one in line("list")["backfills"]] == ["rolled_back"]


def test_a_changed_parameter_refuses_the_start(workshop: Workshop, line: Line):
    name = _agreed(workshop, line)
    workshop.sql("UPDATE backfill SET params = '{\"least\": 7}'")
    said = line.refused("start", name)
    assert "It did not start and is a draft again. Not what was agreed to any more: params." in said
    assert line("status", name)["backfill"]["state"] == "draft"
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0
    assert "cannot become running" in line.refused("start", name)
    assert line("cancel", name, "--reason", "not needed any more")["backfill"]["state"] == "discarded"


def test_a_deviation_is_explained_and_signed_and_taken_back_in_an_emergency(workshop: Workshop, line: Line):
    made = workshop.agreed("tests.broken")
    name = f"BF-{workshop.see(made).backfill.number:04d}"
    line("start", name)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    line.kontor("backfills", "status", name)
    assert 'none_left, expected 0, found 300\n  1  {"amount_minor": 102}' in line.capsys.readouterr().out
    assert "does not deviate" in line.refused("explain", name, "coins", "--text", "they are all here")
    told = line("explain", name, "none_left", "--text", "the coins stay on purpose")["backfill"]
    (red,) = [one for one in told["verification"]["results"] if not one["held"]]
    assert red["explained"]["text"] == "the coins stay on purpose"
    asked = request_of(workshop, made, "backfills.sign_off")
    workshop.call("Finance", lambda uow: agree(uow, asked))
    assert line("status", name)["backfill"]["state"] == "signed_off"
    begun = line("rollback", name, "--reason", "customers see it", "--emergency")["backfill"]
    assert (begun["state"], begun["undo_request_id"]) == ("rolling_back", None)
    assert begun["emergency_by_name"].startswith("command line")
    workshop.work(backfills.ROLL_BACK)
    assert line("status", name)["backfill"]["state"] == "rolled_back"
    assert workshop.sql("SELECT count(*) FROM notification WHERE purpose = 'backfills.emergency'")[0][0] > 0


@pytest.mark.usefixtures("merchant")
def test_in_a_process_of_its_own(workshop: Workshop):
    made = workshop.agreed("payments.net_minor")
    name = f"BF-{workshop.see(made).backfill.number:04d}"
    workshop.sql('UPDATE backfill SET params = \'{"since": "2026-03-01"}\'')
    refusal = _process(workshop, "start", name)
    assert (refusal.returncode, refusal.stdout) == (1, "")
    assert "Not what was agreed to any more: params." in refusal.stderr
    seen = _process(workshop, "status", name)
    assert (seen.returncode, json.loads(seen.stdout)["backfill"]["state"]) == (0, "draft")
    assert _process(workshop, "pace", name, "at once").returncode == 2


def _process(workshop: Workshop, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console.cli", "backfills", *arguments, "--json"],
        env=os.environ | {"DATABASE_URL": workshop.database.url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
