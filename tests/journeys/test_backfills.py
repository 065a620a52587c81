"""A backfill from draft to the way back, and from draft to Finance's signature, with a real worker."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from services import backfills
from services.backfills import WindowDraft
from services.core.actor import Actor
from services.payments.vocabulary import StripeObject
from tests.factories import payments as stripe
from tests.journeys.accessibility import violations
from tests.journeys.serving import Console, environment, free_port, serving

pytestmark = pytest.mark.timeout(600)

_SYSTEM = Actor.system("test")
_PAYMENTS = 400
_SOON = 60_000
_NEVER = WindowDraft("Never now", (0,), dt.time(3), dt.time(3, 1), "Pacific/Kiritimati")
_ALWAYS = WindowDraft("Always", tuple(range(7)), dt.time(0), dt.time(0), "Europe/Berlin")


@pytest.fixture(scope="module")
def console(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console of its own with settled payments and a flag service, and a worker beside it."""
    flags = "from tests.fakes import flag_service; flag_service.connect()"
    with serving(f"kontor_backfills_{worker_id}", tmp_path_factory.mktemp("backfills"), first=flags) as running:
        _settle_payments(running)
        with (running.data_dir / "worker.log").open("wb") as output:
            worker = subprocess.Popen(
                [sys.executable, "-m", "jobs", "worker"],
                env=environment(running.database, running.data_dir, free_port()),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                yield running
            finally:
                worker.terminate()
                worker.wait(timeout=60)


def test_red_verification_leads_to_the_way_back(console: Console, page_as: Any):
    with console.database.unit_of_work(_SYSTEM) as uow:
        window = backfills.add_window(uow, window=_NEVER)
    dev, record = _measured(page_as, "Training")
    _agreed_by_ops_and_finance(page_as, dev)

    ops = page_as("ops", path=record)
    expect(ops.get_by_role("button", name="Start…")).to_have_count(0)
    ops.get_by_role("button", name="Start when a window opens").click()
    ops.get_by_role("dialog").get_by_role("button", name="Plan the start").click()
    expect(ops.get_by_text("Starts by itself from")).to_be_visible()

    with _somebody_waits_for_a_lock(console):
        with console.database.unit_of_work(_SYSTEM) as uow:
            backfills.change_window(uow, window_id=window, version=1, window=_ALWAYS)
        expect(_state(ops, "Running")).to_be_visible(timeout=_SOON)
        ops.goto(f"{record}/run")
        expect(ops.get_by_text("Waits to spare the database. Longest lock wait is")).to_be_visible(timeout=_SOON)
        assert violations(ops) == []
        ops.get_by_role("button", name="Pause at next batch").click()
        expect(ops.get_by_text("Paused by")).to_be_visible()
        expect(ops.get_by_role("button", name="Pause at next batch")).to_have_count(0)
        ops.get_by_role("button", name="Slower").click()
        expect(ops.locator("button[aria-pressed=true]")).to_have_text("Slower")
    ops.get_by_role("button", name="Resume").click()
    expect(_state(ops, "Waiting for Finance")).to_be_visible(timeout=_SOON)
    expect(ops.get_by_role("button", name="Resume")).to_have_count(0)

    finance = page_as("finance.a", path=f"{record}/verification")
    expect(finance.get_by_text("1 result deviates")).to_be_visible()
    expect(finance.get_by_role("button", name="Sign off…")).to_have_count(0)
    behind = finance.locator("section.card", has_text="Rows behind a deviation")
    expect(behind.locator("tbody tr").first).to_contain_text("credited_minor")
    assert violations(finance) == []
    finance.get_by_role("button", name="Reject…").click()
    _say(finance, "The fees are missing from the net amounts.", "Reject the change")
    expect(_state(finance, "Rejected by Finance")).to_be_visible()

    ops.goto(f"{record}/way-back")
    ops.get_by_role("button", name="Take it back…").click()
    expect(ops.get_by_role("dialog")).to_be_visible()
    assert violations(ops) == []
    _say(ops, "Finance rejected the net amounts.", "Take it back")
    expect(_state(ops, "Taken back")).to_be_visible(timeout=_SOON)
    expect(ops.get_by_text("Every row is back")).to_be_visible()
    assert violations(ops) == []
    assert _filled(console) == 0


def test_the_green_way_to_the_signature(console: Console, page_as: Any):
    dev, record = _measured(page_as, "Fill the net amount")
    assert violations(dev) == []
    _agreed_by_ops_and_finance(page_as, dev)
    ops = page_as("ops", path=record)
    ops.get_by_role("button", name="Start…").click()
    ops.get_by_role("dialog").get_by_role("button", name=re.compile("^Change ")).click()
    ops.wait_for_url(re.compile("/run$"))
    expect(_state(ops, "Waiting for Finance")).to_be_visible(timeout=_SOON)

    _flag_waits_for_the_signature(ops, record)
    finance = page_as("finance.b", path=f"{record}/verification")
    expect(finance.get_by_text("Everything is as it was promised")).to_be_visible()
    finance.get_by_role("button", name="Sign off…").click()
    finance.get_by_role("dialog").get_by_role("button", name="Put my name under it").click()
    expect(_state(finance, "Signed off")).to_be_visible()

    finance.goto(f"{record}/sign-off")
    expect(finance.locator(".signature:not([data-open])")).to_have_count(3, timeout=_SOON)
    expect(_flag(finance)).to_contain_text("payments.net-from-column")
    expect(_flag(finance).get_by_role("button")).to_have_count(0)
    expect(finance.locator("tr", has_text="Signed off")).to_be_visible()
    assert violations(finance) == []
    assert _filled(console) == _PAYMENTS

    ops.reload()
    _flag(ops).get_by_role("button", name="Roll out to 25").click()
    expect(ops.get_by_role("dialog")).to_contain_text("payments.net-from-column")
    assert violations(ops) == []
    ops.get_by_role("dialog").get_by_role("button", name="Roll out to 25").click()
    expect(_flag(ops).locator("dd", has_text=re.compile(r"^25\s%$"))).to_be_visible()
    expect(_flag(ops).get_by_role("button", name="Roll out to 50")).to_be_visible()

    ops.goto("/backfills/calendar")
    expect(ops.locator(".plan-entry").first).to_be_visible()
    assert violations(ops) == []


def test_parameters_changed_after_the_approval_refuse_the_start(console: Console, page_as: Any):
    with console.database.unit_of_work(_SYSTEM) as uow:
        uow.session.execute(text("UPDATE payment SET net_minor = NULL"))
    dev, record = _measured(page_as, "Fill the net amount")
    _agreed_by_ops_and_finance(page_as, dev)
    ops = page_as("ops", path=record)
    ops.get_by_role("button", name="Start…").click()
    with console.database.unit_of_work(_SYSTEM) as uow:
        changed = text("UPDATE backfill SET params = :params WHERE id = :id")
        uow.session.execute(changed, {"params": '{"since": "2020-01-01"}', "id": record.rpartition("/")[2]})
    ops.get_by_role("dialog").get_by_role("button", name=re.compile("^Change ")).click()
    expect(_state(ops, "Draft")).to_be_visible()
    expect(ops.get_by_role("button", name="Start…")).to_have_count(0)
    expect(ops.locator("main")).to_contain_text("params")
    assert _filled(console) == 0


def test_the_calendar_takes_a_window_and_a_freeze(console: Console, page_as: Any):
    ops = page_as("ops", path="/backfills/calendar?month=2031-03")
    ops.get_by_role("button", name="New freeze…").click()
    dialog = ops.get_by_role("dialog")
    assert violations(ops) == []
    dialog.locator("#from").fill("2031-03-28T12:00")
    dialog.locator("#to").fill("2031-04-01T08:00")
    dialog.locator("#reason").fill("Quarter end")
    dialog.get_by_role("button", name="Freeze changes").click()
    expect(ops.locator(".plan-freeze").first).to_have_text("Quarter end")
    assert violations(ops) == []
    small = page_as("auditor", width=390, path="/backfills/calendar?month=2031-03")
    expect(small.locator(".plan-day", has_text="Quarter end").first).to_be_visible()
    assert violations(small) == []
    expect(small.get_by_role("button", name="New freeze…")).to_have_count(0)


def _flag(page: Page) -> Any:
    return page.locator("section.card", has_text="Feature flag")


def _flag_waits_for_the_signature(ops: Page, record: str) -> None:
    ops.goto(f"{record}/sign-off")
    expect(_flag(ops).locator("dd", has_text=re.compile(r"^0\s%$"))).to_be_visible()
    expect(_flag(ops).get_by_role("button")).to_have_count(0)


def _measured(page_as: Any, title: str) -> tuple[Page, str]:
    """Dev drafts, measures and asks; the page of the record and its path."""
    dev = page_as("dev", path="/backfills/draft")
    expect(dev).to_have_url(re.compile("/backfills/catalogue$"))
    dev.locator("section.card", has_text=title).get_by_role("link", name="Draft…").click()
    dev.get_by_role("button", name="Make the draft").click()
    dev.get_by_role("button", name="Take the dry run").click()
    expect(dev.get_by_role("heading", name="Before and after")).to_be_visible(timeout=_SOON)
    dev.get_by_role("button", name=re.compile("^Ask for approval of")).click()
    expect(_state(dev, "Waiting for approval")).to_be_visible()
    return dev, re.sub(r"^https?://[^/]+", "", dev.url)


def _agreed_by_ops_and_finance(page_as: Any, dev: Page) -> None:
    """Each on the request's page, where the same dry run stands."""
    request = dev.get_by_role("link", name="Open the request").first.get_attribute("href")
    for person in ("ops", "finance.a"):
        page = page_as(person, path=request)
        expect(page.locator("table.diff tbody tr").first).to_be_visible()
        page.get_by_role("button", name="Agree…").click()
        page.get_by_role("dialog").get_by_role("button", name="Agree").click()
        expect(page.get_by_role("button", name="Agree…")).to_have_count(0)
    expect(_state(dev, "Approved")).to_be_visible()


def _state(page: Page, word: str) -> Any:
    return page.locator(".page-title .badge", has_text=re.compile(f"^{word}$"))


def _say(page: Page, reason: str, button: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill(reason)
    dialog.get_by_role("button", name=button).click()


def _filled(console: Console) -> int:
    with console.database.unit_of_work(_SYSTEM) as uow:
        return uow.session.scalar(text("SELECT count(*) FROM payment WHERE net_minor IS NOT NULL")) or 0


def _settle_payments(console: Console) -> None:
    with console.database.unit_of_work(_SYSTEM) as uow:
        account = stripe.connected_account(uow, code="shop")
        intents = [stripe.intent(amount=2000 + number) for number in range(_PAYMENTS)]
        charges = [stripe.charge(intent=one["id"], amount=one["amount"]) for one in intents]
        moves = [stripe.balance_transaction(source=one["id"], amount=one["amount"]) for one in charges]
        stripe.stored(uow, account, StripeObject.PAYMENT_INTENT, *intents)
        stripe.stored(uow, account, StripeObject.CHARGE, *charges)
        stripe.stored(uow, account, StripeObject.BALANCE_TRANSACTION, *moves)


@contextmanager
def _somebody_waits_for_a_lock(console: Console) -> Iterator[None]:
    """The load that a backfill spares: somebody always waits for between four and eight seconds, which is not yet
    the load at which it pauses by itself."""
    key, engine, stop = uuid.uuid4().int % 2**31, console.database.engine, threading.Event()
    lock = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=key)

    def wait(after: float) -> None:
        stop.wait(after)
        while not stop.is_set():
            with engine.connect() as waiter, suppress(OperationalError):
                waiter.execute(text("SET LOCAL lock_timeout = '8s'"))
                waiter.execute(lock)

    with engine.connect() as holder:
        holder.execute(lock)
        threads = [threading.Thread(target=wait, args=(after,)) for after in (0.0, 4.0)]
        for thread in threads:
            thread.start()
        stop.wait(5.0)
        try:
            yield
        finally:
            stop.set()
            holder.rollback()
            for thread in threads:
                thread.join()
