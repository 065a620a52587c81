"""From draft to signature, and every way in which it must not start."""

from __future__ import annotations

import datetime as dt
import uuid

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError

from services import backfills
from services.approvals import Reached
from services.backfills import BackfillState
from services.core.errors import Conflict, Forbidden
from services.core.money import Money
from tests.factories.approvals import agree
from tests.factories.backfills import Workshop, reject, request_of


def started(workshop: Workshop, definition: str = "tests.plus_one", **params: int) -> uuid.UUID:
    made = workshop.agreed(definition, **params)
    workshop.call("Ops", backfills.start, backfill_id=made)
    return made


def done(workshop: Workshop, definition: str = "tests.plus_one") -> uuid.UUID:
    made = started(workshop, definition)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    return made


def state(workshop: Workshop, made: uuid.UUID) -> BackfillState:
    return workshop.see(made).backfill.state


def test_the_green_way_to_finance_s_signature(workshop: Workshop):
    sum_before = workshop.sql("SELECT sum(amount_minor) FROM coin")[0][0]
    made = done(workshop)
    seen = workshop.see(made)
    assert seen.backfill.state is BackfillState.AWAITING_SIGNOFF
    assert seen.backfill.verification is not None
    assert {one["code"]: one["held"] for one in seen.backfill.verification["results"]} == {
        "rows_changed": True,
        "before_images": True,
        "coins": True,
        **{f"money_{what}.{currency}": True for what in ("moved", "net") for currency in ("CHF", "EUR")},
        "sample_recomputed": True,
    }
    assert seen.backfill.verification["sampled"] > 0
    assert workshop.sql("SELECT sum(amount_minor) FROM coin")[0][0] == sum_before + 3_000
    workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
    assert state(workshop, made) is BackfillState.SIGNED_OFF
    actions = {row.action for row in workshop.sql("SELECT action FROM audit_entry WHERE subject_type = 'backfill'")}
    assert actions >= {f"backfills.backfill.{verb}" for verb in ("drafted", "started", "verified", "signed_off")}


def test_the_dry_run_says_exactly_what_happens_and_leaves_nothing(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={"least": 1_000})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    found = workshop.see(made).backfill.dry_run
    assert found is not None
    wanted = workshop.sql("SELECT count(*), max(id) FROM coin WHERE id > 1000")[0]
    assert (found["frozen"]["rows"], found["frozen"]["bound"]) == (wanted.count, str(wanted.max))
    sums = {one["currency"]: one for one in found["frozen"]["money"]}
    for row in workshop.sql("SELECT currency, count(*), sum(amount_minor) FROM coin WHERE id > 1000 GROUP BY 1"):
        assert sums[row.currency]["gross"] == row.count
        assert sums[row.currency]["after"] - sums[row.currency]["before"] == row.count
    drawn = {one["drawn"] for one in found["sample"]}
    assert {"random", "largest", "lowest amount_minor", "highest amount_minor"} <= drawn
    held = {one["name"]: one["mode"] for one in found["locks"]}
    assert (held["coin"], found["turn"]) == ("RowExclusiveLock", None)
    assert all(one["after"]["amount_minor"] == one["before"]["amount_minor"] + 1 for one in found["sample"])
    assert any("Update on coin" in line for line in found["explain"])
    assert found["estimate"]["before_image_bytes"] > 0
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0
    assert workshop.sql("SELECT to_regclass('kontor_backfill.before_1')")[0][0] is None


@pytest.mark.parametrize("currency", ["", "eur"])
def test_money_of_no_known_currency_is_asked_for_and_takes_all_three_teams(workshop: Workshop, currency: str):
    workshop.sql("UPDATE coin SET currency = :currency", currency=currency)
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    assert (asked.content["frozen"]["money"][0]["gross"], asked.seats) == (3_000, 3)


def test_the_money_of_every_currency_is_judged_by_its_own_threshold(workshop: Workshop):
    """One öre moves, and thousands in currencies with a threshold that is not reached."""
    workshop.sql("UPDATE coin SET currency = 'SEK' WHERE id = 1")
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    assert workshop.call("", backfills.risk, backfill_id=made) is None
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    before = workshop.call("", backfills.risk, backfill_id=made)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    assert (asked.amount, asked.reached, asked.seats) == (Money(1, "SEK"), Reached.CURRENCY, 3)
    assert workshop.call("", backfills.risk, backfill_id=made) == before
    assert (before.closed, before.standing.facts.currency) == (False, "SEK")


