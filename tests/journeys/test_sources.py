"""Finance uploads a bank ZIP with a hole in it, sees the hole, brings what was missing; and reads a strange ledger."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from services.bank.policy import is_bank_day
from tests.factories.bank import Row, Statement, camt, zipped
from tests.journeys.accessibility import beyond_the_edge
from tests.journeys.serving import Console

SECONDS = 60_000
LONG_NAME = "camt053_DE89370400440532013000_EUR_statement_number_2.xml"
LEDGER = "Datum;Stripe_ID;Art;Brutto;Währung\n16.03.2026 10:00;ch_1;charge;1.019,99;EUR\nheute;ch_2;charge;1,00;EUR\n"


@pytest.fixture(scope="module")
def worker(console: Console) -> Iterator[None]:
    environment = os.environ | {"DATABASE_URL": console.database.url, "KONTOR_DATA_DIR": str(console.data_dir)}
    with (console.data_dir / "worker.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs", "worker"], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    yield
    process.terminate()
    process.wait(timeout=15)


def weekdays(count: int) -> list[dt.date]:
    """The last days that are over, oldest first; no weekend among them."""
    days, day = [], dt.datetime.now(dt.UTC).date()
    while len(days) < count:
        day -= dt.timedelta(days=1)
        if day.weekday() < 5:
            days.append(day)
    return days[::-1]


def marked_between(before: dt.date, after: dt.date) -> int:
    """How many days of a hole the calendar marks: those on which the bank books, else all."""
    hole = [before + dt.timedelta(days=number) for number in range(1, (after - before).days)]
    return len([day for day in hole if is_bank_day(day)] or hole)


def upload(page: Page, name: str, data: bytes) -> None:
    kind = "application/zip" if name.endswith(".zip") else "application/xml"
    page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": kind, "buffer": data})


def test_a_gap_is_seen_and_goes_when_the_missing_file_comes(
    console: Console, worker: None, page_as: Callable[..., Page], tmp_path: Path
):
    days = weekdays(3)
    closings = ("10.00", "30.00", "35.00")
    openings = ("0.00", "10.00", "30.00")
    amounts = ("10.00", "20.00", "5.00")
    first, second, third = (
        Statement(number, day, openings[number - 1], closings[number - 1], [Row(amounts[number - 1], f"J{number}")])
        for number, day in enumerate(days, start=1)
    )
    page = page_as("finance.a", path="/imports")
    upload(page, "statements.zip", zipped({"1.xml": camt(first), "3.xml": camt(third)}))
    page.get_by_role("link", name="DE89 3704 0044 0532 0130 00").click(timeout=SECONDS)
    gap = page.locator(".calendar-day[data-state=gap]")
    expect(gap).to_have_count(marked_between(days[0], days[2]), timeout=SECONDS)
    expect(page.get_by_text("one statement missing by its number")).to_be_visible()
    page.screenshot(path=console.data_dir / "account-gap.png", full_page=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.screenshot(path=console.data_dir / "account-gap-390.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/imports")
    upload(page, LONG_NAME, camt(second))
    page.get_by_role("link", name=re.compile(r"^camt053.*2\.xml$")).click(timeout=SECONDS)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("heading", name=LONG_NAME)).to_be_visible(timeout=SECONDS)
    assert beyond_the_edge(page) == []
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/imports")
    page.get_by_role("link", name="DE89 3704 0044 0532 0130 00").click()
    expect(page.locator(".calendar-day[data-state=proven]")).to_have_count(3, timeout=SECONDS)
    expect(gap).to_have_count(0)
    page.get_by_role("link", name="Edit the mapping").click()
    expect(page.get_by_role("heading", name="Which column is what")).to_be_visible(timeout=SECONDS)


def test_a_ledger_is_opened_and_its_mapping_shown_beside_a_sample(
    console: Console, worker: None, page_as: Callable[..., Page]
):
    page = page_as("admin", path="/setup")
    page.get_by_label("Name").nth(0).wait_for(timeout=SECONDS)
    form = page.locator("form", has_text="Open the ledger")
    form.locator("[name=ledger_name]").fill("ERP")
    form.locator("[name=ledger_code]").fill("erp")
    form.get_by_role("button", name="Open the ledger").click()
    expect(page.get_by_text("ERP is ready")).to_be_visible(timeout=SECONDS)
    page.screenshot(path=console.data_dir / "setup.png", full_page=True)
    page.goto("/imports/vouchers")
    expect(page.get_by_text("No voucher")).to_be_visible(timeout=SECONDS)
    page.screenshot(path=console.data_dir / "vouchers.png", full_page=True)
    page.goto("/imports")
    page.get_by_role("link", name="ERP").click(timeout=SECONDS)
    expect(page.locator(".calendar")).to_be_visible(timeout=SECONDS)
    page.screenshot(path=console.data_dir / "ledger.png", full_page=True)
    page.get_by_role("link", name="Edit the mapping").click(timeout=SECONDS)
    sample = {"name": "erp.csv", "mimeType": "text/csv", "buffer": LEDGER.encode("cp1252")}
    page.locator("input[type=file]").first.set_input_files(sample)  # pyright: ignore[reportArgumentType]
    expect(page.get_by_text("ch_1:charge")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("is no date")).to_be_visible()
    page.screenshot(path=console.data_dir / "mapping.png", full_page=True)
    page.get_by_role("button", name="Save the mapping").click()
    expect(page.get_by_text("The mapping is saved")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("mapping version 2")).to_be_visible(timeout=SECONDS)
