"""Entries of the books over HTTP: rights, idempotency, refusals."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.http_api.app import api
from console.kit.session import COOKIE
from services.core.actor import Actor
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session
from tests.factories.identity import an_entity

SYSTEM = Actor.system("test")

ENTRY = '{"entry_id": "L%d", "posted_at": "2026-03-16T10:00:00Z", "reference": "ch_%d", "type": "charge", '
ENTRY += '"amount": 0.105, "currency": "EUR"}'
GOOD = ENTRY.replace("0.105", '"19.99"')
PLACE = "/api/ledgers/mh-de/ledger/entries"


@pytest.fixture
def client(web) -> Any:  # noqa: F811
    with web.database.unit_of_work(SYSTEM) as uow:
        an_entity(uow)
    found = TestClient(api, base_url="http://localhost", follow_redirects=False)
    found.cookies.set(COOKIE, open_session(web, Role.FINANCE), domain="localhost.local")
    return found


def post(client: TestClient, body: str, key: str | None = None, **headers: str):
    given = {"content-type": "application/json", **headers} | ({"Idempotency-Key": key} if key else {})
    return client.post(PLACE, content=body, headers=given)


def test_a_delivery_is_taken_replayed_and_guarded(client, web):  # noqa: F811
    body = f'{{"entries": [{GOOD % (1, 1)}, {ENTRY % (2, 2)}], "first_day": "2026-03-16", "last_day": "2026-03-16"}}'
    first = post(client, body, "k-1")
    assert first.status_code == 201, first.text
    assert (first.json()["new"], first.json()["rejected"]) == (1, 1)
    assert first.json()["rejections"][0]["code"] == "amount_decimals", "a number is read digit by digit"
    again = post(client, body, "k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert post(client, body.replace("L1", "L9"), "k-1").status_code == 409
    assert post(client, body, "k-2").status_code == 200, "the same content under another key is known"
    lines = f"{GOOD % (1, 1)}\n\n{GOOD % (3, 3)}\n"
    more = post(client, lines, **{"content-type": "application/x-ndjson"})
    assert (more.json()["new"], more.json()["unchanged"]) == (1, 1)
    with web.database.unit_of_work(SYSTEM) as uow:
        assert uow.session.scalar(text("SELECT count(*) FROM ledger_entry")) == 2


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"entries": 1}', '{"entries": [1]}', "[" * 5000, '{"entries": [], "first_day": "x"}', "\x00"],
)
def test_a_body_that_is_no_delivery_is_refused(client, body: str):
    assert post(client, body).status_code == 422


def test_who_may_not_is_refused(client, web):  # noqa: F811
    body = json.dumps({"entries": []})
    assert client.post("/api/ledgers/nowhere/ledger/entries", content=body).status_code == 404
    client.cookies.clear()
    assert post(client, body).status_code == 403
    client.cookies.set(COOKIE, open_session(web, Role.AUDITOR, email="eve@example.com"), domain="localhost.local")
    assert post(client, body).status_code == 403