def test_it_starts_only_with_everybody_s_agreement(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    with pytest.raises(backfills.IllegalStep):
        workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    workshop.call("Ops", lambda uow: agree(uow, asked))
    with pytest.raises(backfills.IllegalStep):
        workshop.call("Ops", backfills.start, backfill_id=made)
    with pytest.raises(IntegrityError):
        workshop.sql("UPDATE backfill SET state = 'running' WHERE id = :id", id=made)
    with pytest.raises(Forbidden):
        workshop.call("Finance", backfills.start, backfill_id=made)
    assert workshop.sql("SELECT count(*) FROM run WHERE kind = 'backfills.execute'")[0][0] == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE backfill SET params = '{\"least\": 7}'", "params"),
        ("UPDATE backfill SET dry_run = jsonb_set(dry_run, '{frozen,rows}', '5')", "frozen"),
        ("UPDATE coin SET amount_minor = amount_minor + 1 WHERE id = 1", "with other values"),
        ("DELETE FROM coin WHERE id = 2", "saw 3000 rows, now there are 2999"),
        ("INSERT INTO coin VALUES (3, 5, 'EUR', 'late')", "saw 3000 rows, now there are 3001"),
    ],
)
def test_whatever_changed_after_the_agreement_stops_the_start(workshop: Workshop, change: str, why: str):
    made = workshop.agreed("tests.plus_one")
    workshop.sql(change)
    begun = workshop.call("Ops", backfills.start, backfill_id=made)
    seen = workshop.see(made).backfill
    assert (begun.run_id, seen.state, seen.request_id) == (None, BackfillState.DRAFT, None)
    assert begun.problem == seen.problem
    assert why in (seen.problem or "")
    assert workshop.sql("SELECT count(*) FROM run WHERE kind = 'backfills.execute'")[0][0] == 0
    assert workshop.sql("SELECT state FROM approval_request")[0][0] == "withdrawn"
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0


def test_a_row_beyond_the_frozen_bound_is_nobody_s_business(workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.sql("INSERT INTO coin VALUES (1000000, 5, 'EUR', 'new')")
    workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    assert workshop.sql("SELECT touched FROM coin WHERE id = 1000000")[0][0] == 0


def test_other_parameters_make_it_a_draft_again(workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Dev", backfills.change_params, backfill_id=made, params={"least": 3})
    seen = workshop.see(made).backfill
    assert (seen.state, seen.dry_run, seen.request_id) == (BackfillState.DRAFT, None, None)


def test_parameters_changed_in_the_database_while_it_runs_stop_it(workshop: Workshop):
    made = started(workshop)
    workshop.sql("UPDATE backfill SET params = '{\"least\": 7}' WHERE id = :id", id=made)
    with pytest.raises(backfills.PlanChanged):
        workshop.work(backfills.EXECUTE)
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0


def test_a_rejected_request_leads_back_to_the_dry_run(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    workshop.call("Finance", lambda uow: reject(uow, asked))
    assert state(workshop, made) is BackfillState.DRY_RUN_READY


def test_a_red_verification_is_rejected_and_leads_back(workshop: Workshop):
    before = workshop.sql("SELECT id, amount_minor FROM coin ORDER BY id")
    made = done(workshop, "tests.broken")
    seen = workshop.see(made).backfill
    assert (seen.state, seen.problem) == (BackfillState.AWAITING_SIGNOFF, "The verification found: none_left.")
    with pytest.raises(backfills.DeviationsOpen):
        workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    assert workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="the check is red") is None
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    assert workshop.sql("SELECT id, amount_minor FROM coin ORDER BY id") == before


def test_finance_rejects_and_it_is_taken_back(workshop: Workshop):
    made = done(workshop)
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    assert state(workshop, made) is BackfillState.REJECTED
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="Finance said no")
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK


def test_finance_signs_a_deviation_that_was_explained(workshop: Workshop):
    made = done(workshop, "tests.broken")
    former = request_of(workshop, made, "backfills.sign_off")
    asked = workshop.call("Ops 2", backfills.explain_deviation, backfill_id=made, code="none_left", text="coins stay")
    assert asked.digest != former.digest
    workshop.call("Finance", lambda uow: agree(uow, asked))
    seen = workshop.see(made).backfill
    assert seen.state is BackfillState.SIGNED_OFF
    assert seen.verification is not None
    (red,) = [one for one in seen.verification["results"] if not one["held"]]
    assert red["explained"] == {"text": "coins stay", "by": "Ops 2"}


def test_in_an_emergency_it_is_taken_back_at_once_and_everybody_is_told(workshop: Workshop):
    made = done(workshop)
    workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
    begun = workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="customers see it", emergency=True)
    workshop.work(backfills.ROLL_BACK)
    seen = workshop.see(made).backfill
    assert (begun, seen.state, seen.emergency_by_name) == (None, BackfillState.ROLLED_BACK, "Ops")
    told = workshop.sql("SELECT recipient FROM notification WHERE purpose = 'backfills.emergency'")
    assert {row.recipient for row in told} >= {"finance@example.com", "dev@example.com", "#releases"}


