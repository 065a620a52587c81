"""Finance at its desk: rules edited and published, breaks worked by keyboard, a write-off, a month, the report."""

from __future__ import annotations

import datetime as dt
import re
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader
from sqlalchemy import text

from services import bank, books, identity, reconciliation
from services.core.actor import Actor
from services.reconciliation import UNRESOLVED, BreakClass, BreakFilter, Definition, PeriodSpan, PeriodState, Resolution
from tests.factories.bank import Row, Statement, camt, zipped
from tests.journeys.accessibility import violations
from tests.journeys.serving import Console

pytestmark = pytest.mark.timeout(900)

_SYSTEM = Actor.system("test")
_KNOWN = """
SELECT * FROM ledger_entry WHERE entity_id = :entity AND booked_on = :day AND type = 'charge' AND currency <> 'JPY'
ORDER BY id LIMIT 1
"""
SLOW = 60_000
SAMPLE = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"Datum;Betrag;Text\n16.03.2026;1,00;STRIPE\n"}
_OF_MANY = ("Assign…", "Comment…", "Resolve…", "They belong together…", "Reopen…")


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


def test_twenty_breaks_are_resolved_with_the_keyboard(console: Console, page_as: Any):
    page = page_as("finance.b", path="/breaks?state=unresolved")
    rows = page.locator("main table[data-keys] tbody tr")
    expect(rows.first).to_be_visible(timeout=SLOW)
    before = open_breaks(console)
    count = min(20, rows.count())
    for _ in range(count):
        page.keyboard.press("j")
        page.keyboard.press("Shift+X" if _ else "x")
    page.keyboard.press("r")  # at once: what is still on its way to the server counts all the same
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"Resolve {count} breaks?")).to_be_visible(timeout=SLOW)
    expect(dialog.locator("select")).to_be_focused()
    page.keyboard.type("Books corrected")
    page.keyboard.press("Tab")
    page.keyboard.type("The books were corrected this morning.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"{count} breaks are resolved")).to_be_visible(timeout=SLOW)
    expect(dialog).to_have_count(0)
    expect(page.locator(".bulk-bar")).to_have_count(0)
    expect(page.locator(".pager")).to_contain_text(f"of {before - count}", timeout=SLOW)
    assert open_breaks(console) == before - count
    with console.database.unit_of_work(_SYSTEM) as uow:
        done = reconciliation.list_breaks(uow, filter=BreakFilter.from_address({"state": "resolved"}), limit=500)
        who = identity.user_by_email(uow, email=console.email("finance.b")).display_name
    corrected = [row for row in done.rows if row.resolution == Resolution.BOOKS_CORRECTED]
    assert len(corrected) == count
    assert {row.resolved_by_name for row in corrected} == {who}


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
    if page.get_by_role("button", name="Open again").count():
        page.locator("#reason").fill("Looked at again for the write-off.")
        page.get_by_role("button", name="Open again").click()
    expect(page.locator("#terms")).to_contain_text("you only propose it", timeout=SLOW)
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


def test_a_month_is_closed_takes_no_late_write_and_is_reopened_by_two(console: Console, page_as: Any):
    month, entity, known = closable_month(console)
    page = page_as("finance.b", path="/reconciliation/periods")
    line = (
        page.locator("main tr", has_text=entity.name)
        .filter(has_text="Settlement")
        .filter(has=page.get_by_role("link", name=f"{month.last_day:%B %Y}", exact=True))
        .first
    )
    line.get_by_role("button", name="Sign off").click(timeout=SLOW)
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill("Known causes, listed and assigned; nothing is lost.")
    dialog.get_by_role("button", name="Sign off").click()
    expect(page.get_by_text(re.compile("is signed off"))).to_be_visible(timeout=SLOW)
    expect(line).to_contain_text("Signed off", timeout=SLOW)

    late = "entry_id,posted_at,reference,type,customer,invoice,amount,fee,currency,status,payout\n"
    late += f"LATE1,{month.last_day}T10:00:00+01:00,ch_late_1,charge,,,19.99,0.59,EUR,succeeded,\n"
    late += f"{known.entry_ref},{known.posted_at.isoformat()},{known.reference},{known.type},,,"
    late += f"{known.amount_minor / 100 + 5:.2f},0.59,{known.currency},{known.status},\n"
    page.goto("/imports")
    page.locator("#target").select_option(str(entity.id), timeout=SLOW)
    page.locator("input[type=file]").first.set_input_files(
        {"name": "late.csv", "mimeType": "text/csv", "buffer": late.encode()}
    )
    expect(page.get_by_role("link", name="late.csv")).to_be_visible(timeout=SLOW)
    reconcile_now(page, entity.name)
    page.goto("/reconciliation/periods")
    came = page.locator("main table", has_text="Moved to")
    expect(came.locator("tr", has_text="ch_late_1")).not_to_contain_text("held back", timeout=SLOW)
    held = came.locator("tr", has_text=known.reference)
    expect(held).to_contain_text("held back until the period is opened again", timeout=SLOW)
    came.locator("tr", has_text="ch_late_1").locator("a[href*='/reconciliation/runs/']").click()
    expect(page.get_by_text("This run is signed").or_(page.locator(".signatures")).first).to_be_visible(timeout=SLOW)

    page.goto("/reconciliation/periods")
    line.get_by_role("button", name="Verify").click(timeout=SLOW)
    expect(page.get_by_text(re.compile("nothing has moved since it was signed"))).to_be_visible(timeout=SLOW)
    line.get_by_role("button", name="Reopen").click()
    expect(dialog).to_be_visible(timeout=SLOW)
    assert violations(page) == []
    dialog.locator("textarea").fill("A booking of the last day came late.")
    dialog.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_text(re.compile("waits under Approvals"))).to_be_visible(timeout=SLOW)
    first = page_as("finance.a", path="/approvals")
    first.get_by_role("link", name=re.compile("^Reopen Settlement")).first.click(timeout=SLOW)
    agree(first, "The booking belongs to that month.")
    page.goto("/reconciliation/periods")
    expect(line).to_contain_text("Reopened", timeout=SLOW)
    reconcile_now(page, entity.name)
    page.goto("/reconciliation/periods")
    expect(line).to_contain_text("Ready", timeout=SLOW)


