"""Batches: exactly once whatever happens, rows set aside, stopping at a boundary, and the way back."""

from __future__ import annotations

import random
import statistics

import pytest

from services import approvals, backfills
from services.backfills import BackfillState, Direction
from services.backfills.policy import Load, excess_of, next_size
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Killed, Workshop, taken_over
from tests.services.backfills.test_life import done, started, state


def test_killed_at_every_boundary_each_row_is_changed_once(workshop: Workshop):
    made = started(workshop)
    for looks in (1, 1, 2, 1):
        with pytest.raises(Killed):
            workshop.work(backfills.EXECUTE, stop_after=looks)
        workshop.give_up()
        workshop.sql("UPDATE kontor_backfill.cursor SET size = 100")
    workshop.work(backfills.EXECUTE)
    assert workshop.sql("SELECT count(*), min(touched), max(touched) FROM coin")[0] == (3_000, 1, 1)
    batches = workshop.sql(
        "SELECT after_key, lag(to_key) OVER (ORDER BY number) AS former FROM kontor_backfill.batch ORDER BY number"
    )
    assert all(row.after_key == row.former for row in batches)
    assert state(workshop, made) is BackfillState.VERIFYING


def test_an_overtaken_worker_writes_nothing(workshop: Workshop):
    made = started(workshop)
    with workshop.database.unit_of_work(ACTOR) as uow:
        zombie = taken_over(uow, made)
    with workshop.database.unit_of_work(ACTOR) as uow:
        taken_over(uow, made)
    with pytest.raises(backfills.NotAtWork), workshop.database.unit_of_work(ACTOR) as uow:
        backfills.step(uow, plan=zombie, direction=Direction.FORWARD)
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0


def test_paused_it_stands_at_a_boundary_and_goes_on_from_there(workshop: Workshop):
    made = started(workshop)
    with pytest.raises(Killed):
        workshop.work(backfills.EXECUTE, stop_after=1)
    workshop.give_up()
    workshop.call("Ops", backfills.pause, backfill_id=made)
    at = workshop.see(made).progress
    assert state(workshop, made) is BackfillState.PAUSED
    workshop.call("Ops", backfills.resume, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    assert at is not None
    assert 0 < at.changed < 3_000
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin")[0] == (1, 1)


def test_cancelled_it_keeps_what_it_did_until_it_is_taken_back(workshop: Workshop):
    made = started(workshop)
    with pytest.raises(Killed):
        workshop.work(backfills.EXECUTE, stop_after=1)
    workshop.give_up()
    workshop.call("Ops", backfills.cancel, backfill_id=made, reason="wrong evening")
    assert state(workshop, made) is BackfillState.CANCELLED
    asked = workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="clean up after it")
    assert state(workshop, made) is BackfillState.CANCELLED
    workshop.call("Finance", lambda uow: agree(uow, asked))
    workshop.work(backfills.ROLL_BACK)
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    assert workshop.sql("SELECT count(*) FROM coin WHERE amount_minor <> 100 + (id - id / 4) % 7")[0][0] == 0


def test_a_row_that_refuses_is_set_aside_with_its_error(workshop: Workshop):
    made = started(workshop)
    workshop.sql("ALTER TABLE coin ADD CHECK (id NOT IN (10, 500) OR touched = 0)")
    workshop.work(backfills.EXECUTE)
    seen = workshop.see(made)
    assert {row.key for row in seen.quarantine} == {"10", "500"}
    assert "check constraint" in seen.quarantine[0].error
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched = 1")[0][0] == 2_998
    workshop.work(backfills.VERIFY)
    assert state(workshop, made) is BackfillState.AWAITING_SIGNOFF
    verification = workshop.see(made).backfill.verification
    assert verification is not None
    assert (verification["held"], verification["aside"]) == (True, 2)
    request_id = workshop.see(made).backfill.signoff_request_id
    asked = workshop.call("", approvals.request_detail, request_id=request_id)
    assert [line.value for line in asked.description.lines] == [2_998, 2]
    told = workshop.sql("SELECT content FROM notification WHERE purpose = 'backfills.verified' AND recipient LIKE '#%'")
    assert "8 of 8 checks hold; rows set aside: 2" in str(told[0].content)


def test_too_many_refusals_end_it(workshop: Workshop):
    made = started(workshop)
    workshop.sql("ALTER TABLE coin ADD CHECK (id > 20 OR touched = 0)")
    with pytest.raises(backfills.TooManyQuarantined):
        workshop.work(backfills.EXECUTE)
    assert workshop.sql("SELECT count(*) FROM coin WHERE touched <> 0")[0][0] == 0
    assert made


def test_a_function_changes_what_sql_cannot_say(workshop: Workshop):
    workshop.sql("UPDATE coin SET label = 'mute' WHERE id = 77")
    made = done(workshop, "tests.shout")
    seen = workshop.see(made)
    assert seen.backfill.state is BackfillState.AWAITING_SIGNOFF, seen.backfill.verification
    assert [row.key for row in seen.quarantine] == ["77"]
    assert workshop.sql("SELECT count(*) FROM coin WHERE label = upper(label)")[0][0] == 2_999


