"""An auditor reads the log: narrows it, follows a record and a person, keeps the view, takes it away and checks it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from jobs import audit as loops
from services import audit, identity
from services.bootstrap import Application, audit_keys
from services.core.actor import Actor, ActorKind
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from tests.journeys.accessibility import beyond_the_edge, violations
from tests.journeys.serving import Console

pytestmark = pytest.mark.timeout(600)
_SUBJECT = "re_1NQuarter"


@pytest.fixture(scope="module")
def app(console: Console) -> Application:
    """The console's own installation, whose log is sealed, signed and verified as its worker would."""
    port = int(console.url.rpartition(":")[2])
    settings = Settings(data_dir=console.data_dir, sandbox=False, port=port)
    made = Application(settings, console.database, StripeGateway.of(settings))
    _write(console)
    while loops.seal(made):
        pass
    loops.checkpoint(made)
    done = audit.verify_log(made.database, actor=Actor.system("verifier"), verifiers=audit_keys(settings).verifiers())
    with console.database.unit_of_work(Actor.system("verifier")) as uow:
        audit.save_verification(uow, done=done)
    return made


def _write(console: Console) -> None:
    """Two deeds to one record: Kontor's, and a person's with their reason."""
    with console.database.unit_of_work(Actor.system("nightly sync")) as uow:
        person = identity.user_by_email(uow, email=console.email("finance.a"))
        about: dict[str, Any] = {"subject_type": "refund", "subject_id": _SUBJECT}
        audit.record(uow, action="payments.refund.requested", after={"amount_minor": 80_000}, **about)
    actor = Actor(ActorKind.USER, person.id, "Femke Anders", address="192.0.2.7")
    with console.database.unit_of_work(actor) as uow:
        audit.record(
            uow,
            action="payments.refund.raised",
            before={"amount_minor": 80_000, "state": "requested"},
            after={"amount_minor": 120_000, "state": "requested"},
            reason="Ostergeschenk fuer treue Kunden",
            **about,
        )


def test_how_the_log_stands_is_told_first(app: Application, page_as: Any):
    page = page_as("auditor", path="/audit")
    standing = page.locator(".callout").first
    expect(standing).to_contain_text("The log is intact")
    expect(standing).to_contain_text("Last checkpoint")
    assert violations(page) == []


def test_words_lead_to_the_entry_its_changes_and_its_proof(app: Application, page_as: Any):
    page = page_as("auditor", path="/audit")
    search = page.get_by_role("searchbox")
    search.fill("ostergeschenk")
    search.press("Tab")
    page.wait_for_url("**q=ostergeschenk**")
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.get_by_role("button", name="payments.refund.raised").click()
    drawer = page.locator("aside.drawer")
    expect(drawer).to_contain_text("Ostergeschenk fuer treue Kunden")
    changed = drawer.get_by_role("row", name="amount_minor")
    expect(changed).to_contain_text("80000")
    expect(changed).to_contain_text("120000")
    expect(drawer).to_contain_text("lead to the root of the signed checkpoint")
    assert violations(page) == []

    drawer.get_by_role("link", name="All of this record").click()
    expect(page.get_by_role("heading", name=f"Timeline of refund {_SUBJECT}")).to_be_visible()
    expect(page.locator(".timeline > li")).to_have_count(2)
    assert violations(page) == []

    page.get_by_role("button", name="payments.refund.raised").click()
    page.locator("aside.drawer").get_by_role("link", name="All of Femke Anders").click()
    expect(page.get_by_role("heading", name="Everything Femke Anders did")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("payments.refund.raised")
    expect(page.locator(".timeline")).not_to_contain_text("payments.refund.requested")


def test_no_timeline_stands_under_the_address_of_another(app: Application, page_as: Any):
    page = page_as("auditor", path="/audit")
    answers = _HeldAnswers(page)
    page.goto(f"/audit?subject_type=refund&subject={_SUBJECT}")
    former = page.get_by_role("heading", name=f"Timeline of refund {_SUBJECT}")
    expect(former).to_be_visible()
    page.get_by_role("button", name="payments.refund.raised").click()
    link = page.locator("aside.drawer").get_by_role("link", name="All of Femke Anders")
    expect(link).to_be_visible()
    answers.hold()
    link.click()
    page.wait_for_url("**actor=**")
    expect(former).to_have_count(0, timeout=5_000)
    expect(page.locator(".timeline")).to_have_count(0, timeout=5_000)
    answers.release()
    expect(page.get_by_role("heading", name="Everything Femke Anders did")).to_be_visible()
    expect(page.locator(".timeline")).not_to_contain_text("payments.refund.requested")


class _HeldAnswers:
    """Stands in the websocket of a page, to keep back what the server says until it is released."""

    def __init__(self, page: Page) -> None:
        self._holding = False
        self._kept: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket("**/_event/**", self._stand_between)

    def hold(self) -> None:
        self._holding = True

    def release(self) -> None:
        self._holding = False
        for socket, message in self._kept:
            socket.send(message)
        self._kept.clear()

    def _stand_between(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: self._pass_on(socket, message))

    def _pass_on(self, socket: WebSocketRoute, message: str | bytes) -> None:
        if self._holding:
            self._kept.append((socket, message))
        else:
            socket.send(message)


def test_a_filter_is_kept_as_a_view_and_one_that_fits_nothing_says_so(app: Application, page_as: Any):
    page = page_as("auditor", path="/audit")
    page.get_by_label("All areas").select_option("payments")
    page.wait_for_url("**action=payments**")
    expect(page.locator("main tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Save this view").click()
    page.get_by_role("dialog").locator("input[name=view_name]").fill("Refunds")
    page.get_by_role("dialog").get_by_role("button", name="Save this view").click()
    expect(page.get_by_role("navigation", name="Saved views")).to_contain_text("Refunds")
    page.goto("/audit?q=nothing+like+it")
    expect(page.locator("main")).to_contain_text("No entry matches")
    assert violations(page) == []
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Refunds").click()
    page.wait_for_url("**action=payments**")
    expect(page.locator("main tbody tr")).to_have_count(2)


def test_what_is_taken_away_checks_itself_without_us(app: Application, page_as: Any, tmp_path: Path):
    page = page_as("auditor", path="/audit?action=payments")
    expect(page.locator("main tbody tr")).to_have_count(2)
    extract = _download(page, "Export with proofs", tmp_path / "log.zip")
    with zipfile.ZipFile(extract) as bundle:
        bundle.extract("verify.py", tmp_path)
        lines = bundle.read("entries.ndjson").decode().splitlines()
    assert len(lines) == 2
    outside = app.settings.data_dir / "audit" / "checkpoints" / "latest.txt"
    (key,) = audit_keys(app.settings).verifiers()
    command = [sys.executable, "-I", "-S", "verify.py", extract.name, "--key", str(key), "--checkpoint", str(outside)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 entries hold" in done.stdout

    table = _download(page, "CSV", tmp_path / "log.csv").read_text(encoding="utf-8-sig")
    assert [line for line in table.splitlines() if _SUBJECT in line][1:]
    assert "Femke Anders" in table


def test_a_small_screen_holds_the_log(app: Application, page_as: Any):
    page = page_as("auditor", width=390, path="/audit")
    expect(page.locator(".callout").first).to_contain_text("The log is intact")
    assert beyond_the_edge(page) == []
    assert violations(page) == []


def _download(page: Page, name: str, to: Path) -> Path:
    with page.expect_download() as taken:
        page.get_by_role("link", name=name).click()
    taken.value.save_as(to)
    return to
