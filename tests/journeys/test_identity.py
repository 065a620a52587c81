"""The way in and out, in a browser: invited, two factors, step-up, thrown out, locked out, as somebody else."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from pyotp.totp import TOTP

from services import identity
from services.core.actor import Actor
from services.identity import Grant, Role
from tests.factories.codes import code_before, shown_code
from tests.factories.identity import PASSWORD
from tests.factories.letters import link_of_last_letter

_SYSTEM = Actor.system("test")
# What an event under way tells the page as soon as its session is over.
_HEAR_OF_THE_END = """
addEventListener("submit", () => setTimeout(() => {
  document.querySelector("[data-lang]").dataset.signedOut = "true";
}, 500))
"""
_CHOSEN = "violet kettle under seven bridges"


def _link(console) -> str:
    with console.database.unit_of_work(_SYSTEM) as uow:
        return link_of_last_letter(uow)


@pytest.fixture
def somebody(console) -> str:
    """A person of Finance who was invited and has set nothing yet; returns the address."""
    email = f"new{time.time_ns()}@kontor.example"
    with console.database.unit_of_work(_SYSTEM) as uow:
        user_id = identity.create_user(
            uow, email=email, display_name="Nadia Neu", password=None, grants=[Grant(Role.FINANCE), Grant(Role.DEV)]
        )
        identity.invite(uow, user_id=user_id)
    return email


def _authenticator(context: BrowserContext, page: Page) -> None:
    """Chromium's own virtual authenticator, over the DevTools protocol."""
    tools = context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    tools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def _password(page: Page, email: str, target: str = "/account") -> None:
    page.goto(f"/auth/sign-in?next={target}")
    page.fill("#email", email)
    page.fill("#password", _CHOSEN)
    page.click("form button[type=submit]")


def test_from_the_invitation_to_a_socket_that_dies(console, browser_context, page_as, somebody):
    context = browser_context()
    page = context.new_page()
    _authenticator(context, page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    link = _link(console)
    page.goto(link)
    page.fill("#password", _CHOSEN)
    secret = link.partition("#")[2]
    assert secret
    assert not [url for url in asked if secret in url.partition("#")[0]], "an address that was sent holds the secret"
    assert secret not in page.url
    page.click("form button[type=submit]")
    page.wait_for_url("**/auth/sign-in")
    _password(page, somebody)
    expect(page.locator("main h1")).to_have_text("My account", timeout=30_000)

    totp = _enrol_app(page)
    _enrol_passkey(page)
    page.click("button.avatar")
    page.click("#account-menu button[type=submit]")
    _password(page, somebody)
    page.wait_for_url("**/auth/factor**")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("main h1")).to_have_text("My account", timeout=30_000)

    _step_up(console, page, somebody, totp)
    _thrown_out(page, page_as)


def _enrol_app(page: Page) -> TOTP:
    page.get_by_role("button", name="Add a second factor").first.click()
    page.get_by_role("button", name="Use an authenticator app").click()
    totp = TOTP(page.locator("#seed").inner_text().replace(" ", ""))
    page.fill("#code", code_before(totp))
    page.get_by_role("button", name="Confirm the app").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.get_by_role("button", name="I have kept them").click()
    expect(page.locator("main")).to_contain_text("Authenticator app")
    return totp


def _enrol_passkey(page: Page) -> None:
    page.get_by_role("button", name="Add a second factor").first.click()
    page.fill("#label", "Laptop")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator("main")).to_contain_text("Laptop")


def _step_up(console, page: Page, email: str, totp: TOTP) -> None:
    """An old proof: removing a factor asks again and leaves the person where they are."""
    with console.database.unit_of_work(_SYSTEM) as uow:
        uow.driver.execute("UPDATE user_session SET proved_at = now() - interval '11 minutes'")
    remove = page.get_by_role("row", name=re.compile("Laptop")).get_by_role("button", name="Remove")
    remove.click()
    expect(page.locator("#step-up[open]")).to_be_visible()
    page.fill("#step-up-password", "not this one at all")
    page.click("#step-up button[type=submit] >> nth=0")
    expect(page.locator("#step-up [data-step-up=refused]")).to_have_text("That is not right.")
    page.fill("#step-up-code", shown_code(totp))
    page.click("#step-up button[type=submit] >> nth=0")
    expect(page.locator("#step-up[open]")).to_have_count(0)
    assert page.url.endswith("/account")
    remove.click()
    expect(page.locator("main")).not_to_contain_text("Laptop")
    with console.database.unit_of_work(_SYSTEM) as uow:
        assert identity.user_by_email(uow, email=email).factors == 1


