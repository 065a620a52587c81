"""The way in over HTTP: two halves, links, renewed ids, keys, impersonation, and how often anybody may ask."""

from __future__ import annotations

import re

import pytest
from limits import parse
from pyotp.totp import TOTP
from starlette.testclient import TestClient

from console.http_api.access import PUBLIC_ROUTES
from console.http_api.app import api
from console.kit import application, session
from console.kit.gate import Gate
from console.kit.rates import public_rule, signed_in_rule
from console.kit.session import COOKIE
from services import identity
from services.core.actor import Actor
from services.core.permissions import Permission
from services.core.rate_limits import RateLimits
from services.identity import Role
from tests.console import doors
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session
from tests.factories.codes import code_before, shown_code
from tests.factories.identity import PASSWORD, a_user
from tests.factories.letters import link_of_last_letter

_SYSTEM = Actor.system("test")
_WRITE = {"origin": "http://localhost"}
_PAGE = {"accept": "text/html"}


@pytest.fixture
def client(web) -> TestClient:  # noqa: F811
    return TestClient(Gate(api), base_url="http://localhost", follow_redirects=False, headers=_WRITE)


def _sign_in(client: TestClient, email: str = "ada@example.com", target: str = "/audit"):
    return client.post("/auth/sign-in", data={"email": email, "password": PASSWORD, "next": target})


def test_whoever_has_to_enrols_keeps_the_codes_and_comes_in_under_a_new_id(client, web):  # noqa: F811
    web.settings.sandbox = False
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.ADMIN)
    answer = _sign_in(client)
    assert answer.headers["location"] == "/auth/enrol?next=%2Faudit"
    half = client.cookies[COOKIE]
    assert client.get("/audit", headers=_PAGE).status_code == 303, "half a sign-in opens no page"
    assert client.get("/auth/sign-in?next=/audit").headers["location"] == "/auth/enrol?next=%2Faudit"
    assert "authenticator app" in client.get("/auth/enrol?next=/audit").text
    seed = re.search(r'id="seed">([A-Z2-7 ]+)<', client.post("/auth/enrol/app", data={"next": "/audit"}).text)
    assert seed
    totp = TOTP(seed[1].replace(" ", ""))
    codes = client.post("/auth/enrol/app/confirm", data={"code": code_before(totp), "next": "/audit"}).text
    assert len(re.findall(r"<code>[a-z2-7]{5}(?:-[a-z2-7]{5}){5}</code>", codes)) == 10
    done = client.post("/auth/enrol/done", data={"next": "/audit"})
    assert done.headers["location"] == "/audit"
    assert client.cookies[COOKIE] != half
    client.cookies.clear()
    assert _sign_in(client).headers["location"] == "/auth/factor?next=%2Faudit"
    assert client.post("/auth/factor", data={"code": "000000", "next": "/audit"}).status_code == 401
    come_in = client.post("/auth/factor", data={"code": shown_code(totp), "next": "/audit"})
    assert come_in.headers["location"] == "/audit"
    assert session.look_up(client.cookies[COOKIE])


def test_without_a_half_sign_in_the_factor_page_leads_back(client):
    for path in ("/auth/factor", "/auth/enrol"):
        assert client.get(path).headers["location"].startswith("/auth/sign-in")
    assert client.post("/auth/factor", data={"code": "1"}).headers["location"].startswith("/auth/sign-in")
    assert client.post("/auth/factor/passkey").status_code == 403
    assert client.post("/auth/enrol/passkey").status_code == 403


