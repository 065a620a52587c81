"""A policy is changed by two people: asked for by one, mailed to the other, agreed to from the mail, in force then."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs.notifications import deliver_letters
from services.bootstrap import Application
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from services.sandbox.postbox import PostBox, catching_mail
from tests.journeys.accessibility import violations
from tests.journeys.serving import Console

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def mailbox(console: Console) -> Iterator[PostBox]:
    """The sandbox's mail catcher beside the running console."""
    folder = console.data_dir / "sandbox"
    folder.mkdir(exist_ok=True)
    connection = folder / "connection.json"
    former = connection.read_text() if connection.exists() else None
    ready, stop = threading.Event(), threading.Event()

    async def catch() -> None:
        async with catching_mail(console.data_dir) as port:
            known = json.loads(former) if former else {"api_base": "http://127.0.0.1:9", "accounts": {}}
            connection.write_text(json.dumps(known | {"mail": {"host": "127.0.0.1", "port": port}}))
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(catch()))
    thread.start()
    assert ready.wait(10)
    yield PostBox(console.data_dir)
    stop.set()
    thread.join()
    connection.write_text(former) if former else connection.unlink()


def test_a_policy_changes_when_a_second_person_agrees(console: Console, page_as: Any, mailbox: PostBox):
    first = page_as("finance.a", path="/approvals/policies")
    card = first.locator("section.card", has_text="Approval policies")
    card.get_by_role("button", name="Propose a change").click()
    first.locator("#step_hours_0").fill("96")
    first.get_by_role("button", name="Ask for approval").click()
    expect(first.locator(".page-title .badge", has_text="Waiting")).to_be_visible()
    expect(first.get_by_text("You asked for this yourself")).to_be_visible()
    expect(first.get_by_role("button", name="Agree")).to_have_count(0)

    link = _link_in_the_mail(console, mailbox)
    second = page_as("finance.b")
    expect(second.locator(".waiting-count")).to_contain_text("1")
    second.goto(link)
    expect(second.get_by_text("168")).to_be_visible()
    assert violations(second) == []
    _agree(second)
    expect(second.locator(".page-title .badge", has_text="Approved and done")).to_be_visible()
    expect(second.get_by_role("button", name="Agree")).to_have_count(0)
    expect(second.locator(".messages")).to_contain_text("Approved and done")
    expect(second.locator(".messages")).not_to_contain_text("Not saved")
    expect(second.get_by_text("1 × Finance, as delivered")).to_be_visible()

    expect(first.locator(".page-title .badge", has_text="Approved and done")).to_be_visible(timeout=15_000)
    first.goto("/approvals/policies")
    expect(first.get_by_text("96 h")).to_be_visible()
    expect(first.get_by_text("Version 1")).to_be_visible()
    _deliver(console)
    assert any(letter.to == console.email("finance.a") and "done" in letter.subject for letter in mailbox.caught())


def _agree(page: Page) -> None:
    page.get_by_role("button", name="Agree…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the last agreement that is needed")
    dialog.locator("textarea").fill("Four days are enough.")
    dialog.get_by_role("button", name="Agree").dblclick()


def _link_in_the_mail(console: Console, mailbox: PostBox) -> str:
    _deliver(console)
    (letter,) = [letter for letter in mailbox.caught() if letter.to == console.email("finance.b")]
    assert letter.subject.startswith("Waiting for you:")
    return letter.text.strip().splitlines()[-1]


def _deliver(console: Console) -> None:
    port = int(console.url.rpartition(":")[2])
    settings = Settings(data_dir=console.data_dir, sandbox=True, port=port)
    deliver_letters(Application(settings, console.database, StripeGateway.of(settings)))