def test_dialogs_and_forms_have_no_serious_violation(console: Console, page_as: Any):
    """Each where it opens, one page load each; nothing is sent."""
    page = page_as("finance.a", path="/breaks?state=unresolved")
    page.locator("main table[data-keys] tbody tr").first.wait_for(timeout=SLOW)
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    found = {deed: judged(page, page.get_by_role("button", name=deed)) for deed in _OF_MANY}
    found["view"] = judged(page, page.get_by_role("button", name="Save this view"))
    with console.database.unit_of_work(_SYSTEM) as uow:
        match = reconciliation.match_page(uow, filter=reconciliation.MatchFilter(), limit=1).rows[0]
        account = bank.accounts(uow)[0]
        ledger = books.sources(uow)[0]
        alone = reconciliation.list_breaks(
            uow, filter=BreakFilter(classes=(BreakClass.MISSING_LEFT,), states=UNRESOLVED)
        ).rows
        near = next(row for row in alone if reconciliation.evidence_of(uow, number=row.number).candidates)
    page.goto(f"/breaks/{near.name}")
    found["match a break"] = judged(page, page.get_by_role("button", name=re.compile("^Match with")).first)
    page.goto(f"/reconciliation/matches/{match.id}")
    found["take apart"] = judged(page, page.get_by_role("button", name="Take it apart…"))
    page.goto("/reconciliation/basics")
    found["amounts"] = judged(page, page.get_by_role("button", name="Change…").first)
    page.goto("/reconciliation/periods?state=ready")
    found["sign a period"] = judged(page, page.get_by_role("button", name="Sign off").first)
    for place in (f"accounts/{account.id}/csv", f"ledgers/{ledger.id}/mapping"):
        page.goto(f"/imports/{place}")
        sample = {
            "name": "sample.csv",
            "mimeType": "text/csv",
            "buffer": b"Datum;Betrag;Text\n16.03.2026;1,00;STRIPE\n",
        }
        page.locator("input[type=file]").first.set_input_files(sample)
        page.locator("main table").first.wait_for(timeout=SLOW)
        found[place] = violations(page)
    assert {name: stopping for name, stopping in found.items() if stopping} == {}


def judged(page: Page, opener: Locator) -> list[str]:
    """What axe finds in the dialog that opens, which is closed again."""
    opener.click(timeout=SLOW)
    expect(page.get_by_role("dialog")).to_be_visible(timeout=SLOW)
    stopping = violations(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=SLOW)
    return stopping


