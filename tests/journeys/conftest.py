"""A running console for journeys: built bundle, own database, free port, a signed-in browser a role.

What a failing journey left behind (trace, screenshot, the server's log) stands in `.artefacts/`.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services import identity
from services.core.actor import Actor
from services.core.clock import Clock
from services.core.db import Database
from services.core.keyring import KeyFolder, Keyring
from services.identity import Role
from tests import chromium as installed
from tests.conftest import clone_database, drop_database
from tests.factories.identity import PASSWORD, a_user, an_entity

_ARTEFACTS = Path(__file__).parents[2] / ".artefacts"
_SYSTEM = Actor.system("test")
PEOPLE = {
    "finance.a": Role.FINANCE,
    "finance.b": Role.FINANCE,
    "ops": Role.OPS,
    "dev": Role.DEV,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMIN,
}


@dataclass(frozen=True)
class Console:
    """A web process of its own: where it answers, its database, and what it wrote to its log."""

    url: str
    database: Database
    data_dir: Path
    log: Path

    def email(self, person: str) -> str:
        return f"{person}@kontor.example"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One console serves all journeys, so they stay on one test worker."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("journeys"))
            item.add_marker(pytest.mark.journey)


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


@contextmanager
def serving(name: str, folder: Path, **settings: str) -> Iterator[Console]:
    """A console on a database of that name; a module whose data or `settings` would be in others' way has its own."""
    database = Database(clone_database(name), clock=Clock(), keyring=Keyring(KeyFolder(folder / "keys")))
    _populate(database)
    port, log = free_port(), folder / "web.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", f"from console.kit import serving; serving.serve('127.0.0.1', {port})"],
            env=environment(database, folder, port) | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(f"http://localhost:{port}/healthz", process, log)
        yield Console(f"http://localhost:{port}", database, folder, log)
    finally:
        process.terminate()
        process.wait(timeout=15)
        database.dispose()
        drop_database(name)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed.executable(), args=["--no-sandbox"])
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
        context.set_default_timeout(15_000)
        context.tracing.start(screenshots=True, snapshots=True)
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


def _populate(database: Database) -> None:
    with database.unit_of_work(_SYSTEM) as uow:
        if not identity.legal_entities(uow):
            an_entity(uow)
            an_entity(
                uow,
                "mh-ch",
                name="Musterhandel Schweiz AG",
                country="CH",
                currency="CHF",
                time_zone="Europe/Zurich",
            )
        for person, role in PEOPLE.items():
            a_user(uow, role, email=f"{person}@kontor.example")


def environment(database: Database, folder: Path, port: int) -> dict[str, str]:
    """Of a process that belongs to that console."""
    return os.environ | {
        "DATABASE_URL": database.url,
        "KONTOR_DATA_DIR": str(folder),
        "KONTOR_PORT": str(port),
        "KONTOR_SANDBOX": "true",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Up to five minutes, because the first start may build the pages."""
    for _ in range(600):
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.5)
    pytest.fail(f"The console did not start:\n{log.read_text()[-3000:]}")


def _keep(context: BrowserContext, folder: Path, index: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(context.pages):
        page.screenshot(path=folder / f"page-{index}-{number}.png", full_page=True)
