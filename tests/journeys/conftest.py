"""A running console for journeys: built bundle, own database, free port, a signed-in browser a role.

What a failing journey left behind (trace, screenshot, the server's log) stands in `.artefacts/`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import chromium as installed
from tests.factories.identity import PASSWORD
from tests.journeys.merchant import console_of_a_merchant
from tests.journeys.serving import Console, serving

_ARTEFACTS = Path(__file__).parents[2] / ".artefacts"
_PATIENCE_MS = 30_000  # a worker takes part, and everybody else's tests share the machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys come last: Playwright leaves an event loop running, and no test of coroutines can run after it."""
    for item in items:
        if _is_journey(item):
            item.add_marker(pytest.mark.journey)
    items.sort(key=_is_journey)


def _is_journey(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


_FAILED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.fixture(scope="session")
def console(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Built if needed, started once a session, with two entities and one person a role."""
    with serving(f"kontor_journeys_{worker_id}", tmp_path_factory.mktemp("console")) as running:
        yield running


@pytest.fixture(scope="session")
def console_with_books(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """The console of a merchant whose first night is over, with a worker for what a page starts."""
    with console_of_a_merchant(f"kontor_books_{worker_id}", tmp_path_factory.mktemp("books")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed.executable(), args=["--no-sandbox"])
        expect.set_options(timeout=_PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture
def browser_context(
    console: Console, chromium: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser contexts that record a trace, kept when the test fails."""
    opened: list[BrowserContext] = []

    def make(*, width: int = 1440, height: int = 900) -> BrowserContext:
        context = chromium.new_context(base_url=console.url, viewport={"width": width, "height": height})
        context.set_default_timeout(_PATIENCE_MS)
        context.tracing.start(snapshots=True)
        opened.append(context)
        return context

    yield make
    failed = request.node.stash.get(_FAILED, False)
    folder = _ARTEFACTS / re.sub(r"[^\w.-]+", "_", request.node.nodeid)
    for index, context in enumerate(opened):
        if failed:
            _keep(context, folder, index)
        context.tracing.stop(**({"path": folder / f"trace-{index}.zip"} if failed else {}))
        context.close()
    if failed:
        shutil.copy(console.log, folder / "web.log")


@pytest.fixture
def page_as(console: Console, browser_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """`page_as("finance.a")` signs that person in, in a browser of their own, and stands on the overview."""

    def sign_in(person: str, *, width: int = 1440, height: int = 900, path: str = "/") -> Page:
        page = browser_context(width=width, height=height).new_page()
        page.goto(f"/auth/sign-in?next={path}")
        page.fill("#email", console.email(person))
        page.fill("#password", PASSWORD)
        page.click("form button[type=submit]")
        page.wait_for_selector("main h1, main .empty-state")
        return page

    return sign_in


def _keep(context: BrowserContext, folder: Path, index: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=folder / f"page-{index}-{number}.png", full_page=True)