def test_month_and_drift_lead_to_the_items(console: Console, page_as: Any):
    page = page_as("auditor", path=f"/reconciliation/month?month={console.database.clock.now():%Y-%m}")
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


def test_a_bank_zip_with_a_gap_shows_it_and_blocks_the_signature_of_its_days(console: Console, page_as: Any):
    with console.database.unit_of_work(_SYSTEM) as uow:
        entity = identity.legal_entities(uow)[0]
    today = console.database.clock.now().date()
    days = [day for back in range(14, 1, -1) if (day := today - dt.timedelta(days=back)).weekday() < 5][:3]
    first, third = (
        Statement(number, days[number - 1], opening, closing, [Row(amount, f"GAP{number}")])
        for number, opening, closing, amount in ((1, "0.00", "10.00", "10.00"), (3, "30.00", "35.00", "5.00"))
    )
    page = page_as("finance.a", path="/imports")
    page.locator("#target").select_option(str(entity.id), timeout=SLOW)
    page.locator("input[type=file]").first.set_input_files(
        {
            "name": "statements.zip",
            "mimeType": "application/zip",
            "buffer": zipped({"1.xml": camt(first), "3.xml": camt(third)}),
        }
    )
    page.get_by_role("link", name="DE89 3704 0044 0532 0130 00").click(timeout=SLOW)
    expect(page.locator(".calendar-day[data-state=gap]").first).to_be_visible(timeout=SLOW)
    page.get_by_role("table", name="Statements").get_by_role("link").last.click()
    expect(page.get_by_role("table", name="Lines")).to_contain_text("10.00", timeout=SLOW)
    reconcile_now(page, entity.name, "Payouts")
    second = page_as("finance.b", path=page.url.removeprefix(console.url))
    expect(second.locator("main")).to_contain_text("DE89370400440532013000", timeout=SLOW)
    expect(second.get_by_text("has a gap or does not balance").first).to_be_visible(timeout=SLOW)
    expect(second.get_by_role("button", name=re.compile("^Sign off"))).to_have_count(0)
    second.goto("/reconciliation/periods")
    expect(second.get_by_role("link", name=re.compile("holes? in its inputs")).first).to_be_visible(timeout=SLOW)


def open_breaks(console: Console) -> int:
    with console.database.unit_of_work(_SYSTEM) as uow:
        return reconciliation.list_breaks(uow, filter=BreakFilter.from_address({"state": "unresolved"}), limit=1).total


def closable_month(console: Console) -> tuple[reconciliation.PeriodView, identity.LegalEntityView, Any]:
    """A month that can be signed, its legal entity, and one line of the books from it."""
    with console.database.unit_of_work(_SYSTEM) as uow:
        month = next(
            item
            for item in reconciliation.list_periods(uow)
            if item.span is PeriodSpan.MONTH
            and item.state is PeriodState.READY
            and item.definition is Definition.SETTLEMENT
        )
        entity = next(one for one in identity.legal_entities(uow) if one.id == month.entity_id)
        known = uow.session.execute(text(_KNOWN), {"entity": entity.id, "day": month.last_day}).one()
    return month, entity, known


# The record that a tab showed last stands there for a moment, so that its sheet alone says nothing.
_SHOWS_ITS_RUN = """() => {
    const id = location.pathname.split('/runs/')[1] || 'none', main = document.querySelector('main');
    return main.querySelector('.signatures') && main.innerText.includes(`${id.slice(0, 8)}…${id.slice(-4)}`);
}"""


def reconcile_now(page: Page, entity: str, definition: str = "Settlement") -> None:
    """One definition of one legal entity, until its run is there."""
    page.goto("/reconciliation")
    line = page.locator("main tr", has_text=entity).filter(has_text=definition).first
    line.get_by_role("button", name="Reconcile now").click(timeout=SLOW)
    page.wait_for_function(_SHOWS_ITS_RUN, timeout=SLOW)


def agree(page: Page, reason: str) -> None:
    page.get_by_role("button", name="Agree…").click(timeout=SLOW)
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill(reason)
    dialog.get_by_role("button", name="Agree").click()
    expect(dialog).to_have_count(0, timeout=SLOW)
