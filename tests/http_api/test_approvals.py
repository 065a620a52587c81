"""Requests over HTTP: read, vote, withdraw, under the same rules as on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.http_api.app import api
from console.kit.session import COOKIE
from services import identity
from services.approvals import RequestView
from services.core.actor import Actor
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.factories.approvals import a_person, as_person, asked, declare_kinds
from tests.factories.identity import PASSWORD

declare_kinds()
_SYSTEM = Actor.system("test")
Asked = tuple[RequestView, dict[str, TestClient]]


@pytest.fixture
def world(web) -> Asked:  # noqa: F811
    """A request of Finance A, and a client signed in as each person."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        asker = a_person(uow, "Finance A", Role.FINANCE)
        a_person(uow, "Finance B", Role.FINANCE)
        a_person(uow, "Ops A", Role.OPS)
        request = asked(as_person(uow, asker))
    return request, {name: _client(web, name) for name in ("Finance A", "Finance B", "Ops A")}


def _client(web, name: str) -> TestClient:  # noqa: F811
    email = f"{name.replace(' ', '.').lower()}@example.com"
    with web.database.unit_of_work(_SYSTEM) as uow:
        opened = identity.authenticate(uow, email=email, password=PASSWORD, address=None, user_agent=None)
    assert isinstance(opened, identity.SessionSecret)
    client = TestClient(api, base_url="http://localhost")
    client.cookies.set(COOKIE, opened.value, domain="localhost.local")
    return client


def _vote(client: TestClient, request: RequestView, **changes: Any) -> Any:
    body = {"digest": request.digest, "decision": "approve"} | changes
    return client.post(f"/api/approvals/{request.id}/votes", json=body)


def test_nobody_reads_without_a_session(web):  # noqa: F811
    client = TestClient(api, base_url="http://localhost")
    assert client.get("/api/approvals").status_code == 403


def test_a_second_person_sees_and_agrees(world: Asked):
    request, clients = world
    listed = clients["Finance B"].get("/api/approvals?box=waiting").json()["requests"]
    assert [item["number"] for item in listed] == [request.number]
    shown = clients["Finance B"].get(f"/api/approvals/{request.id}").json()
    assert (shown["obstacle"], shown["request"]["digest"]) == (None, request.digest)
    answer = _vote(clients["Finance B"], request)
    assert (answer.status_code, answer.json()["state"]) == (201, "approved")
    assert _vote(clients["Finance B"], request).status_code == 409


@pytest.mark.parametrize(
    ("name", "changes", "status", "code"),
    [
        ("Finance A", {}, 403, "approval_own_request"),
        ("Ops A", {}, 403, "approval_not_in_team"),
        ("Finance B", {"digest": "0" * 64}, 409, "approval_stale"),
        ("Finance B", {"decision": "reject"}, 422, "approval_reason"),
        ("Finance B", {"decision": "consume"}, 422, "invalid"),
    ],
)
def test_what_is_refused_changes_nothing(world: Asked, name: str, changes: dict[str, str], status: int, code: str):
    request, clients = world
    answer = _vote(clients[name], request, **changes)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    shown = clients["Finance B"].get(f"/api/approvals/{request.id}").json()
    assert (shown["request"]["state"], shown["request"]["votes"]) == ("pending", 0)


def test_what_cannot_be_read_is_a_problem_that_says_what_to_write(world: Asked):
    request, clients = world
    answer = _vote(clients["Finance B"], request, decision="consume")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "“consume” is none of the choices; choose one of them.",
        "status": 422,
        "code": "invalid",
        "field": "decision",
    }
    empty = clients["Finance B"].post(f"/api/approvals/{request.id}/votes", json={})
    assert empty.json()["title"] == "“digest” is missing; fill it in."
    assert clients["Finance B"].get("/api/approvals/abc").json()["title"].startswith("“abc” names no record")


def test_only_who_asked_withdraws(world: Asked):
    request, clients = world
    address = f"/api/approvals/{request.id}/withdrawal"
    assert clients["Finance B"].post(address, json={}).status_code == 403
    assert clients["Finance A"].post(address, json={"reason": "a mistake"}).json()["state"] == "withdrawn"


def test_a_filter_that_is_none_is_refused(world: Asked):
    assert world[1]["Ops A"].get("/api/approvals?state=maybe").status_code == 422


def test_the_list_can_be_taken_away_as_a_file(world: Asked):
    request, clients = world
    text = clients["Ops A"].get("/export/approvals.csv?box=all").text
    assert request.digest in text
