"""Every HTTP route declares the right it needs or stands on the short public list; probes and metrics answer."""

from __future__ import annotations

import re
import socketserver
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.testclient import TestClient

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.console import app
from console.http_api import auth
from console.http_api.access import PUBLIC_ROUTES
from console.http_api.app import api
from console.kit.session import COOKIE
from services.core.permissions import Permission
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session
from tests.factories.identity import PASSWORD

_TARGETS = ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\nb"]


def _below(routes: list[Any]) -> list[APIRoute]:
    """Routes of the app and of the routers it includes."""
    found = [route for route in routes if isinstance(route, APIRoute)]
    inner = [route.original_router.routes for route in routes if hasattr(route, "original_router")]
    return found + [route for included in inner for route in _below(included)]


_ROUTES = _below(list(api.routes))


def _rights(dependant: Dependant) -> set[Permission]:
    found: set[Permission] = {right for right in [getattr(dependant.call, "permission", None)] if right is not None}
    return found.union(*[_rights(inner) for inner in dependant.dependencies])


@pytest.mark.parametrize("route", _ROUTES, ids=lambda route: route.path)
def test_a_route_declares_a_right_or_is_public_by_name(route):
    assert route.path in PUBLIC_ROUTES or _rights(route.dependant)


def test_the_public_list_names_only_what_exists():
    assert {route.path for route in _ROUTES} >= PUBLIC_ROUTES


@pytest.fixture
def client(web) -> Any:  # noqa: F811
    return TestClient(api, base_url="http://localhost", follow_redirects=False)


def test_healthz_answers_without_anything(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_names_what_is_missing(client):
    answer = client.get("/readyz")
    assert answer.status_code == 503
    told = {"database": "ok", "migrations": "ok", "worker": "none seen", "checkpoints": "too few sinks"}
    assert answer.json() == {"status": "waiting"} | told


class _Redis(socketserver.StreamRequestHandler):
    """Answers whatever it is asked with a pong."""

    def handle(self) -> None:
        while head := self.rfile.readline():
            for _ in range(2 * int(head[1:])):
                self.rfile.readline()
            self.wfile.write(b"+PONG\r\n")


def test_readyz_asks_the_redis_that_web_processes_share(client, web):  # noqa: F811
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Redis) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        web.settings.redis_url = SecretStr(f"redis://127.0.0.1:{server.server_address[1]}")
        assert client.get("/readyz").json()["redis"] == "ok"
        server.shutdown()
        thread.join()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["redis"]) == (503, "unreachable")


def test_metrics_are_not_for_strangers(client, web):  # noqa: F811
    assert client.get("/metrics").status_code == 403
    client.cookies.set(COOKIE, open_session(web, Role.OPS), domain="localhost.local")
    text = client.get("/metrics").text
    assert 'kontor_runs{state="queued"} 0.0' in text
    assert "kontor_queue_age_seconds" in text


def test_alert_rules_name_only_metrics_that_exist(client, web):  # noqa: F811
    rules = (Path(__file__).parents[2] / "deploy/prometheus-rules.yaml").read_text()
    client.cookies.set(COOKIE, open_session(web, Role.OPS), domain="localhost.local")
    named, told = set(re.findall(r"kontor_\w+", rules)), client.get("/metrics").text
    assert len(named) > 3
    assert {name for name in named if f"\n# TYPE {name} " not in told} == set()


def test_signing_in_sets_a_cookie_no_script_can_read(client, web):  # noqa: F811
    open_session(web, Role.FINANCE)
    form = {"email": "ada@example.com", "password": PASSWORD, "next": "/audit"}
    answer = client.post("/auth/sign-in", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/audit"
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_an_empty_console_says_how_its_first_administrator_is_made(client, web):  # noqa: F811
    assert "kontor user create" in client.get("/auth/sign-in").text
    open_session(web, Role.ADMIN)
    assert "kontor user create" not in client.get("/auth/sign-in").text


@pytest.mark.parametrize("target", _TARGETS)
def test_the_way_on_never_leaves_the_console(client, web, target):  # noqa: F811
    open_session(web, Role.FINANCE)
    answer = client.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/"


def test_a_refused_sign_in_says_the_same_for_everybody(client, web):  # noqa: F811
    open_session(web, Role.FINANCE)
    wrong = client.post("/auth/sign-in", data={"email": "ada@example.com", "password": "not this one"})
    unknown = client.post("/auth/sign-in", data={"email": "nobody@example.com", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("ada@", "nobody@") == unknown.text


def test_signing_out_clears_what_the_tab_kept(client, web):  # noqa: F811
    client.cookies.set(COOKIE, open_session(web, Role.FINANCE), domain="localhost.local")
    answer = client.post("/auth/sign-out")
    assert answer.headers["clear-site-data"] == '"storage"'
    assert client.get("/auth/sign-in").status_code == 200


def test_demo_people_are_shown_on_the_sandbox_alone(client, web):  # noqa: F811
    folder = web.settings.data_dir / "sandbox"
    folder.mkdir()
    people = '[{"name": "Finance A", "email": "a@example.com", "password": "shown", "role": "finance"}]'
    (folder / "demo_users.json").write_text(people)
    assert "Finance A" in client.get("/auth/sign-in").text
    web.settings.sandbox = False
    assert "Finance A" not in client.get("/auth/sign-in").text


def test_the_app_has_its_gate_and_its_authorisation():
    assert app.api_transformer
    assert [type(item).__name__ for item in app._middlewares] == ["Authorisation"]
    assert auth.router.routes
