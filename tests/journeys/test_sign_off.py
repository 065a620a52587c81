"""The main job: run, work on a break, not sign one's own run, sign as a second person, read the trail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from console.pages.reconciliation.run_state import ReconciliationRunPage
from services import audit, reconciliation
from services.core.actor import Actor
from tests.journeys.accessibility import violations
from tests.journeys.merchant import console_of_a_merchant
from tests.journeys.serving import Console
from tests.journeys.socket import RawSocket

pytestmark = pytest.mark.timeout(600)

_SYSTEM = Actor.system("test")
_SIGN = "Sign off"


@pytest.fixture(scope="module")
def console(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console_of_a_merchant(f"kontor_sign_off_{worker_id}", tmp_path_factory.mktemp("sign_off")) as running:
        yield running


def test_two_people_of_finance_sign_a_day(console: Console, page_as: Any):
    page = page_as("finance.a", path="/reconciliation")
    _start_settlement(page)
    run_url = page.url

    expect(page.get_by_text("You started this run")).to_be_visible()
    expect(page.get_by_role("button", name=_SIGN)).to_have_count(0)

    number = _work_on_a_break(page)

    ops = page_as("ops", path=run_url.removeprefix(console.url))
    expect(ops.locator(".signatures")).to_be_visible()
    expect(ops.get_by_role("button", name=_SIGN)).to_have_count(0)

    second = page_as("finance.b")
    second.goto(run_url)
    second.get_by_role("button", name=_SIGN).click()
    dialog = second.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(second) == []
    if dialog.locator("textarea").count():
        dialog.locator("textarea").fill("Known causes, listed and assigned; nothing is lost.")
    dialog.get_by_role("button", name="Put my name under it").click()
    expect(second.get_by_text("This run is signed.")).to_be_visible()
    expect(second.locator(".digest")).to_be_visible()
    second.get_by_role("button", name="Verify the signature").click()
    expect(second.get_by_text("The signature holds")).to_be_visible()

    auditor = page_as("auditor", path=run_url.removeprefix(console.url))
    expect(auditor.locator(".digest")).to_be_visible()

    _the_auditor_sees_every_step(page_as("auditor", path="/audit"), console, number)


def test_ops_sees_runs_but_cannot_sign_even_by_hand(console: Console, page_as: Any):
    with console.database.unit_of_work(_SYSTEM) as uow:
        run = next(view for view in reconciliation.newest_runs(uow) if view.signature is None)
    page = page_as("ops", path=f"/reconciliation/runs/{run.id}")
    expect(page.get_by_text("Signing needs the right")).to_be_visible()
    expect(page.get_by_role("button", name=_SIGN)).to_have_count(0)

    cookie = "; ".join(f"{c.get('name')}={c.get('value')}" for c in page.context.cookies())
    handler = f"{ReconciliationRunPage.get_full_name()}.sign"
    with RawSocket(console.url, cookie=cookie, origin=console.url) as socket:
        assert "Not allowed" in socket.send(handler)

    with console.database.unit_of_work(_SYSTEM) as uow:
        still = next(view for view in reconciliation.newest_runs(uow) if view.id == run.id)
        refused = [entry for entry in audit.search(uow).entries if entry.action == "identity.event.refused"]
    assert still.signature is None
    assert "sign" in refused[0].subject_id


def _start_settlement(page: Page) -> None:
    """Starts the first settlement in the list and waits on its page until it is finished."""
    row = page.locator("tr", has_text="Settlement").first
    row.get_by_role("button", name="Reconcile now").click()
    page.wait_for_url(re.compile(r"/reconciliation/runs/"))
    expect(page.locator(".signatures")).to_be_visible(timeout=60_000)
    expect(page.locator("main h1")).to_contain_text("Settlement")


def _work_on_a_break(page: Page) -> str:
    """Opens the first break, comments and resolves it; returns its number (B-…)."""
    page.locator("a[href^='/breaks/']").first.click()
    page.wait_for_url(re.compile(r"/breaks/"))
    page.fill("#comment", "Asked the shop: the refund was booked twice.")
    page.get_by_role("button", name="comment", exact=False).first.click()
    expect(page.locator(".timeline")).to_contain_text("booked twice")
    page.fill("#reason", "The books were corrected by a reversal.")
    page.get_by_role("button", name=re.compile("^Resolve")).click()
    expect(page.get_by_text("The books were corrected by a reversal.").first).to_be_visible()
    expect(page.locator(".page-title .badge", has_text="Resolved")).to_be_visible()
    found = re.search(r"B-\d+", page.locator("main").inner_text())
    assert found
    return found.group()


def _the_auditor_sees_every_step(page: Page, console: Console, number: str) -> None:
    with console.database.unit_of_work(_SYSTEM) as uow:
        actions = {entry.action for entry in audit.search(uow).entries}
    for verb in ("finished", "commented", "resolved", "signed"):
        assert any(action.startswith("reconciliation.") and action.endswith(verb) for action in actions), actions
    for verb in ("commented", "resolved", "signed"):
        expect(page.locator("main")).to_contain_text(verb)
    assert number