def test_while_finance_has_not_decided_only_an_emergency_takes_it_back(workshop: Workshop):
    before = workshop.sql("SELECT id, amount_minor FROM coin ORDER BY id")
    made = done(workshop)
    with pytest.raises(backfills.NotUndoable):
        workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="it looks wrong")
    asked = request_of(workshop, made, "backfills.sign_off")
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="customers see it", emergency=True)
    assert request_of(workshop, made, "backfills.sign_off").state == "withdrawn"
    with pytest.raises(Conflict):
        workshop.call("Finance", lambda uow: agree(uow, asked))
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    assert workshop.sql("SELECT id, amount_minor FROM coin ORDER BY id") == before


def test_once_signed_it_takes_another_agreement_to_undo(workshop: Workshop):
    made = done(workshop)
    workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
    asked = workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="found out too late")
    assert state(workshop, made) is BackfillState.SIGNED_OFF
    workshop.call("Finance", lambda uow: agree(uow, asked))
    assert state(workshop, made) is BackfillState.ROLLING_BACK
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE backfill SET state = 'running'",
        "UPDATE backfill SET state = 'running', plan = dry_run",
        "UPDATE backfill SET state = 'running', consumed_request_id = request_id",
        "INSERT INTO approval_consumption (request_id, consumed_by_name, digest)"
        " SELECT request_id, 'nobody', 'forged' FROM backfill",
    ],
)
def test_the_application_s_role_cannot_start_it_past_its_approval(workshop: Workshop, statement: str):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Dev", backfills.change_params, backfill_id=made, params={"least": 3})
    with psycopg.connect(workshop.database.url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("kontor_app",)
        with pytest.raises(psycopg.Error) as refusal:
            connection.execute(statement.encode())
    assert isinstance(refusal.value, psycopg.errors.IntegrityError | psycopg.errors.InsufficientPrivilege)
    assert state(workshop, made) is BackfillState.DRAFT


def test_a_start_forged_with_another_s_approval_changes_no_row(workshop: Workshop):
    """Whoever owns the tables can write the row; the worker still compares it with what was agreed to."""
    other = started(workshop)
    workshop.work(backfills.EXECUTE)
    used = workshop.sql("SELECT consumed_request_id FROM backfill WHERE id = :id", id=other)[0][0]
    made = workshop.agreed("tests.plus_one")
    before = workshop.sql("SELECT min(touched), max(touched) FROM coin")[0]
    with pytest.raises(IntegrityError):
        workshop.sql(
            "UPDATE backfill SET state = 'running', consumed_request_id = :used WHERE id = :id", used=used, id=made
        )
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin")[0] == before


def test_a_definition_taken_out_of_the_code_leaves_its_backfills_on_record(workshop: Workshop):
    made = done(workshop)
    workshop.sql("UPDATE backfill SET definition = 'shop.gone_since' WHERE id = :id", id=made)
    seen = workshop.see(made)
    assert (seen.backfill.title.en, seen.definition.columns) == ("shop.gone_since", ())
    started_at = seen.backfill.started_at
    assert started_at is not None
    shown = workshop.call("", backfills.calendar, start=started_at, end=started_at + dt.timedelta(days=1))
    assert [one.title.de for one in shown.changes] == ["shop.gone_since"]
    with pytest.raises(backfills.UnknownDefinition):
        workshop.call("Ops", backfills.verify_again, backfill_id=made)


def test_thrown_away_nobody_is_asked_about_it_any_more(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    workshop.call("Dev", backfills.cancel, backfill_id=made, reason="not needed any more")
    assert state(workshop, made) is BackfillState.DISCARDED
    assert request_of(workshop, made, "backfills.run").state == "withdrawn"
    with pytest.raises(Conflict):
        workshop.call("Ops", lambda uow: agree(uow, asked))
