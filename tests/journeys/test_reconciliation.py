"""Finance at its desk: rules edited and published, breaks worked by keyboard, a write-off, a month, the report."""

from __future__ import annotations

import datetime as dt
import re
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from services import reconciliation
from services.core.actor import Actor
from services.reconciliation import BreakFilter
from tests.journeys.serving import Console

pytestmark = pytest.mark.timeout(900)

_SYSTEM = Actor.system("test")
SLOW = 60_000


@pytest.fixture
def console(console_with_books: Console) -> Console:
    return console_with_books


def test_a_rule_is_edited_tried_asked_for_and_published(console: Console, page_as: Any):
    page = page_as("finance.a", path="/reconciliation/rules")
    page.locator("#timing_days").fill("5")
    rule = page.locator(".rule-order li", has_text="S-70")
    rule.get_by_role("button", name="Use it").click()
    expect(rule.get_by_role("button", name="Leave it out")).to_be_visible()
    page.locator("#note").fill("Banks of two countries book at the weekend.")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator(".rule-changes")).to_contain_text("5 days", timeout=SLOW)
    expect(page.locator(".rule-changes")).to_contain_text("S-70")
    page.get_by_role("button", name="Try on the last runs").click()
    expect(page.get_by_text(re.compile(r"tried: \d+ breaks more, \d+ fewer"))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Ask to publish").click()
    page.get_by_role("link", name="Open the request").click(timeout=SLOW)
    page.wait_for_url(re.compile(r"/approvals/"))
    expect(page.get_by_role("button", name="Agree")).to_have_count(0)

    second = page_as("finance.b", path=page.url.removeprefix(console.url))
    agree(second, "Seen in the back-test; it takes the weekend breaks away.")
    expect(second.locator(".page-title .badge", has_text="Approved and done")).to_be_visible(timeout=SLOW)
    second.goto("/reconciliation/rules")
    expect(second.locator(".page-meta")).to_contain_text("version 2 holds", timeout=SLOW)
    expect(second.locator(".rule-versions")).to_contain_text("→ 5 days")


def test_twenty_breaks_are_commented_with_the_keyboard(console: Console, page_as: Any):
    page = page_as("finance.a", path="/breaks?state=unresolved&severity=minor,notable,severe")
    rows = page.locator("main table[data-keys] tbody tr")
    expect(rows.first).to_be_visible(timeout=SLOW)
    count = min(20, rows.count())
    page.keyboard.press("j")
    page.keyboard.press("x")
    for _ in range(count - 1):
        page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(page.locator(".bulk-bar")).to_contain_text(f"{count} break", timeout=SLOW)
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill("Asked the shop about all of these; @finance.b please look too.")
    dialog.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text(f"{count} breaks have the comment")).to_be_visible(timeout=SLOW)


def test_a_view_is_saved_and_a_single_break_is_worked_by_keys_alone(console: Console, page_as: Any):
    page = page_as("finance.a", path="/breaks?age=fresh,week,old")
    page.get_by_role("button", name="Save this view").click()
    page.locator("#view_name").fill("All ages")
    page.get_by_role("dialog").get_by_role("button", name="Save this view").click()
    expect(page.get_by_role("link", name="All ages")).to_be_visible(timeout=SLOW)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/breaks/B-"))
    expect(page.locator("#comment")).to_be_visible(timeout=SLOW)
    page.keyboard.press("c")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("Looked at by keys alone.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("by keys alone", timeout=SLOW)
    page.locator("main h1").click()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/breaks$"))


def test_a_write_off_takes_four_eyes(console: Console, page_as: Any):
    with console.database.unit_of_work(_SYSTEM) as uow:
        row = reconciliation.list_breaks(uow, filter=BreakFilter(), sort="delta", limit=1).rows[0]
    page = page_as("finance.a", path=f"/breaks/{row.name}")
    expect(page.locator(".page-title .badge")).to_be_visible(timeout=SLOW)
    if page.get_by_role("button", name="Reopen").count():
        page.locator("#reason").fill("Looked at again for the write-off.")
        page.get_by_role("button", name="Reopen").click()
    page.locator("#resolution").select_option("accepted", timeout=SLOW)
    page.locator("#reason").fill("The customer cannot be reached any more.")
    page.get_by_role("button", name=re.compile("^Resolve")).click()
    expect(page.locator(".page-title .badge", has_text=re.compile("Proposed|Awaiting|Waiting"))).to_be_visible(
        timeout=SLOW
    )

    second = page_as("finance.b", path="/approvals")
    second.get_by_role("link", name=f"Write off {row.name}").first.click(timeout=SLOW)
    agree(second, "Agreed: the claim is worthless.")
    second.goto(f"/breaks/{row.name}")
    expect(second.locator(".page-title .badge", has_text="Resolved")).to_be_visible(timeout=SLOW)


def test_month_and_drift_lead_to_the_items(console: Console, page_as: Any):
    page = page_as("auditor", path=f"/reconciliation/month?month={dt.datetime.now(dt.UTC):%Y-%m}")
    expect(page.locator(".pairs .sum").first).to_be_visible(timeout=SLOW)
    page.locator(".pairs a[href*='source=settlement']").first.click()
    expect(page.locator("#items table")).to_be_visible(timeout=SLOW)
    page.goto("/reconciliation/drift")
    expect(page.locator(".plot .main-svg").first).to_be_visible(timeout=SLOW)
    page.goto("/clearing")
    expect(page.get_by_text("What the closing consists of").first).to_be_visible(timeout=SLOW)


def test_the_report_opens_as_pdf_and_as_workbook(console: Console, page_as: Any):
    page = page_as("finance.a", path="/reconciliation")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (XLSX)").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    book = load_workbook(BytesIO(download.value.path().read_bytes()))
    assert [sheet.title for sheet in book.worksheets] == ["State", "Oldest breaks"]
    assert book.worksheets[0].max_row > 4
    with page.expect_download() as download:
        page.get_by_role("link", name="Report (PDF)").click()
    read = PdfReader(download.value.path())
    assert "Reconciliation through" in "".join(page.extract_text() for page in read.pages)
    page.goto("/breaks")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert len(download.value.path().read_text().splitlines()) > 1


def agree(page: Page, reason: str) -> None:
    page.get_by_role("button", name="Agree…").click(timeout=SLOW)
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill(reason)
    dialog.get_by_role("button", name="Agree").click()
    expect(dialog).to_have_count(0, timeout=SLOW)
