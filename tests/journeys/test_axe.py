"""No page has a serious accessibility violation: every route there is, light and dark, wide and narrow.

Nor does one scroll sideways on a phone."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import ViewportSize, expect

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.console import PAGES
from services import backfills
from services.core.actor import Actor
from tests.journeys.accessibility import beyond_the_edge, violations
from tests.journeys.serving import Console

pytestmark = pytest.mark.timeout(900)

_WIDE, _NARROW = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
_SEEN_ON_THEIR_JOURNEY = {
    "/approvals/[request_id]",
    "/backfills/[backfill_id]/run",
    "/backfills/[backfill_id]/verification",
    "/backfills/[backfill_id]/way-back",
}


@pytest.fixture
def console(console_with_books: Console) -> Console:
    with console_with_books.database.unit_of_work(Actor.system("test")) as uow:
        backfills.draft(uow, definition="payments.net_minor")
    return console_with_books


def test_no_page_has_a_serious_violation(console, page_as):
    """Lists first: the records whose pages are seen are those that the lists lead to."""
    page = page_as("admin")
    page.emulate_media(reduced_motion="reduce")  # no colour on its way from one theme to the other
    routes = sorted((declared.route for declared in PAGES), key=lambda route: "[" in route)
    found, led_to = {}, set()
    for route in routes:
        page.set_viewport_size(_WIDE)
        page.goto(_address(route, led_to))
        page.wait_for_selector("main h1, main h2")
        expect(page.locator("main .skeleton")).to_have_count(0, timeout=30_000)
        led_to |= set(page.eval_on_selector_all("a[href^='/']", "links => links.map(link => link.pathname)"))
        found[route] = violations(page)
        page.set_viewport_size(_NARROW)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        found[route] += violations(page) + beyond_the_edge(page)
    assert {route: stopping for route, stopping in found.items() if stopping} == {}
    assert {route for route in routes if "[" in route and not _led(route, led_to)} == _SEEN_ON_THEIR_JOURNEY


def _address(route: str, led_to: set[str]) -> str:
    """Of a record that a list led to, else of one that is not there."""
    return _led(route, led_to) or re.sub(r"\[\w+\]", str(uuid.uuid4()), route)


def _led(route: str, led_to: set[str]) -> str | None:
    pattern = re.compile(re.sub(r"\[\w+\]", "[^/]*\\\\d[^/]*", route))
    return next((path for path in sorted(led_to) if pattern.fullmatch(path)), None)


def test_the_sign_in_has_no_serious_violation(browser_context):
    page = browser_context().new_page()
    page.goto("/auth/sign-in")
    assert violations(page) == []


def test_overlays_have_no_serious_violation(page_as):
    page = page_as("finance.a")
    for open_it in ("Control+k", "?"):
        page.keyboard.press(open_it)
        page.wait_for_selector("dialog[open]")
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.click("button.avatar")
    assert violations(page) == []
