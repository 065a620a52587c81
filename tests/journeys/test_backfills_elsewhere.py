"""A backfill in another database as people see it: waiting, paused, taken back in an emergency, conflicts settled; and
rows that refuse a change."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from services import backfills
from services.backfills import BackfillState, TargetAddress
from tests.factories.approvals import agree
from tests.factories.backfills import Workshop
from tests.factories.shop import Shop, a_shop
from tests.faults.ground import until
from tests.journeys.accessibility import beyond_the_edge, violations
from tests.journeys.serving import Console, environment, free_port, serving

pytestmark = pytest.mark.timeout(600)

_COINS = 60_000
_SOON = 60_000


@dataclass(frozen=True)
class Place:
    """The console, the people and coins behind it, and the shop beside it."""

    console: Console
    workshop: Workshop
    shop: Shop


@pytest.fixture(scope="module")
def place(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A worker and a web process that know the coins' definitions and the shop."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with a_shop(_COINS) as shop:
        targets = {"KONTOR_BACKFILLS__TARGETS": json.dumps({"shop": {"dsn": shop.dsn, "lock_seconds": 0.5}})}
        known = "from tests.faults import coins; coins.register()"
        with serving(f"kontor_elsewhere_{worker_id}", folder, first=known, **targets) as console:
            workshop = Workshop(console.database, 300)
            backfills.know_targets({"shop": TargetAddress(shop.dsn)})
            with (folder / "worker.log").open("wb") as output:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "tests.faults.coins", "worker"],
                    env=environment(console.database, folder, free_port()) | targets,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                try:
                    yield Place(console, workshop, shop)
                finally:
                    worker.terminate()
                    worker.wait(timeout=60)
                    backfills.know_targets({})


@pytest.fixture
def console(place: Place) -> Console:
    return place.console


def test_in_another_database_it_waits_is_paused_taken_back_at_once_and_its_conflicts_are_settled(
    place: Place, page_as: Any
):
    before = place.shop.sql("SELECT id, amount_minor FROM coin ORDER BY id")
    catalogue = page_as("dev", path="/backfills/catalogue")
    expect(catalogue.locator("section.card", has_text="tests.abroad")).to_contain_text("shop")
    made = _approved(place, "tests.abroad")
    record = f"/backfills/{made}"
    ops = page_as("ops", path=record)
    expect(ops.locator("main")).to_contain_text("shop")
    with _row_locked(place.shop, 70_000):
        ops.get_by_role("button", name="Start…").click()
        ops.get_by_role("dialog").get_by_role("button", name=re.compile("^Change ")).click()
        ops.wait_for_url(re.compile("/run$"))
        expect(ops.locator("main")).to_contain_text("Waits for the database shop, which is busy", timeout=_SOON)
        _nothing_stops(ops)
        ops.get_by_role("button", name="Pause at next batch").click()
        expect(ops.get_by_text("Paused by")).to_be_visible()
    ops.get_by_role("button", name="Resume").click()
    expect(_state(ops, "Waiting for Finance")).to_be_visible(timeout=_SOON)
    assert place.shop.sql("SELECT min(touched), max(touched) FROM coin") == [(1, 1)]

    edited = place.shop.sql("UPDATE coin SET amount_minor = 7 WHERE id <= 13 RETURNING id")
    place.shop.sql("DELETE FROM coin WHERE id = 14")
    ops.goto(f"{record}/way-back")
    ops.get_by_role("button", name="Emergency: take back now…").click()
    _say(ops, "Customers see wrong amounts.", "Take back now")
    expect(_state(ops, "Taken back, with conflicts")).to_be_visible(timeout=_SOON)
    expect(ops.locator("main")).to_contain_text(f"{len(edited) + 1}")
    _nothing_stops(ops)
    gone = ops.locator("main table tbody tr", has_text="deleted")
    expect(gone.get_by_role("button")).to_have_text("Leave it deleted…")
    ops.locator("main table tbody tr").first.get_by_role("button", name="Keep the edit…").click()
    _say(ops, "The customer was called.", "Keep what was edited")
    ops.get_by_role("button", name="Restore all…").click()
    _say(ops, "The edits were a test.", "Overwrite the edits")
    expect(ops.locator("main")).to_contain_text("1 to settle")
    ops.get_by_role("button", name="Keep all edits…").click()
    _say(ops, "The coin is gone for good.", "Keep what was edited")
    expect(_state(ops, "Taken back")).to_be_visible()
    assert place.shop.sql("SELECT amount_minor FROM coin WHERE id = 1") == [(7,)]
    assert place.shop.sql("SELECT id, amount_minor FROM coin WHERE id > 14 ORDER BY id") == [
        r for r in before if r[0] > 14
    ]


def test_rows_that_refuse_stand_on_the_page_with_their_error(place: Place, page_as: Any):
    place.workshop.sql("UPDATE coin SET label = 'mute' WHERE id IN (5, 77)")
    made = _approved(place, "tests.shout")
    place.workshop.call("Ops", backfills.start, backfill_id=made)
    until(lambda: _is(place, made, BackfillState.AWAITING_SIGNOFF), seconds=60)
    ops = page_as("ops", path=f"/backfills/{made}/run")
    aside = ops.locator("section.card", has_text="mute labels have no louder form")
    expect(aside.locator("tbody tr")).to_have_count(2)
    _nothing_stops(ops)
    ops.goto(f"/backfills/{made}/verification")
    expect(ops.locator("main")).to_contain_text("The checks hold; 2 rows were set aside")
    _nothing_stops(ops)


def _approved(place: Place, definition: str) -> uuid.UUID:
    """Drafted and measured by the worker; Ops and Finance have agreed."""
    made = place.workshop.call("Dev", backfills.draft, definition=definition, params={})
    place.workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    until(lambda: _is(place, made, BackfillState.DRY_RUN_READY), seconds=60)
    asked = place.workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    for person in ("Ops", "Finance"):
        place.workshop.call(person, lambda uow: agree(uow, asked))
    return made


def _is(place: Place, made: uuid.UUID, wanted: BackfillState) -> bool:
    return place.workshop.see(made).backfill.state is wanted


@contextmanager
def _row_locked(shop: Shop, key: int) -> Iterator[None]:
    """Somebody edits a row of the shop, and does not come to an end."""
    with psycopg.connect(shop.owner.replace("+psycopg", "")) as other:
        other.execute("SELECT 1 FROM coin WHERE id = %s FOR UPDATE", [key])
        yield


def _nothing_stops(page: Page) -> None:
    """Wide and light, narrow and dark; nothing is wider than the page."""
    page.emulate_media(reduced_motion="reduce")
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(page) == []
    assert beyond_the_edge(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.set_viewport_size({"width": 1440, "height": 900})


def _state(page: Page, word: str) -> Any:
    return page.locator(".page-title .badge", has_text=re.compile(f"^{word}$"))


def _say(page: Page, reason: str, button: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.locator("textarea").fill(reason)
    dialog.get_by_role("button", name=re.compile(f"^{button}")).click()
    expect(dialog).to_have_count(0)
