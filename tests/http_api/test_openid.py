"""Single sign-on against a real provider over real HTTP: discovery, PKCE, nonce, state, groups, linking by mail."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from console.http_api.app import api
from console.kit import session
from console.kit.session import COOKIE
from services import audit, identity
from services.core.actor import Actor
from services.core.errors import Forbidden, StepUpRequired
from services.core.permissions import Permission
from services.core.settings import OpenIdSettings
from services.identity import Role
from services.integrations.openid import OpenIdProvider
from tests.console.conftest import web  # noqa: F401
from tests.factories.identity import a_user
from tests.fakes.openid_provider import running
from tests.journeys.serving import free_port

_SYSTEM = Actor.system("test")
_ADA = {"sub": "provider-id-1", "email": "ADA@example.com", "email_verified": True, "name": "Ada", "groups": []}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with running(free_port()) as found:
        found.person = dict(_ADA)
        yield found


@pytest.fixture
def client(web, provider) -> TestClient:  # noqa: F811
    web.settings.web.public_url = "http://localhost"
    web.settings.openid = OpenIdSettings(
        issuer=provider.issuer,
        client_id="kontor",
        client_secret=SecretStr("provider-side"),
        group_roles={"kontor-ops": "ops", "kontor-dev": "dev"},
    )
    return TestClient(api, base_url="http://localhost", follow_redirects=False)


def _go(client: TestClient) -> tuple[str, str]:
    """To the provider, who signs in at once; the address it sends back to, and the one it was asked at."""
    begun = client.get("/auth/openid?next=/audit")
    assert begun.status_code == 303, begun.text
    asked = begun.headers["location"]
    answer = httpx.get(asked)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"].removeprefix("http://localhost"), asked


def _actor(client: TestClient) -> Actor:
    person = session.look_up(client.cookies[COOKIE])
    assert person
    return person.actor


def test_a_known_address_is_linked_and_comes_in(client, web):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    back, asked = _go(client)
    for part in ("code_challenge_method=S256", "nonce=", "state=", "scope=openid"):
        assert part in asked
    come_in = client.get(back)
    assert (come_in.status_code, come_in.headers["location"]) == (303, "/audit"), come_in.text
    assert _actor(client).may(Permission.AUDIT_READ)
    again = client.get(back)
    assert again.status_code == 403, "an attempt is used up"


def test_groups_give_and_take_roles(client, web, provider):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR, Role.DEV)
    provider.person["groups"] = ["kontor-ops", "something-else"]
    client.get(_go(client)[0])
    with web.database.unit_of_work(_SYSTEM) as uow:
        held = {str(grant.role) for grant in identity.user_by_email(uow, email="ada@example.com").grants}
    assert held == {"auditor", "ops"}


@pytest.mark.parametrize(
    "change", [{"email_verified": False}, {"email": "stranger@example.com"}, {"email": None}], ids=str
)
def test_an_unverified_or_unknown_address_links_nobody(client, web, provider, change):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    provider.person |= change
    refused = client.get(_go(client)[0])
    assert refused.status_code == 403
    assert COOKIE not in client.cookies


def test_an_account_elsewhere_stays_linked_when_the_address_changes(client, web, provider):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    client.get(_go(client)[0])
    first = _actor(client).id
    client.cookies.clear()
    provider.person["email"] = "ada.new@example.com"
    client.get(_go(client)[0])
    assert _actor(client).id == first
    client.cookies.clear()
    provider.person |= {"sub": "another-person", "email": "ada@example.com"}
    assert client.get(_go(client)[0]).status_code == 403, "one address, two people"


@pytest.mark.parametrize("fault", ["wrong_nonce", "wrong_audience", "wrong_key", "expired"])
def test_a_token_that_is_not_ours_is_refused(client, web, provider, fault):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    setattr(provider, fault, True)
    assert client.get(_go(client)[0]).status_code == 403
    assert COOKIE not in client.cookies


def test_a_provider_may_change_its_key_between_two_sign_ins(client, web, provider):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    assert client.get(_go(client)[0]).status_code == 303
    client.cookies.clear()
    provider.key_id = "k2"
    assert client.get(_go(client)[0]).status_code == 303
    assert COOKIE in client.cookies


@pytest.mark.parametrize(
    ("claim", "seconds", "status"),
    [("exp", -30, 303), ("exp", -120, 403), ("iat", 30, 303), ("iat", 120, 403), ("nbf", 120, 403)],
)
def test_clocks_may_be_a_minute_apart_and_no_more(client, web, provider, claim, seconds, status):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    provider.claims = {claim: int(time.time()) + seconds}
    assert client.get(_go(client)[0]).status_code == status


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": ["kontor", "another"]}, 403),
        ({"aud": ["kontor", "another"], "azp": "another"}, 403),
        ({"azp": "another"}, 403),
        ({"aud": ["kontor", "another"], "azp": "kontor"}, 303),
        ({"iss": "http://127.0.0.1:1"}, 403),
        ({"auth_time": -1e20}, 403),
        ({"auth_time": "now"}, 403),
    ],
    ids=str,
)
def test_a_token_says_for_whom_by_whom_and_since_when(client, web, provider, claims, status):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    provider.claims = claims
    assert client.get(_go(client)[0]).status_code == status


def test_a_stolen_code_is_worth_nothing_without_its_verifier(provider):
    ours = OpenIdProvider(provider.issuer, "kontor", "provider-side")
    back = "http://localhost/auth/openid/back"
    asked = ours.address(redirect=back, state="s", nonce="n", verifier="v" * 64)
    code = parse_qs(urlsplit(httpx.get(asked).headers["location"]).query)["code"][0]
    with pytest.raises(Forbidden, match="was not accepted"):
        ours.vouched(redirect=back, code=code, verifier="w" * 64, nonce="n")
    assert ours.vouched(redirect=back, code=code, verifier="v" * 64, nonce="n").subject == _ADA["sub"]


def test_whoever_is_refused_stands_in_the_log(client, web):  # noqa: F811
    assert client.get(_go(client)[0]).status_code == 403
    with web.database.unit_of_work(_SYSTEM) as uow:
        (entry,) = [one for one in audit.search(uow).entries if one.action == "identity.session.refused"]
    assert (entry.outcome, entry.after) == ("refused", {"by": "openid"})


def test_no_new_account_stands_in_for_a_deactivated_one(client, web, provider):  # noqa: F811
    web.settings.openid = web.settings.openid.model_copy(update={"create": True})
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR, email="boss@example.com")
        identity.deactivate_user(uow, user_id=a_user(uow, Role.OPS))
    provider.person["groups"] = ["kontor-ops"]
    refused = client.get(_go(client)[0])
    assert refused.status_code == 403
    assert "no account here" in refused.text
    assert COOKIE not in client.cookies


def test_an_attempt_of_another_browser_is_refused(client, web):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    back, _ = _go(client)
    client.cookies.clear()
    assert client.get(back).status_code == 403
    assert client.get("/auth/openid/back?code=x&state=y").status_code == 403


def test_somebody_unknown_gets_an_account_only_where_that_is_wished(client, web, provider):  # noqa: F811
    provider.person |= {"email": "new@example.com", "sub": "n", "groups": ["kontor-dev"]}
    assert client.get(_go(client)[0]).status_code == 403
    web.settings.openid = web.settings.openid.model_copy(update={"create": True})
    assert client.get(_go(client)[0]).status_code == 303
    assert _actor(client).may(Permission.RUN_CONTROL)


def test_without_a_provider_there_is_no_button(client, web):  # noqa: F811
    assert "through your organisation" in client.get("/auth/sign-in").text
    web.__dict__.pop("openid", None)
    web.settings.openid = OpenIdSettings()
    assert "through your organisation" not in client.get("/auth/sign-in").text
    assert client.get("/auth/openid").status_code == 403


def _prove(client: TestClient, path: str = "/approvals") -> tuple[httpx.Response, str]:
    """Proves again at the provider, from a page; what came of it, and the address the provider was asked at."""
    begun = client.get("/auth/step-up/openid", headers={"referer": f"http://localhost{path}"})
    assert begun.status_code == 303, begun.text
    asked = begun.headers["location"]
    back = httpx.get(asked).headers["location"].removeprefix("http://localhost")
    return client.get(back), asked


def _stale_session(client: TestClient, web, provider) -> None:  # noqa: F811
    """Signed in through the provider by somebody who proved there half an hour ago who they are."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        user_id = a_user(uow, Role.FINANCE)
        uow.driver.execute("UPDATE user_account SET password_hash = NULL WHERE id = %s", [user_id])
    provider.last_proof -= 1800
    client.get(_go(client)[0])