def test_what_only_a_function_knows_is_predicted_to_the_cent(workshop: Workshop):
    workshop.sql("UPDATE coin SET label = 'mute' WHERE id = 77")
    made = done(workshop, "tests.round_up")
    seen = workshop.see(made)
    assert seen.backfill.dry_run is not None
    frozen = seen.backfill.dry_run["frozen"]
    wanted = "SELECT currency, sum(amount_minor - 100 - (id - id / 4) % 7) AS gross FROM coin GROUP BY 1 ORDER BY 1"
    assert [(one["currency"], one["gross"]) for one in frozen["money"]] == [tuple(row) for row in workshop.sql(wanted)]
    assert frozen["rows"] == workshop.sql("SELECT count(*) FROM coin WHERE amount_minor = 110")[0][0] + 1
    assert [row.key for row in seen.quarantine] == ["77"]
    assert seen.backfill.problem is None, seen.backfill.verification


def test_the_way_back_leaves_later_edits_alone_and_lists_them(workshop: Workshop):
    made = done(workshop)
    edited = workshop.sql("UPDATE coin SET amount_minor = amount_minor + 50 WHERE id <= 600 RETURNING id")
    gone = workshop.sql("DELETE FROM coin WHERE id BETWEEN 700 AND 710 RETURNING id")
    workshop.sql("UPDATE backfill SET state = 'rejected' WHERE id = :id", id=made)
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="take it back")
    with pytest.raises(Killed):
        workshop.work(backfills.ROLL_BACK, stop_after=1)
    workshop.give_up()
    result = workshop.work(backfills.ROLL_BACK)
    assert result == {"restored": 3_000 - len(edited) - len(gone), "conflicts": len(edited) + len(gone)}
    seen = workshop.see(made)
    assert seen.backfill.state is BackfillState.ROLLED_BACK_WITH_CONFLICTS
    kept = workshop.sql("SELECT count(*) FROM coin WHERE id <= 600 AND amount_minor = 151 + (id - id / 4) % 7")[0][0]
    assert kept == len(edited)
    assert (
        workshop.sql("SELECT count(*) FROM coin WHERE id > 600 AND amount_minor <> 100 + (id - id / 4) % 7")[0][0] == 0
    )
    assert workshop.sql("SELECT count(*) FROM kontor_backfill.conflict WHERE found IS NULL")[0][0] == len(gone)
    page = workshop.call("", backfills.conflicts, backfill_id=made, limit=5_000)
    assert {row.key for row in page.rows if row.found is None} == {str(row.id) for row in gone}


def test_load_makes_it_wait_and_says_why(workshop: Workshop):
    made = started(workshop)

    class Meter:
        def read(self, _: object) -> Load:
            return Load(replication_ms=4_200)

    with workshop.database.unit_of_work(ACTOR) as uow:
        plan = taken_over(uow, made)
        assert backfills.breathe(uow, plan=plan, meter=Meter())  # pyright: ignore[reportArgumentType]
    throttle = workshop.see(made).backfill.throttle
    assert throttle is not None
    assert (throttle["indicator"], throttle["value"], throttle["limit"]) == ("replication_ms", 4_200, 3_000)
    with workshop.database.unit_of_work(ACTOR) as uow:
        assert backfills.breathe(uow, plan=plan, meter=backfills.LoadMeter()) is None
    assert workshop.see(made).backfill.throttle is None


def test_the_next_batch_is_sized_towards_the_time_aimed_at():
    assert next_size(1_000, [(1_000, 0.01)], 0.5) == 4_000
    assert next_size(1_000, [(1_000, 0.15)], 0.5) == 2_000
    assert next_size(1_000, [(1_000, 10.0)], 0.5) == 500
    assert next_size(1, [(1, 10.0)], 0.5) == 1
    assert next_size(1_000, [(1_000, 0.425)], 0.5) == pytest.approx(1_000, abs=2)
    assert excess_of(Load()) is None


def test_a_batch_that_had_to_wait_does_not_make_the_next_ones_small():
    steady = [(50_000, 0.42)] * 10
    assert next_size(50_000, [(50_000, 0.9), *steady], 0.5) > 45_000
    assert next_size(50_000, [(50_000, 1.9), *steady], 0.5) == 25_000


def test_the_first_small_batches_do_not_hold_the_later_ones_back():
    size, recent, taken = 1_000, [], []
    for _ in range(7):
        seconds = 0.012 + size * 2e-6
        recent = [(size, seconds), *recent]
        taken.append(seconds)
        size = next_size(size, recent, 0.5)
    assert taken[5] > 0.4
    assert max(taken) < 0.5


def test_where_waiting_costs_more_than_the_rows_batches_do_not_shrink_to_nothing():
    size, recent = 50_000, [(50_000, 0.42)]
    for _ in range(20):
        recent.insert(0, (size, 1.2 + size * 8e-6))
        size = next_size(size, recent[:30], 0.5)
    assert size > 5_000


def test_the_slow_ones_among_noisy_batches_end_near_the_target():
    chance, size, recent, taken = random.Random(7), 1_000, [], []
    for _ in range(400):
        seconds = size * 7e-6 * chance.lognormvariate(0, 0.12) + 0.002
        recent = [(size, seconds), *recent[:29]]
        taken.append(seconds)
        size = next_size(size, recent, 0.5)
    p95 = statistics.quantiles(taken[10:], n=20)[-1]
    assert 0.75 * 0.5 < p95 < 1.25 * 0.5
