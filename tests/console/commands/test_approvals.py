"""`kontor approvals …`: the account of the machine may look, only a person with their password decides."""

from __future__ import annotations

import io
import json
import sys

import pytest

from services import approvals
from services.approvals import RequestState, RequestView
from services.core.actor import Actor
from services.core.db import Database
from services.identity import Role
from tests.console.commands.conftest import Kontor
from tests.factories.approvals import ONE, a_person, as_person, asked, declare_kinds
from tests.factories.identity import PASSWORD

declare_kinds()
_SYSTEM = Actor.system("test")


@pytest.fixture
def request_(database: Database) -> RequestView:
    with database.unit_of_work(_SYSTEM) as uow:
        asker = a_person(uow, "Finance A", Role.FINANCE)
        a_person(uow, "Finance B", Role.FINANCE)
        a_person(uow, "Ops A", Role.OPS)
        return asked(as_person(uow, asker))


def _state(database: Database) -> RequestState:
    with database.unit_of_work(_SYSTEM) as uow:
        found = approvals.request_for(uow, kind=ONE.name, subject_id="s-1")
    assert found is not None
    return found.state


def _decide(monkeypatch: pytest.MonkeyPatch, kontor: Kontor, *arguments: str, password: str = PASSWORD) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
    return kontor("approvals", *arguments, "--password-stdin")


def test_whoever_types_may_look(kontor: Kontor, request_: RequestView, capsys):
    assert kontor("approvals", "list", "--state", "pending", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["digest"] == request_.digest
    assert kontor("approvals", "show", f"A-{request_.number}") == 0
    assert "missing; may agree: Finance B" in capsys.readouterr().out


def test_a_person_with_their_password_agrees(kontor: Kontor, database: Database, request_: RequestView, monkeypatch):
    arguments = ("approve", f"A-{request_.number}", "--as", "finance.b@example.com")
    assert _decide(monkeypatch, kontor, *arguments, "--digest", "0" * 64) == 1
    assert _state(database) is RequestState.PENDING
    assert _decide(monkeypatch, kontor, *arguments, "--digest", request_.digest) == 0
    assert _state(database) is RequestState.APPROVED


@pytest.mark.parametrize(
    ("person", "password"),
    [
        ("finance.b@example.com", "not the password"),
        ("finance.a@example.com", PASSWORD),
        ("ops.a@example.com", PASSWORD),
        ("nobody@example.com", PASSWORD),
    ],
)
def test_nobody_else_does(kontor: Kontor, database: Database, request_: RequestView, monkeypatch, person, password):
    for deed in (("approve",), ("reject", "--reason", "not like this")):
        arguments = (deed[0], str(request_.id), *deed[1:], "--as", person)
        assert _decide(monkeypatch, kontor, *arguments, password=password) == 1
    assert _state(database) is RequestState.PENDING


def test_the_account_of_the_machine_decides_nothing(kontor: Kontor, database: Database, request_: RequestView):
    assert kontor("approvals", "approve", str(request_.id)) == 2
    assert _state(database) is RequestState.PENDING


def test_who_asked_withdraws(kontor: Kontor, database: Database, request_: RequestView, monkeypatch):
    assert _decide(monkeypatch, kontor, "withdraw", str(request_.id), "--as", "finance.b@example.com") == 1
    assert _decide(monkeypatch, kontor, "withdraw", str(request_.id), "--as", "finance.a@example.com") == 0
    assert _state(database) is RequestState.WITHDRAWN