def _asked_again(client: TestClient, web) -> bool:  # noqa: F811
    try:
        _actor(client).require_fresh_proof(web.database.clock.now())
    except StepUpRequired:
        return True
    return False


def test_who_has_single_sign_on_alone_proves_again_at_the_provider(client, web, provider):  # noqa: F811
    _stale_session(client, web, provider)
    assert _asked_again(client, web), "signing in there silently is no fresh proof"
    page = client.get("/auth/step-up?next=/approvals").text
    assert "/auth/step-up/openid?next=%2Fapprovals" in page
    assert 'name="password"' not in page
    answer, asked = _prove(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
    assert "prompt=login" in asked
    assert "max_age=0" in asked
    assert not _asked_again(client, web)


@pytest.mark.parametrize("fault", ["stale", "silent"])
def test_a_provider_that_did_not_ask_anew_proves_nothing(client, web, provider, fault):  # noqa: F811
    _stale_session(client, web, provider)
    setattr(provider, fault, True)
    answer, _ = _prove(client)
    assert answer.status_code == 403
    assert _asked_again(client, web)


def test_somebody_else_at_the_provider_proves_nothing(client, web, provider):  # noqa: F811
    _stale_session(client, web, provider)
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.DEV, email="bob@example.com")
    provider.person |= {"sub": "bob", "email": "bob@example.com"}
    answer, _ = _prove(client)
    assert answer.status_code == 403
    assert _asked_again(client, web)
    assert _actor(client).name == "Ada Kontor"


