"""The result of the nightly verification reaches the page and the metrics, whichever it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from console.design.format import Reader
from console.http_api.audit_figures import audit_figures
from console.pages.audit.rows import changes, standing
from jobs import audit as loops
from jobs.registry import known_jobs
from jobs.worker import Worker
from services import audit, runs
from services.bootstrap import AUDIT_VERIFY, Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from tests.conftest import owner_url

_SYSTEM = Actor.system("test")


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Application:
    settings = Settings(sandbox=False, data_dir=tmp_path)
    made = Application(settings, database, StripeGateway.of(settings))
    with database.unit_of_work(_SYSTEM) as uow:
        for number in range(3):
            audit.record(uow, action="a.b.done", subject_type="x", subject_id=str(number), after={"number": number})
    while loops.seal(made):
        pass
    loops.checkpoint(made)
    return made


def test_before_the_first_night_the_page_says_that_none_was(app: Application):
    told, figures = _told(app)
    assert (told["tone"], told["title"]) == ("info", "The log was not verified yet; that happens each night.")
    assert figures["kontor_audit_verification_problems"] == 0


def test_an_intact_log_is_told_on_the_page_and_as_a_metric(app: Application):
    _tonight(app)
    told, figures = _told(app)
    assert told["title"].startswith("The log is intact: 3 entries verified on")
    assert told["checkpoint"].startswith("Last checkpoint: 3 entries, ")
    assert figures["kontor_audit_verification_problems"] == 0
    assert 0 <= figures["kontor_audit_verification_age_seconds"] < 600
    assert 0 <= figures["kontor_audit_checkpoint_age_seconds"] < 600


def test_a_changed_entry_is_told_on_the_page_and_as_a_metric(app: Application):
    with psycopg.connect(owner_url(app.database).replace("+psycopg", "")) as superuser:
        superuser.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        superuser.execute("UPDATE audit_entry SET subject_id = '9' WHERE subject_id = '1'")
    _tonight(app)
    told, figures = _told(app)
    assert (told["tone"], told["title"]) == ("bad", "The log is not as it was signed: 1 problem.")
    assert told["findings"]
    assert figures["kontor_audit_verification_problems"] == 1


def test_a_field_that_stayed_the_same_is_no_change(app: Application):
    with app.database.unit_of_work(_SYSTEM) as uow:
        before, after = {"amount": 1, "state": "open", "gone": "x"}, {"amount": 2, "state": "open", "new": None}
        made = audit.record(uow, action="a.b.changed", subject_type="x", subject_id="1", before=before, after=after)
        shown = changes(audit.entry(uow, entry_id=made), Reader("en", "Europe/Berlin"))
    assert [(item["field"], item["was"], item["now"]) for item in shown] == [
        ("amount", "1", "2"),
        ("gone", "x", "absent"),
        ("new", "absent", "none"),
    ]


def _tonight(app: Application) -> None:
    """The body of the scheduled run, by a worker that stops when nothing is left."""
    with app.database.unit_of_work(_SYSTEM) as uow:
        runs.enqueue(uow, kind=AUDIT_VERIFY, params=audit.VerifyParams())
    Worker(app, known_jobs(), 1, until_idle=True).run()


def _told(app: Application) -> tuple[dict[str, str], dict[str, float]]:
    with app.database.unit_of_work(_SYSTEM) as uow:
        told = standing(audit.status(uow), Reader("en", "Europe/Berlin"))
        return told, {name: value for name, _, labels, value in audit_figures(uow) if not labels}
