"""Single sign-on in a browser, at a real OpenID provider: in, refused, proved again, and no way round."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from services import identity
from services.core.actor import Actor
from services.identity import Grant, Role
from tests.factories.identity import a_user
from tests.fakes.openid_provider import Provider, running
from tests.journeys.accessibility import violations
from tests.journeys.serving import Console, free_port, serving

_SYSTEM = Actor.system("test")
_PATIENT = 60_000
_ADA = {
    "sub": "id-1",
    "email": "ada@kontor.example",
    "email_verified": True,
    "name": "Ada",
    "groups": ["kontor-finance"],
}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    before = os.environ.get("AUTHLIB_INSECURE_TRANSPORT")
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    with running(free_port()) as found:
        found.page = True
        yield found
    if before is None:
        del os.environ["AUTHLIB_INSECURE_TRANSPORT"]


@pytest.fixture(scope="module")
def joined(provider: Provider, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console that trusts the provider, and Ada, who has no password here."""
    settings = {
        "KONTOR_OPENID__ISSUER": provider.issuer,
        "KONTOR_OPENID__CLIENT_ID": "kontor",
        "KONTOR_OPENID__CLIENT_SECRET": "provider-side",
        "KONTOR_OPENID__GROUP_ROLES": json.dumps({"kontor-finance": "finance", "kontor-admin": "admin"}),
    }
    with serving(f"kontor_openid_{worker_id}", tmp_path_factory.mktemp("openid"), **settings) as running_one:
        with running_one.database.unit_of_work(_SYSTEM) as uow:
            identity.create_user(
                uow, email=_ADA["email"], display_name="Ada", password=None, grants=[Grant(Role.ADMIN)]
            )
        yield running_one


@pytest.fixture
def page(joined: Console, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=joined.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(_PATIENT)
    yield context.new_page()
    context.close()


def _sign_in(page: Page) -> None:
    page.goto("/auth/sign-in?next=/account")
    page.get_by_role("link", name="Sign in through your organisation").click()
    expect(page.get_by_role("heading", name="The organisation")).to_be_visible()
    page.get_by_role("button", name="Sign in as Ada").click()


def test_in_through_the_provider_and_proved_again_there(page: Page, provider: Provider, joined: Console):
    provider.person = dict(_ADA, groups=["kontor-admin", "kontor-finance"])
    provider.last_proof -= 3600
    with joined.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, Role.OPS, email="ops@example.com")
    _sign_in(page)
    expect(page.locator("main h1")).to_have_text("My account", timeout=_PATIENT)
    with joined.database.unit_of_work(_SYSTEM) as uow:
        told = text("SELECT subject FROM notification WHERE recipient = 'ops@example.com'")
        assert uow.session.scalars(told).one().endswith("the role Finance: Ada")
        held = {str(grant.role) for grant in identity.user_by_email(uow, email=str(_ADA["email"])).grants}
    assert held == {"admin", "finance"}

    _make_role(page)
    asked = page.get_by_role("dialog", name="Confirm that it is you")
    expect(asked).to_be_visible(timeout=_PATIENT)
    expect(asked.locator("#step-up-password")).to_have_count(0)
    assert violations(page) == []
    page.screenshot(path=joined.data_dir / "step-up-openid.png")

    # What was asked from within a dialog leaves that dialog as it was.
    asked.get_by_role("heading").click()
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    expect(page.locator("#code")).to_have_value("clerk")
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.get_by_role("button", name="Save the role").click()
    expect(asked).to_be_visible(timeout=_PATIENT)

    asked.get_by_role("link", name="Confirm at your organisation").click()
    page.get_by_role("button", name="Sign in as Ada").click()
    expect(page.locator("main h1")).to_have_text("Roles", timeout=_PATIENT)
    _make_role(page)
    expect(page.locator("main")).to_contain_text("Clerk", timeout=_PATIENT)


def _make_role(page: Page) -> None:
    page.goto("/access/roles")
    page.get_by_role("button", name="New role").click()
    page.fill("#code", "clerk")
    page.fill("#name", "Clerk")
    page.get_by_role("button", name="Save the role").click()


def test_an_unverified_address_gets_a_page_that_says_so(page: Page, provider: Provider, joined: Console):
    provider.person = dict(_ADA, sub="id-2", email="finance.a@kontor.example", email_verified=False)
    _sign_in(page)
    expect(page.locator("h1")).to_have_text("Not possible")
    expect(page.locator("main")).to_contain_text("You have no account here")
    page.screenshot(path=joined.data_dir / "refused-openid.png")
    page.get_by_role("link", name="Continue").click()
    expect(page.locator("#email")).to_be_visible()


def test_a_token_of_another_attempt_gets_a_page_that_says_so(page: Page, provider: Provider):
    provider.person = dict(_ADA)
    provider.wrong_nonce = True
    try:
        _sign_in(page)
        expect(page.locator("main")).to_contain_text("was not accepted")
    finally:
        provider.wrong_nonce = False
    page.goto("/auth/openid/back?code=x&state=y")
    expect(page.locator("main")).to_contain_text("did not begin here")
