"""A second database with a role of its own: the same guarantees, though its transactions cannot join ours."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from services import approvals, backfills
from services.backfills import BackfillState, Direction, Settlement, TargetAddress
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Killed, Workshop, reject, request_of, taken_over
from tests.factories.shop import PASSWORD, Shop, a_shop
from tests.fakes import flag_service
from tests.services.backfills.test_life import state

_EDITED, _LAST_EDITED = 500, 666  # every fourth id is a gap


@pytest.fixture
def shop(workshop: Workshop) -> Iterator[Shop]:
    """3,000 coins elsewhere, and none here."""
    workshop.sql("DELETE FROM coin")
    with a_shop(3_000) as made:
        backfills.know_targets({"shop": TargetAddress(made.dsn, statement_seconds=5, lock_seconds=0.5)})
        yield made
        backfills.know_targets({})


def begun(workshop: Workshop) -> uuid.UUID:
    made = workshop.agreed("tests.abroad")
    asked = workshop.call("", approvals.request_detail, request_id=workshop.see(made).backfill.request_id)
    assert "shop: coin.amount_minor" in [line.value for line in asked.description.lines]
    begin = workshop.call("Ops", backfills.start, backfill_id=made)
    assert begin.problem is None
    return made


def test_the_green_way_and_back_with_its_conflicts(workshop: Workshop, shop: Shop):
    before = shop.sql("SELECT id, amount_minor FROM coin ORDER BY id")
    made = workshop.call("Dev", backfills.draft, definition="tests.abroad", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    assert shop.sql("SELECT to_regnamespace('kontor_backfill')") == [(None,)]
    assert workshop.see(made).backfill.predicted == 3_000
    made = begun(workshop)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    seen = workshop.see(made)
    assert seen.backfill.state is BackfillState.AWAITING_SIGNOFF
    assert seen.backfill.verification is not None
    assert seen.backfill.verification["held"], seen.backfill.verification
    assert seen.progress is not None
    assert seen.progress.changed == 3_000
    assert shop.sql("SELECT count(*), min(touched), max(touched) FROM coin") == [(3_000, 1, 1)]
    edited = shop.sql(f"UPDATE coin SET amount_minor = 7 WHERE id <= {_LAST_EDITED} RETURNING id")
    assert len(edited) == _EDITED
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="the shop says no")
    workshop.work(backfills.ROLL_BACK)
    page = workshop.call("", backfills.conflicts, backfill_id=made, limit=2 * _EDITED)
    assert (state(workshop, made), page.open) == (BackfillState.ROLLED_BACK_WITH_CONFLICTS, _EDITED)
    assert {row.key for row in page.rows} == {str(key) for (key,) in edited}
    assert shop.sql(f"SELECT count(*) FROM coin WHERE id <= {_LAST_EDITED} AND amount_minor = 7") == [(_EDITED,)]
    others = [row for row in before if row[0] > _LAST_EDITED]
    assert shop.sql(f"SELECT id, amount_minor FROM coin WHERE id > {_LAST_EDITED} ORDER BY id") == others
    done = workshop.call(
        "Ops", backfills.settle_conflicts, backfill_id=made, how=Settlement.RESTORE, reason="the edit was a test"
    )
    assert (done.settled, done.left) == (_EDITED, 0)
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    assert shop.sql("SELECT id, amount_minor FROM coin ORDER BY id") == before


def test_killed_between_the_two_commits_each_row_is_changed_once(workshop: Workshop, shop: Shop):
    made = begun(workshop)
    with pytest.raises(Killed):
        workshop.work(backfills.EXECUTE, stop_after=1)
    workshop.give_up()
    shop.sql("UPDATE kontor_backfill.cursor SET size = 300")
    with workshop.database.unit_of_work(ACTOR) as uow:
        plan = taken_over(uow, made)
    with pytest.raises(Killed):
        _step_and_die(workshop, plan)  # theirs has committed, ours never does
    number = "SELECT number FROM kontor_backfill.cursor"
    assert shop.sql(number)[0][0] == workshop.sql(number)[0][0] + 1
    workshop.work(backfills.EXECUTE)
    assert shop.sql("SELECT count(*), min(touched), max(touched) FROM coin") == [(3_000, 1, 1)]
    assert workshop.sql("SELECT number, epoch FROM kontor_backfill.cursor") == shop.sql(
        "SELECT number, epoch FROM kontor_backfill.cursor"
    )
    batches = "SELECT number, after_key, to_key, changed FROM kontor_backfill.batch ORDER BY number"
    assert [tuple(row) for row in workshop.sql(batches)] == shop.sql(batches)


def test_an_overtaken_worker_is_fenced_by_the_epoch_there(workshop: Workshop, shop: Shop):
    made = begun(workshop)
    with workshop.database.unit_of_work(ACTOR) as uow:
        zombie = taken_over(uow, made)
    with workshop.database.unit_of_work(ACTOR) as uow:
        taken_over(uow, made)
    with pytest.raises(backfills.NotAtWork), workshop.database.unit_of_work(ACTOR) as uow:
        backfills.step(uow, plan=zombie, direction=Direction.FORWARD)
    assert shop.sql("SELECT count(*) FROM coin WHERE touched <> 0") == [(0,)]


def test_a_lock_there_lets_it_wait_and_never_ends_it(workshop: Workshop, shop: Shop):
    made = begun(workshop)
    with workshop.database.unit_of_work(ACTOR) as uow:
        plan = taken_over(uow, made)
    with psycopg.connect(shop.owner.replace("+psycopg", "")) as other:
        other.execute("SELECT 1 FROM coin WHERE id = 5 FOR UPDATE")
        with pytest.raises(backfills.TargetBusy), workshop.database.unit_of_work(ACTOR) as uow:
            backfills.step(uow, plan=plan, direction=Direction.FORWARD)
    workshop.work(backfills.EXECUTE)
    assert shop.sql("SELECT count(*), min(touched), max(touched) FROM coin") == [(3_000, 1, 1)]


def _slow(shop: Shop, seconds: float, of: str = "STATEMENT") -> None:
    """Whoever changes coins takes that long, for each statement or for each row."""
    shop.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END';"
        f"CREATE TRIGGER slow BEFORE UPDATE ON coin FOR EACH {of} EXECUTE FUNCTION slow()"
    )


def _know(shop: Shop, **limits: float) -> None:
    backfills.know_targets({"shop": TargetAddress(shop.dsn, **limits)})


def test_a_statement_over_its_limit_there_lets_it_wait_and_is_shown(workshop: Workshop, shop: Shop):
    made, waited = begun(workshop), []
    _know(shop, statement_seconds=0.5)
    _slow(shop, 2)

    def look() -> None:
        throttle = workshop.see(made).backfill.throttle
        if throttle and not waited:
            waited.append((throttle["indicator"], state(workshop, made)))
            shop.sql("DROP TRIGGER slow ON coin")

    workshop.work(backfills.EXECUTE, hook=look)
    assert waited == [("target_busy", BackfillState.RUNNING)]
    assert (state(workshop, made), workshop.see(made).backfill.throttle) == (BackfillState.VERIFYING, None)
    assert shop.sql("SELECT count(*), min(touched), max(touched) FROM coin") == [(3_000, 1, 1)]


def test_a_measurement_there_has_a_limit_of_its_own(workshop: Workshop, shop: Shop):
    made = workshop.call("Dev", backfills.draft, definition="tests.abroad", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    _slow(shop, 0.6)
    _know(shop, statement_seconds=0.2, measuring_seconds=0.5)
    with pytest.raises(backfills.TargetBusy, match="shop"):
        workshop.work(backfills.DRY_RUN)
    assert (state(workshop, made), workshop.see(made).backfill.dry_run) == (BackfillState.DRY_RUNNING, None)
    assert shop.sql("SELECT to_regnamespace('kontor_backfill')") == [(None,)]
    workshop.give_up()
    _know(shop, statement_seconds=0.2, measuring_seconds=30)
    workshop.work(backfills.DRY_RUN)
    assert state(workshop, made) is BackfillState.DRY_RUN_READY


def test_data_that_changed_there_refuse_the_start(workshop: Workshop, shop: Shop):
    made = workshop.agreed("tests.abroad")
    shop.sql("UPDATE coin SET amount_minor = amount_minor + 1 WHERE id = 1")
    begin = workshop.call("Ops", backfills.start, backfill_id=made)
    assert begin.run_id is None
    assert state(workshop, made) is BackfillState.DRAFT
    assert shop.sql("SELECT to_regnamespace('kontor_backfill')") == [(None,)]


@pytest.mark.usefixtures("shop")
def test_no_error_repeats_the_address(workshop: Workshop):
    wrong = "postgresql://shop:a-password-that-is-nobody-s@127.0.0.1:1/none"
    for dsn in (wrong, "not an address a-password-that-is-nobody-s"):
        backfills.know_targets({"shop": TargetAddress(dsn)})
        made = workshop.call("Dev", backfills.draft, definition="tests.abroad", params={})
        workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
        with pytest.raises(backfills.TargetUnavailable) as refusal:
            workshop.work(backfills.DRY_RUN)
        assert PASSWORD not in f"{refusal.value!r} {refusal.value.__cause__!r} {TargetAddress(dsn)!r}"
        workshop.give_up()
        workshop.sql("UPDATE run SET state = 'cancelled', desired = 'cancel', finished_at = now()")


def test_the_flag_is_named_and_nothing_pretends_to_serve_it(workshop: Workshop, shop: Shop):
    made = begun(workshop)
    tie = workshop.call("", backfills.flag_of, backfill_id=made)
    assert (tie.key, tie.connected, tie.standing, tie.may_advance) == ("shop.reads-new-amount", False, None, False)
    with pytest.raises(backfills.FlagsNotConnected):
        workshop.call("Ops", backfills.advance_flag, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    flags = flag_service.connect()
    try:
        assert not workshop.call("", backfills.flag_of, backfill_id=made).may_advance
        workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
        assert workshop.call("", backfills.flag_of, backfill_id=made).may_advance
        assert workshop.call("Ops", backfills.advance_flag, backfill_id=made).percent == 25
        assert flags.reasons == [f"BF-{workshop.see(made).backfill.number:04d} is signed off"]
    finally:
        backfills.connect_flags(None)
    assert shop.sql("SELECT min(touched) FROM coin") == [(1,)]


def _step_and_die(workshop: Workshop, plan: backfills.Plan) -> None:
    with workshop.database.unit_of_work(ACTOR) as uow:
        backfills.step(uow, plan=plan, direction=Direction.FORWARD)
        raise Killed
