"""The main job in a browser: run, look into a break, resolve it, sign under four eyes, be read by the auditor."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from services import identity
from services.core.actor import Actor
from services.reconciliation import SourceKind
from tests.factories.reconciliation import Row, load
from tests.journeys.conftest import Console

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def entity(console: Console) -> uuid.UUID:
    """Books and Stripe of one entity that agree but for one fee and one missing line."""
    with console.database.unit_of_work(Actor.system("test")) as uow:
        entity = identity.entity_by_code(uow, code="mh-de").id
        rows = [Row(f"ch_{number:04d}:charge", 10_000, fee=175) for number in range(300)]
        load(uow, entity, SourceKind.BOOKS, [*rows[2:], Row(rows[1].key, 10_000, fee=170)])
        load(uow, entity, SourceKind.STRIPE, rows)
    return entity


def _work_off(console: Console) -> None:
    """A worker that ends when nothing is left to do."""
    environment = os.environ | {
        "DATABASE_URL": console.database.url,
        "KONTOR_DATA_DIR": str(console.data_dir),
        "KONTOR_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "jobs", "worker", "--until-idle"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)


def test_finance_runs_resolves_and_signs_under_four_eyes(
    console: Console, entity: uuid.UUID, page_as: Callable[..., Page]
):
    ada = page_as("finance.a", path="/reconciliation")
    ada.locator("tr", has_text="Settlement").filter(has_text="Musterhandel GmbH").get_by_role(
        "button", name="Reconcile now"
    ).first.click()
    ada.wait_for_url("**/reconciliation/runs/*")
    _work_off(console)
    expect(ada.locator(".signatures")).to_be_visible(timeout=30_000)
    run = ada.url
    expect(ada.get_by_text("You started this run")).to_be_visible()
    expect(ada.get_by_role("button", name="Sign off")).to_have_count(0)

    ada.locator("tr", has_text="Missing in books").get_by_role("link").first.click()
    expect(ada.get_by_role("heading", name="is missing in the books")).to_be_visible()
    ada.fill("#comment", "The file of that day came late.")
    ada.get_by_role("button", name="Add").click()
    expect(ada.locator(".timeline .said", has_text="came late")).to_be_visible()
    ada.fill("#reason", "Booked by hand on the next day")
    ada.locator("form .button-primary").click()
    expect(ada.locator(".page-title .badge", has_text="Resolved")).to_be_visible()

    ops = page_as("ops", path=run.removeprefix(console.url))
    expect(ops.locator(".signatures")).to_be_visible()
    expect(ops.get_by_role("button", name="Sign off")).to_have_count(0)

    ben = page_as("finance.b", path=run.removeprefix(console.url))
    ben.get_by_role("button", name="Sign off").click()
    ben.locator(".dialog-modal .button-primary").click()
    expect(ben.locator(".digest")).to_be_visible()
    ben.get_by_role("button", name="Verify the signature").click()
    expect(ben.get_by_text("The signature holds")).to_be_visible()

    auditor = page_as("auditor", path=run.removeprefix(console.url))
    expect(auditor.locator(".signatures", has_text="ben").or_(auditor.locator(".digest")).first).to_be_visible()
    _every_step_is_in_the_log(console)


def _every_step_is_in_the_log(console: Console) -> None:
    with console.database.unit_of_work(Actor.system("test")) as uow:
        actions = set(uow.session.scalars(text("SELECT action FROM audit_entry WHERE action LIKE 'reconciliation.%'")))
    assert actions >= {
        "reconciliation.run.finished",
        "reconciliation.break.commented",
        "reconciliation.break.resolved",
        "reconciliation.run.signed",
    }