def test_a_proof_for_another_session_is_refused(client, web, provider):  # noqa: F811
    _stale_session(client, web, provider)
    begun = client.get("/auth/step-up/openid")
    back = httpx.get(begun.headers["location"]).headers["location"].removeprefix("http://localhost")
    kept = client.cookies.get("kontor_openid")
    client.cookies.clear()
    client.get(_go(client)[0])
    client.cookies.delete("kontor_openid") if "kontor_openid" in client.cookies else None
    client.cookies.set("kontor_openid", kept, domain="localhost.local")
    assert client.get(back).status_code == 403


def test_without_single_sign_on_nobody_is_sent_away(client, web, provider):  # noqa: F811
    _stale_session(client, web, provider)
    web.__dict__.pop("openid", None)
    web.settings.openid = OpenIdSettings()
    refused = client.get("/auth/step-up/openid")
    assert refused.status_code == 403
    assert "no single sign-on" in refused.text


def test_a_wanted_strength_is_asked_for_and_has_to_be_there(client, web, provider):  # noqa: F811
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.AUDITOR)
    web.__dict__.pop("openid", None)
    web.settings.openid = web.settings.openid.model_copy(update={"strengths": ["phr", "phrh"]})
    back, asked = _go(client)
    assert "acr_values=phr+phrh" in asked
    assert client.get(back).status_code == 403
    provider.acr, provider.amr = "phrh", ["hwk", "pin"]
    assert client.get(_go(client)[0]).status_code == 303
    with web.database.unit_of_work(_SYSTEM) as uow:
        (entry,) = [one for one in audit.search(uow).entries if one.action == "identity.session.opened"]
    assert entry.after == {"by": "openid+hwk+pin"}


def test_an_issuer_is_written_exactly_as_the_provider_writes_it(client, web, provider):  # noqa: F811
    web.__dict__.pop("openid", None)
    web.settings.openid = web.settings.openid.model_copy(update={"issuer": f"{provider.issuer}/"})
    refused = client.get("/auth/openid")
    assert refused.status_code == 403
    assert "another name" in refused.text


def test_behind_tls_the_attempt_is_bound_to_the_host(client, web, provider):  # noqa: F811
    web.settings.web.public_url = "https://console.example"
    begun = client.get("https://console.example/auth/openid")
    cookie = begun.headers["set-cookie"]
    assert cookie.startswith("__Host-kontor_openid=")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Path=/;" in cookie
