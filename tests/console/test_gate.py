"""The gate: who comes in, from where, with how much, and what every answer carries."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

from console.http_api.app import api
from console.kit.gate import Gate, content_security_policy
from console.kit.session import COOKIE, cookie_name
from services.identity import Role
from tests.console.events import open_session
from tests.factories.identity import PASSWORD

_HOST = "http://localhost"


async def _inside(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        origins = [value.decode() for name, value in scope["headers"] if name == b"origin"]
        await send({"type": "websocket.send", "text": ",".join(origins) or "no origin"})
        await send({"type": "websocket.close"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture
def client(web) -> TestClient:
    return TestClient(Gate(_inside), base_url=_HOST, follow_redirects=False)


@pytest.fixture
def signed_in(web, client) -> TestClient:
    client.cookies.set(COOKIE, open_session(web, Role.OPS), domain="localhost.local")
    return client


def test_a_page_without_a_session_leads_to_the_sign_in(client):
    answer = client.get("/payments?q=a b", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/auth/sign-in?next=%2Fpayments%3Fq%3Da%2520b"


def test_anything_else_without_a_session_is_401(client):
    assert client.get("/export/payments.csv").status_code == 401
    assert client.get("/_all_routes").status_code == 401


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/auth/sign-in", "/css/base.css", "/assets/a.js", "/kontor.js"]
)
def test_the_public_addresses_are_public(client, path):
    assert client.get(path).text == "inside"


def test_a_session_comes_in(signed_in):
    assert signed_in.get("/payments", headers={"accept": "text/html"}).text == "inside"


@pytest.mark.parametrize("origin", [None, "http://evil.example", "http://localhost:9999", "null"])
def test_a_write_from_elsewhere_is_refused(signed_in, origin):
    headers = {} if origin is None else {"origin": origin}
    assert signed_in.post("/auth/sign-out", headers=headers).status_code == 403
    assert signed_in.post("/_upload", headers=headers).status_code == 403


def test_a_write_from_our_own_page_comes_in(signed_in):
    assert signed_in.post("/auth/sign-out", headers={"origin": _HOST}).text == "inside"


def test_a_signed_hook_needs_neither_session_nor_origin(client):
    assert client.post("/hooks/stripe", content=b"{}").text == "inside"


@pytest.mark.parametrize("origin", [None, "http://evil.example"])
def test_a_websocket_from_elsewhere_is_closed(web, client, origin):
    headers = {"cookie": f"{COOKIE}={open_session(web, Role.OPS)}"} | ({} if origin is None else {"origin": origin})
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/_event", headers=headers):
        pass
    assert refused.value.code == 4401


def test_a_websocket_without_a_session_is_closed(client):
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/_event", headers={"origin": _HOST, "host": "localhost"}),
    ):
        pass
    assert refused.value.code == 4401


def test_a_websocket_of_ours_comes_in_without_its_origin(web, client):
    headers = {"origin": _HOST, "host": "localhost", "cookie": f"{COOKIE}={open_session(web, Role.OPS)}"}
    with client.websocket_connect("/_event", headers=headers) as socket:
        assert socket.receive_text() == "no origin"


def test_a_body_beyond_the_limit_is_refused_declared_or_not(signed_in):
    headers = {"origin": _HOST}
    assert signed_in.post("/auth/sign-in", headers=headers, content=b"x" * (1 << 20) + b"x").status_code == 413
    chunks = (b"x" * 65_536 for _ in range(20))
    assert signed_in.post("/auth/sign-in", headers=headers, content=chunks).status_code == 413


def test_a_delivery_of_ledger_entries_may_be_as_large_as_a_file(signed_in):
    body = b"x" * (2 << 20)
    answer = signed_in.post("/api/ledgers/mh-de/ledger/entries", headers={"origin": _HOST}, content=body)
    assert answer.status_code != 413


def test_every_answer_carries_the_security_headers(client):
    for path in ("/healthz", "/payments"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "strict-transport-security" not in headers


def test_behind_tls_browsers_are_told_to_stay_there(web, client):
    web.settings.web.public_url = "https://console.example"
    assert client.get("/healthz").headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert cookie_name() == f"__Host-{COOKIE}"


def test_behind_tls_nothing_is_answered_in_the_clear(web, client):
    web.settings.web.public_url = "https://console.example"
    led = client.get("/auth/sign-in?next=/runs")
    assert (led.status_code, led.headers["location"]) == (308, "https://console.example/auth/sign-in?next=/runs")
    for refused in (
        client.post("/auth/sign-in", headers={"origin": _HOST}, data={"email": "ada@example.com", "password": "x"}),
        client.post("/hooks/stripe", content=b"{}"),
        client.get("/export/audit.csv", headers={"authorization": "Bearer kontor_x"}),
        client.get("/api/approvals"),
    ):
        assert refused.status_code == 403
        assert "https" in refused.json()["title"]
    secret = open_session(web, Role.OPS)
    headers = {"origin": _HOST, "host": "localhost", "cookie": f"__Host-{COOKIE}={secret}"}
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/_event", headers=headers):
        pass
    assert closed.value.code == 4401
    for probe in ("/healthz", "/readyz"):
        assert client.get(probe).status_code != 308
    through_the_proxy = TestClient(Gate(api), base_url="https://console.example")
    assert through_the_proxy.get("/auth/sign-in").status_code == 200


def test_caching_is_long_for_hashed_files_and_off_for_the_rest(client):
    assert "immutable" in client.get("/assets/page-abc.js").headers["cache-control"]
    assert client.get("/healthz").headers["cache-control"] == "no-store"


def test_inline_scripts_of_the_built_page_are_named_by_hash(tmp_path):
    page = tmp_path / "index.html"
    page.write_text('<script>start()</script><script src="/kontor.js"></script>')
    policy = content_security_policy(page)
    assert policy.count("'sha256-") == 1
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


@pytest.mark.parametrize("kind", ["text/css", "text/javascript", "image/svg+xml", "text/html; charset=utf-8"])
def test_every_text_names_its_charset(web, kind):
    async def answers(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": b"x"})

    found = TestClient(Gate(answers), base_url=_HOST).get("/css/base.css").headers["content-type"]
    assert found == f"{kind.partition(';')[0]}; charset=utf-8"


def test_what_the_gate_refuses_is_logged_without_secrets(web, client):
    with capture_logs() as lines:
        client.post("/auth/sign-out", headers={"origin": "http://evil.example"})
        client.post("/hooks/stripe", content=b"x" * (1 << 20) + b"x")
        for _ in range(12):
            client.post("/auth/forgotten", headers={"origin": _HOST})
    assert {"web.request.foreign", "web.request.too_large", "web.request.too_often"} <= {
        line["event"] for line in lines
    }


def test_behind_tls_every_cookie_is_secure_and_bound_to_the_host(web):
    web.settings.web.public_url = "https://localhost"
    open_session(web, Role.OPS)
    client = TestClient(Gate(api), base_url="https://localhost", follow_redirects=False)
    form = {"email": "ada@example.com", "password": PASSWORD}
    signed_in = client.post("/auth/sign-in", data=form, headers={"origin": "https://localhost"})
    cookies = signed_in.headers.get_list("set-cookie") + client.get("/auth/forgotten").headers.get_list("set-cookie")
    assert len(cookies) == 3
    for cookie in cookies:
        assert cookie.startswith("__Host-kontor_")
        assert "Secure" in cookie
        assert "Path=/" in cookie
