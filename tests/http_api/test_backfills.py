"""Backfills over HTTP: the whole way by keys with scopes, and what none of them may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.http_api.app import api
from console.kit.session import COOKIE
from services import backfills, identity
from services.core.permissions import Permission
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.factories.approvals import a_person, actor_of, agree
from tests.factories.backfills import ACTOR, Workshop, request_of
from tests.factories.identity import PASSWORD

_AT = "/api/backfills"
_DRAFTS = (Permission.BACKFILL_READ, Permission.BACKFILL_DRAFT, Permission.APPROVAL_READ)
_RUNS = (*_DRAFTS, Permission.BACKFILL_RUN)


@pytest.fixture
def workshop(web) -> Workshop:  # noqa: F811
    made = Workshop(web.database, 300)
    with web.database.unit_of_work(ACTOR) as uow:
        made.people["Builder"] = a_person(uow, "Builder", Role.DEV, Role.OPS)
    return made


def _program(workshop: Workshop, scopes: Sequence[Permission]) -> TestClient:
    with workshop.database.unit_of_work(ACTOR) as uow:
        actor = actor_of(uow, workshop.people["Builder"])
    with workshop.database.unit_of_work(actor) as uow:
        made = identity.create_api_key(uow, name="A program", scopes=scopes)
    return TestClient(api, base_url="http://localhost", headers={"authorization": f"Bearer {made.secret}"})


def _person(workshop: Workshop, name: str) -> TestClient:
    with workshop.database.unit_of_work(ACTOR) as uow:
        email = f"{name.lower()}@example.com"
        opened = identity.authenticate(uow, email=email, password=PASSWORD, address=None, user_agent=None)
    assert isinstance(opened, identity.SessionSecret)
    client = TestClient(api, base_url="http://localhost")
    client.cookies.set(COOKIE, opened.value, domain="localhost.local")
    return client


def _agreed(workshop: Workshop, client: TestClient) -> str:
    """Drafted, measured and asked for by the program; Ops and Finance agree."""
    made = client.post(_AT, json={"definition": "tests.plus_one", "params": {"least": 10}})
    assert (made.status_code, made.json()["backfill"]["state"]) == (201, "draft")
    at = f"{_AT}/BF-{made.json()['backfill']['number']:04d}"
    assert client.post(f"{at}/dry-run").status_code == 202
    workshop.work(backfills.DRY_RUN)
    asked = client.post(f"{at}/request")
    assert (asked.status_code, asked.json()["state"]) == (201, "pending")
    found = request_of(workshop, made.json()["backfill"]["id"], "backfills.run")
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, found))
    return at


def _state(client: TestClient, at: str) -> str:
    return client.get(at).json()["backfill"]["state"]


def test_from_the_draft_to_the_rejection_and_back(workshop: Workshop):
    client = _program(workshop, _RUNS)
    at = _agreed(workshop, client)
    assert client.put(f"{at}/plan", json={"not_before": "2099-01-01T00:00:00+01:00"}).json()["backfill"]["planned_for"]
    assert client.delete(f"{at}/plan").json()["backfill"]["planned_for"] is None
    begun = client.post(f"{at}/start").json()
    assert begun["backfill"]["state"] == "running", begun
    assert client.post(f"{at}/pause").json()["backfill"]["state"] == "paused"
    assert client.put(f"{at}/pace", json={"pace": "fast"}).json()["backfill"]["pace"] == "fast"
    assert client.post(f"{at}/resume").json()["backfill"]["state"] == "running"
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    assert client.post(f"{at}/verification").json()["backfill"]["state"] == "verifying"
    workshop.work(backfills.VERIFY)
    asked = request_of(workshop, client.get(at).json()["backfill"]["id"], "backfills.sign_off")
    word = {"digest": asked.digest, "decision": "reject", "reason": "does not add up"}
    assert client.post(f"{at}/signature", json=word).status_code == 403
    assert _person(workshop, "Finance").post(f"{at}/signature", json=word).json()["backfill"]["state"] == "rejected"
    workshop.sql("UPDATE coin SET amount_minor = 7 WHERE id = 20")
    assert client.post(f"{at}/rollback", json={"reason": "Finance said no"}).status_code == 202
    workshop.work(backfills.ROLL_BACK)
    (conflict,) = client.get(f"{at}/conflicts").json()["rows"]
    assert (conflict["key"], conflict["found"]) == ("20", {"amount_minor": 7})
    restoring = {"how": "restore", "reason": "the edit was a test"}
    assert client.post(f"{at}/conflicts/settlement", json=restoring).status_code == 403
    keeping = {"how": "keep", "reason": "the edit is right", "keys": ["20"]}
    assert client.post(f"{at}/conflicts/settlement", json=keeping).json() == {"settled": 1, "left": 0}
    assert _state(client, at) == "rolled_back"
    assert client.get(f"{at}/flag").json() is None


def test_what_changed_after_the_agreement_does_not_start(workshop: Workshop):
    client = _program(workshop, _RUNS)
    at = _agreed(workshop, client)
    workshop.sql("UPDATE backfill SET params = '{\"least\": 7}'")
    refusal = client.post(f"{at}/start")
    assert (refusal.status_code, refusal.json()["code"]) == (409, "backfill_plan_changed"), refusal.text
    assert "params" in refusal.json()["title"]
    assert _state(client, at) == "draft"
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0
    again = _agreed(workshop, client)
    assert client.put(f"{again}/params", json={"params": {"least": 8}}).json()["backfill"]["state"] == "draft"
    assert client.post(f"{again}/start").json()["code"] == "backfill_step_illegal"


@pytest.mark.parametrize(
    ("scopes", "deed", "body"),
    [
        ((Permission.BACKFILL_READ,), "dry-run", None),
        (_DRAFTS, "start", None),
        (_DRAFTS, "rollback", {"reason": "long enough to be taken"}),
        (_RUNS, "signature", {"digest": "0" * 64, "decision": "approve"}),
        (_RUNS, "rollback", {"reason": "long enough to be taken", "emergency": True}),
    ],
)
def test_a_key_does_what_its_scopes_name_and_nothing_else(
    workshop: Workshop, scopes: Sequence[Permission], deed: str, body: Any
):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    before = workshop.see(made).backfill
    answer = _program(workshop, scopes).post(f"{_AT}/{made}/{deed}", json=body)
    assert answer.status_code == 403
    assert workshop.see(made).backfill == before


def test_a_repeated_draft_is_one_draft(workshop: Workshop):
    client = _program(workshop, _DRAFTS)
    sent = {"definition": "tests.plus_one", "params": {}}
    first, second = (client.post(_AT, json=sent, headers={"idempotency-key": "monday"}) for _ in range(2))
    assert (first.status_code, second.json(), second.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert len(client.get(_AT).json()["backfills"]) == 1
    other = client.post(_AT, json=sent | {"params": {"least": 3}}, headers={"idempotency-key": "monday"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


def test_what_is_wrong_is_said(workshop: Workshop):
    client = _program(workshop, _RUNS)
    assert client.get(f"{_AT}/BF-0042").status_code == 404
    assert client.get(f"{_AT}/nonsense").status_code == 422
    wrong = client.post(_AT, json={"definition": "tests.plus_one", "params": {"least": "many"}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "backfill_definition_invalid")
    made = client.post(_AT, json={"definition": "tests.plus_one"}).json()["backfill"]["id"]
    assert client.post(f"{_AT}/{made}/start").status_code == 409
    assert client.post(f"{_AT}/{made}/discard", json={"reason": "not needed any more"}).status_code == 200
    assert TestClient(api, base_url="http://localhost").get(_AT).status_code == 403


def test_every_step_is_described(workshop: Workshop):
    described = _program(workshop, _DRAFTS).get(f"{_AT}/openapi.json").json()
    steps = [step for path in described["paths"].values() for step in path.values()]
    assert len(steps) >= 20
    assert all(step["description"] for step in steps)
    assert {kind for step in steps for kind in step["responses"]["422"]["content"]} == {"application/problem+json"}
    assert {"definition", "params"} == set(described["components"]["schemas"]["NewBackfill"]["properties"])
