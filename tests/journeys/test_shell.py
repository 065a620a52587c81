"""The frame: signing in and out, language, theme, entities, keyboard, and what a role does not see."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from services import audit, runs
from services.bootstrap import AUDIT_VERIFY
from services.core.actor import Actor
from services.identity import Role
from tests.factories.identity import a_user


def test_a_wrong_password_stays_on_the_form(browser_context, console):
    page = browser_context().new_page()
    page.goto("/audit?action=identity")
    assert "/auth/sign-in?next=" in page.url
    page.fill("#email", console.email("dev"))
    page.fill("#password", "not the password")
    page.click("form button[type=submit]")
    expect(page.locator("#refused")).to_be_visible()
    assert page.context.cookies() == [] or all(c["name"] != "kontor_session" for c in page.context.cookies())


def test_signing_out_ends_the_session(page_as):
    page = page_as("dev")
    cookie = next(c for c in page.context.cookies() if c["name"] == "kontor_session")
    assert cookie["httpOnly"]
    page.click("button.avatar")
    page.click("#account-menu button[type=submit]")
    page.wait_for_url("**/auth/sign-in")
    page.context.add_cookies([cookie])
    page.goto("/")
    assert "/auth/sign-in" in page.url


def test_language_and_theme_are_kept(console, page_as):
    with console.database.unit_of_work(Actor.system("test")) as uow:
        a_user(uow, Role.AUDITOR, email=console.email("newcomer"))
    page = page_as("newcomer")
    expect(page.locator("main h1")).to_have_text("Overview")
    page.click(".language")
    expect(page.locator("main h1")).to_have_text("Überblick")
    assert page.evaluate("document.documentElement.lang") == "de"
    page.click("[aria-label^='Zwischen hell']")
    page.reload()
    expect(page.locator("main h1")).to_have_text("Überblick")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_entity_switch_narrows_and_widens(page_as):
    page = page_as("finance.b")
    expect(page.locator(".entity-switch")).to_contain_text("All entities")
    page.click(".entity-switch")
    page.click(".menu-item:has-text('Schweiz')")
    expect(page.locator(".entity-switch")).to_contain_text("Musterhandel GmbH")
    page.click("button.menu-item:has-text('All entities')")
    expect(page.locator(".entity-switch")).to_contain_text("All entities")


def test_a_page_above_the_role_is_left_out_and_refused(page_as):
    page = page_as("dev")
    expect(page.locator(".nav a[href='/audit']")).to_have_count(0)
    page.goto("/audit")
    expect(page.locator("main h1")).to_have_text("You may not see this page")
    expect(page.locator("main")).to_contain_text("audit.entry.read")


def test_whoever_has_no_role_is_told_so_and_reaches_their_account(console, page_as):
    with console.database.unit_of_work(Actor.system("test")) as uow:
        a_user(uow, email=console.email("nobody.yet"))
    page = page_as("nobody.yet")
    expect(page.locator("main")).to_contain_text("You may not see this page")
    page.goto("/account")
    expect(page.locator("main h1")).to_have_text("My account")
    expect(page.locator(".messages .toast")).to_have_count(0)


def test_a_tab_above_the_role_is_left_out(page_as):
    page = page_as("finance.b", path="/access/reviews")
    expect(page.locator(".tab")).to_have_text(["Access reviews"])


def test_keyboard_alone_reaches_a_page(page_as):
    page = page_as("auditor", path="/nowhere")
    page.goto("/")
    page.wait_for_selector(".nav a[href='/audit']")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_selector(".nav a[href='/audit'][aria-current=page]")
    page.wait_for_selector("main h1")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open]")
    page.wait_for_selector("#palette-list [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def test_nothing_the_browser_reports_breaks_the_content_policy(page_as):
    page = page_as("finance.a")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.reload()
    page.wait_for_selector("main h1")
    assert [text for text in said if "Content Security Policy" in text or "Error" in text] == []


# Every frame notes the address beside the heading.
_WATCH = """
window.seen = new Set();
(function look() {
    window.seen.add(location.pathname + ' ' + (document.querySelector('main h1')?.innerText ?? ''));
    requestAnimationFrame(look);
})()
"""


def test_no_record_stands_under_the_address_of_another(console, page_as):
    with console.database.unit_of_work(Actor.system("test")) as uow:
        made = [runs.enqueue(uow, kind=AUDIT_VERIFY, params=audit.VerifyParams()) for _ in range(2)]
    page, titles = page_as("ops", path="/runs"), []
    page.evaluate(_WATCH)
    for run_id in made:
        page.click(f"main a[href='/runs/{run_id}'] >> nth=0")
        page.wait_for_url(f"**/runs/{run_id}")
        expect(page.locator("main h1")).to_contain_text(re.compile("[0-9]"))
        titles.append(page.inner_text("main h1"))
        page.go_back()
        page.wait_for_selector(f"main a[href='/runs/{run_id}']")
    assert titles[0] != titles[1]
    assert f"/runs/{made[1]} {titles[0]}" not in page.evaluate("[...window.seen]")


def test_an_empty_list_says_what_fills_it_and_a_narrowed_one_that_nothing_matches(page_as):
    page = page_as("finance.a", path="/payouts")
    expect(page.locator(".empty-state h3")).to_have_text("No payout yet")
    page.fill("input[type=search]", "po_nobody")
    page.keyboard.press("Tab")
    expect(page.locator(".empty-state h3")).to_have_text("No payout matches")
    page.goto("/customers")
    expect(page.locator(".empty-state h3")).to_have_text("No customer yet")


def test_what_went_well_goes_by_itself_but_not_from_under_the_pointer(page_as):
    page = page_as("dev", path="/account")
    page.get_by_role("button", name="End all others").click()
    done = page.locator(".messages [data-tone=ok]")
    expect(done).to_be_visible()
    done.hover()
    page.wait_for_timeout(9_000)
    expect(done).to_be_visible()
    page.mouse.move(0, 0)
    expect(done).to_have_count(0, timeout=15_000)
