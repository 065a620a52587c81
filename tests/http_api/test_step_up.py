"""Proving again who sits there: which steps ask, and what counts as an answer."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from starlette.testclient import TestClient

from console.http_api.app import api
from console.kit import session
from console.kit.session import COOKIE
from services.core.actor import Actor, ActorKind
from services.core.errors import Forbidden, StepUpRequired
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session
from tests.factories.identity import PASSWORD

_NOW = dt.datetime(2026, 3, 17, 9, tzinfo=dt.UTC)
_TEN = dt.timedelta(minutes=10)


@pytest.fixture
def client(web) -> TestClient:  # noqa: F811
    client = TestClient(api, base_url="http://localhost", follow_redirects=False)
    client.cookies.set(COOKIE, open_session(web, Role.FINANCE), domain="localhost.local")
    with web.database.unit_of_work(Actor.system("test")) as uow:
        uow.driver.execute("UPDATE user_session SET proved_at = now() - interval '11 minutes'")
    return client


def _actor(client: TestClient) -> Actor:
    person = session.look_up(client.cookies[COOKIE])
    assert person
    return person.actor


@pytest.mark.parametrize(("age", "fresh"), [(dt.timedelta(0), True), (_TEN, True), (_TEN * 1.01, False)])
def test_a_proof_lasts_ten_minutes(age, fresh):
    actor = Actor(ActorKind.USER, None, "Ada", proved_at=_NOW - age)
    if fresh:
        actor.require_fresh_proof(_NOW)
    else:
        with pytest.raises(StepUpRequired):
            actor.require_fresh_proof(_NOW)


def test_who_never_proved_anything_must_and_the_system_need_not():
    Actor.system("worker").require_fresh_proof(_NOW)
    with pytest.raises(StepUpRequired):
        Actor(ActorKind.USER, None, "Ada").require_fresh_proof(_NOW)


def test_no_proof_makes_up_for_a_key_or_an_impersonation():
    key = Actor(ActorKind.API_KEY, None, "key", proved_at=_NOW)
    other = Actor(ActorKind.USER, None, "Ada", proved_at=_NOW, impersonating=uuid.uuid4())
    for actor in (key, other):
        with pytest.raises(Forbidden) as refused:
            actor.require_fresh_proof(_NOW)
        assert not isinstance(refused.value, StepUpRequired)


def test_the_right_password_is_a_fresh_proof_and_the_session_stays(client, web):  # noqa: F811
    before = _actor(client)
    with pytest.raises(StepUpRequired):
        before.require_fresh_proof(web.database.clock.now())
    answer = client.post("/auth/step-up", data={"password": PASSWORD}, headers={"accept": "application/json"})
    assert answer.status_code == 204
    after = _actor(client)
    after.require_fresh_proof(web.database.clock.now())
    assert after.session_id == before.session_id


def test_without_the_script_the_form_leads_back(client):
    assert "Confirm that it is you" in client.get("/auth/step-up?next=/audit").text
    answer = client.post("/auth/step-up", data={"password": PASSWORD, "next": "/audit?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit?x=1")


def test_wrong_answers_are_counted_and_audited(client, web):  # noqa: F811
    headers = {"accept": "application/json"}
    answers = [client.post("/auth/step-up", data={"password": "wrong"}, headers=headers) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 25 <= int(answers[5].headers["retry-after"]) <= 30
    assert client.post("/auth/step-up", data={"password": PASSWORD}, headers=headers).status_code == 429
    with web.database.unit_of_work(Actor.system("test")) as uow:
        found = uow.driver.execute("SELECT count(*) FROM audit_entry WHERE action = 'identity.proof.refused'")
        assert found.fetchone()[0] == 5


def test_nobody_proves_without_a_session(web):  # noqa: F811
    client = TestClient(api, base_url="http://localhost")
    assert client.post("/auth/step-up", data={"password": PASSWORD}).status_code == 403


def test_the_configured_lifetimes_hold(web):  # noqa: F811
    open_session(web, Role.FINANCE)
    web.settings.web.session_idle_minutes, web.settings.web.session_absolute_hours = 7, 2
    client = TestClient(api, base_url="http://localhost", follow_redirects=False)
    client.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    with web.database.unit_of_work(Actor.system("test")) as uow:
        row = uow.driver.execute(
            "SELECT idle_seconds, date_trunc('minute', expires_at - created_at) FROM user_session "
            "ORDER BY created_at DESC LIMIT 1"
        ).fetchone()
    assert row[0] == 420
    assert abs(row[1] - dt.timedelta(hours=2)) < dt.timedelta(seconds=30)