def test_who_forgot_the_password_is_answered_alike_known_or_not(client, web):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.DEV)
    known = client.post("/auth/forgotten", data={"email": "ada@example.com"})
    unknown = client.post("/auth/forgotten", data={"email": "nobody@example.com"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    with web.database.unit_of_work(_SYSTEM) as uow:
        assert uow.driver.execute("SELECT secret, content FROM notification").fetchall() == [(True, None)]
        link = link_of_last_letter(uow)
    address, _, secret = link.partition("#")
    assert address == "/auth/password"
    assert "/link.js" in client.get(address).text
    shown = client.post(address, data={"secret": secret})
    assert "Choose a new password" in shown.text
    assert secret in shown.text
    weak = client.post(address, data={"secret": secret, "password": "passwordpassword"})
    assert "easily guessed" in weak.text
    set_now = client.post(address, data={"secret": secret, "password": "violet kettle under seven bridges"})
    assert set_now.status_code == 303
    assert client.post(address, data={"secret": secret}).status_code == 410
    late = {"secret": secret, "password": "violet kettle under nine bridges"}
    assert client.post(address, data=late).status_code == 410
    assert client.post(address, data={}).status_code == 410


def test_a_letter_a_minute_is_enough(client, web):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.DEV)
    answers = {client.post("/auth/forgotten", data={"email": "ada@example.com"}).text for _ in range(8)}
    assert len(answers) == 1
    with web.database.unit_of_work(_SYSTEM) as uow:
        assert uow.driver.execute("SELECT count(*) FROM notification").fetchone()[0] == 5


def test_after_a_change_of_rights_the_next_page_comes_under_a_new_id(client, web):  # noqa: F811
    old = open_session(web, Role.DEV)
    client.cookies.set(COOKIE, old, domain="localhost.local")
    with web.database.unit_of_work(_SYSTEM) as uow:
        identity.grant_role(uow, user_id=identity.user_by_email(uow, email="ada@example.com").id, role=Role.OPS)
    away = client.get("/runs", headers=_PAGE)
    assert away.headers["location"] == "/auth/sign-in?next=%2Fruns"
    back = client.get(away.headers["location"])
    assert back.headers["location"] == "/runs"
    fresh = back.headers["set-cookie"].partition(";")[0].partition("=")[2]
    person = session.look_up(fresh)
    assert person
    assert person.actor.may(Permission.SCHEDULE_EDIT)
    assert session.look_up(old) is None


def test_a_key_opens_what_it_is_for_and_nothing_else(client, web):  # noqa: F811
    open_session(web, Role.ADMIN)
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = identity.authenticate(uow, email="ada@example.com", password=PASSWORD, address=None, user_agent=None)
        assert isinstance(found, identity.SessionSecret)
    person = session.look_up(found.value)
    assert person
    with web.database.unit_of_work(person.actor) as uow:
        made = identity.create_api_key(uow, name="ERP", scopes=[Permission.AUDIT_READ, Permission.SELF])
    bearer = {"authorization": f"Bearer {made.secret}"}
    assert client.get("/export/audit.csv", headers=bearer).status_code == 200
    assert client.get("/export/runs.csv", headers=bearer).status_code == 403
    assert client.get("/export/audit.csv", headers={"authorization": "Bearer kontor_wrong"}).status_code == 401
    assert client.get("/export/audit.csv").status_code == 401
    assert client.post("/auth/step-up", data={"password": PASSWORD}, headers=bearer).status_code == 403


def test_impersonation_begins_with_a_reason_and_ends_under_a_new_id(client, web):  # noqa: F811
    secret = open_session(web, Role.ADMIN)
    with web.database.unit_of_work(_SYSTEM) as uow:
        target = a_user(uow, Role.FINANCE, email="fin@example.com")
    client.cookies.set(COOKIE, secret, domain="localhost.local")
    form = {"user_id": str(target), "reason": "She sees no breaks since Monday"}
    assert "A reason of 8" in client.post("/auth/impersonation", data={**form, "reason": "x"}).text
    begun = client.post("/auth/impersonation", data=form)
    there = begun.headers["set-cookie"].partition(";")[0].partition("=")[2]
    person = session.look_up(there)
    assert person
    assert person.actor.impersonating == target
    assert session.look_up(secret) is None
    client.cookies.clear()
    client.cookies.set(COOKIE, there, domain="localhost.local")
    assert client.post("/auth/impersonation/end").headers["location"] == "/access"
    assert session.look_up(there) is None


def test_alive_says_yes_or_no(client, web):  # noqa: F811
    assert client.get("/auth/alive").status_code == 401
    client.cookies.set(COOKIE, open_session(web, Role.DEV), domain="localhost.local")
    assert client.get("/auth/alive").status_code == 204


def _addresses() -> dict[str, set[str]]:
    """Every route with its methods, as the code has them."""
    found: dict[str, set[str]] = {}
    for door in doors.routes():
        method, route = door.target
        found.setdefault(re.sub(r"\{\w+\}", "x", route.path), set()).add(method)
    return found


@pytest.mark.parametrize("route", sorted(PUBLIC_ROUTES))
def test_every_public_route_has_a_limit(route: str):
    path = re.sub(r"\{\w+\}", "x", route)
    assert public_rule(path, "GET")
    assert public_rule(path, "POST")


def test_every_other_route_has_a_limit_for_who_is_signed_in():
    without = [
        path
        for path, methods in _addresses().items()
        if not public_rule(path, "GET") and not all(signed_in_rule(path, method) for method in methods)
    ]
    assert without == []


@pytest.mark.parametrize("route", sorted(PUBLIC_ROUTES))
def test_every_public_route_says_how_long_to_wait(client, route: str):
    """Asked until it refuses: by the method it has, at its own limit."""
    path = re.sub(r"\{\w+\}", "x", route)
    method = sorted(_addresses()[path])[0]
    rule = public_rule(path, method)
    assert rule
    name, limit = rule
    limits, item = application.current().rate_limits, parse(limit)
    counter = limits._own if path in ("/healthz", "/readyz") else limits._shared
    counter.hit(item, name, "testclient", cost=item.amount)
    answer = client.request(method, path)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_exports_end_at_sixty_a_minute_for_each_person(client, web):  # noqa: F811
    client.cookies.set(COOKIE, open_session(web, Role.AUDITOR), domain="localhost.local")
    statuses = [client.get("/export/unknown.csv").status_code for _ in range(61)]
    assert statuses == [404] * 60 + [429]
    assert int(client.get("/export/unknown.csv").headers["retry-after"]) >= 1
    other = open_session(web, Role.AUDITOR, email="bob@example.com")
    client.cookies.clear()
    client.cookies.set(COOKIE, other, domain="localhost.local")
    assert client.get("/export/unknown.csv").status_code == 404


def test_beyond_the_limit_one_is_told_how_long_to_wait(client):
    answers = [client.post("/auth/forgotten", data={"email": "x@example.com"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


def test_several_processes_count_together(web):  # noqa: F811
    one, other = RateLimits(web.database), RateLimits(web.database)
    waits = [limits.wait("5/minute", "somebody") for limits in (one, other) * 3]
    assert waits[:5] == [0] * 5
    assert waits[5]
    assert one.wait("5/minute", "somebody else") == 0