def _thrown_out(page: Page, page_as) -> None:
    """An administrator ends the session elsewhere: the socket dies within a second, the page leaves for the sign-in."""
    closed: list[float] = []
    admin = page_as("admin", path="/access/sessions")
    page.reload()
    page.on("websocket", lambda socket: socket.on("close", lambda _: closed.append(time.monotonic())))
    page.reload()
    expect(page.locator("main h1")).to_have_text("My account", timeout=30_000)
    closed.clear()
    begun = time.monotonic()
    row = admin.get_by_role("row", name=re.compile("Nadia Neu")).first
    row.get_by_role("button", name="End", exact=True).click()
    deadline = time.monotonic() + 10
    while not closed and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert closed, "the socket stayed open"
    clicked_to_closed = closed[0] - begun
    assert clicked_to_closed < 3, clicked_to_closed
    page.wait_for_url("**/auth/sign-in**", timeout=15_000)


def test_guessing_locks_and_says_for_how_long(browser_context, console):
    page = browser_context().new_page()
    page.goto("/auth/sign-in")
    for _ in range(6):
        page.fill("#email", "nobody.here@kontor.example")
        page.fill("#password", "not the password")
        page.click("form button[type=submit]")
    expect(page.locator("#refused")).to_contain_text("Try again in")


def test_impersonation_shows_a_banner_and_ends(page_as):
    page = page_as("admin", path="/access")
    row = page.get_by_role("row", name=re.compile("auditor@"))
    row.get_by_role("button", name="See as").click()
    page.fill("#reason", "They see no entries since Monday")
    page.get_by_role("button", name="See as this person").click()
    banner = page.locator(".impersonation")
    expect(banner).to_contain_text("sees the console as")
    expect(page.locator(".nav a[href='/access']")).to_be_visible()
    page.goto("/access/sessions")
    expect(page.get_by_role("button", name="End", exact=True)).to_have_count(0)
    page.route("**/auth/impersonation/end", _answer_late)
    page.evaluate(_HEAR_OF_THE_END)
    banner.get_by_role("button", name="Back to myself").click()
    expect(page.locator("main h1")).to_have_text("Access")
    expect(page.locator(".impersonation")).to_have_count(0)


def test_a_role_that_weighs_is_given_by_two(console, page_as):
    with console.database.unit_of_work(Actor.system("test")) as uow:
        identity.create_user(uow, email="nora@kontor.example", display_name="Nora New", password=PASSWORD)
    page = page_as("admin", path="/access")
    row = page.get_by_role("row", name=re.compile("Nora New"))
    row.get_by_role("button", name="Roles…").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("waits until somebody else agrees")
    asked.locator("#role").select_option("ops")
    asked.get_by_role("button", name="Give the role").click()
    expect(page.locator(".messages")).to_contain_text("Nora New gets the role once somebody else agrees")
    expect(asked).to_contain_text("no role")
    second = page_as("finance.a", path="/approvals")
    second.get_by_role("link", name="Give Nora New the role Ops").click()
    expect(second.locator("main")).to_contain_text("approvals.vote.ops")
    second.get_by_role("button", name="Agree…").click()
    second.get_by_role("dialog").get_by_role("button", name="Agree").click()
    expect(second.locator(".page-title .badge", has_text="Approved and done")).to_be_visible()
    page.goto("/access")
    expect(row).to_contain_text("Ops: all entities")


def _answer_late(route: Route) -> None:
    answer = route.fetch(max_redirects=0)
    time.sleep(1.5)
    route.fulfill(response=answer)


def test_a_custom_role_a_key_and_a_review(console, page_as):
    with console.database.unit_of_work(Actor.system("test")) as uow:
        identity.create_user(
            uow, email="leaver@kontor.example", display_name="Lena Leaver", password=PASSWORD, grants=[Grant(Role.OPS)]
        )
    page = page_as("admin", path="/access/roles")
    page.get_by_role("button", name="New role").click()
    page.fill("#code", "clerk")
    page.fill("#name", "Clerk")
    page.get_by_label("payments.payment.read").check()
    page.get_by_role("button", name="Save the role").click()
    expect(page.locator("main")).to_contain_text("Clerk")
    page.goto("/access/keys")
    page.get_by_role("button", name="New key").click()
    page.fill("#name", "ERP import")
    page.get_by_label("books.ledger.import").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator(".dialog-modal")).to_contain_text("kontor_")
    page.goto("/access/reviews")
    page.get_by_role("button", name="Start a review").click()
    page.fill("#title", "Spring")
    page.fill("#due_on", (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)).isoformat())
    page.get_by_role("button", name="Start the review").click()
    keep = page.get_by_role("button", name="Keep", exact=True)
    expect(keep.first).to_be_visible()
    undecided = keep.count()
    keep.first.dblclick()
    expect(keep).to_have_count(undecided - 1)
    leaver = page.locator("tr", has_text="Lena Leaver")
    expect(page.get_by_role("button", name="Start a review")).to_have_count(0)
    leaver.get_by_role("button", name="Remove…").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("It takes effect at once")
    asked.locator("textarea").fill("Left the team")
    asked.get_by_role("button", name="Take the role").dblclick()
    expect(leaver).to_contain_text("Removed")
    expect(page.locator(".messages")).to_contain_text("no longer holds")
    expect(page.locator(".messages")).not_to_contain_text("Not saved")
