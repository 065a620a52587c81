"""The calendar at work: starts only inside a window, pauses when it closes, freezes, and planned starts."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from jobs.backfills import keep_calendar
from services import approvals, backfills
from services.backfills import BackfillState, ChangeTime, Gate, WindowDraft
from services.core.clock import FrozenClock
from services.core.errors import Forbidden
from services.notifications import claim_letters
from tests.factories.approvals import agree
from tests.factories.backfills import Workshop
from tests.services.backfills.test_life import state

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)  # a Tuesday
EVENING = NOON.replace(hour=21)
NIGHTLY = WindowDraft("Evenings", (0, 1, 2, 3, 4), dt.time(20), dt.time(23), time_zone="UTC")


def at(workshop: Workshop, moment: dt.datetime) -> None:
    workshop.database.clock = FrozenClock(moment)


def tend(workshop: Workshop) -> None:
    keep_calendar(workshop.app)


def test_outside_a_window_it_does_not_start_and_says_when_the_next_one_opens(workshop: Workshop):
    at(workshop, NOON)
    workshop.call("Ops", backfills.add_window, window=NIGHTLY)
    made = workshop.agreed("tests.plus_one")
    with pytest.raises(backfills.OutsideWindow) as refusal:
        workshop.call("Ops", backfills.start, backfill_id=made)
    assert refusal.value.data["opens_at"] == "2026-11-24T20:00:00+00:00"
    assert state(workshop, made) is BackfillState.APPROVED
    at(workshop, EVENING)
    workshop.call("Ops", backfills.start, backfill_id=made)
    assert state(workshop, made) is BackfillState.RUNNING


def test_planned_it_starts_by_itself_when_the_window_opens_in_the_name_of_who_planned_it(workshop: Workshop):
    at(workshop, NOON)
    workshop.call("Ops", backfills.add_window, window=NIGHTLY)
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops 2", backfills.plan_start, backfill_id=made)
    tend(workshop)
    assert state(workshop, made) is BackfillState.APPROVED
    (planned,) = workshop.call("", backfills.calendar, start=NOON, end=EVENING).changes
    assert (planned.when, planned.columns, planned.by_name) == (ChangeTime.PLANNED, ("amount_minor",), "Ops 2")
    at(workshop, EVENING)
    tend(workshop)
    seen = workshop.see(made).backfill
    assert (seen.state, seen.started_by_name, seen.planned_for) == (BackfillState.RUNNING, "Ops 2", None)
    told = workshop.sql("SELECT purpose, count(*) FROM notification WHERE purpose LIKE 'backfills.%' GROUP BY 1")
    assert {row.purpose for row in told} == {"backfills.planned", "backfills.started"}


def test_its_announcement_says_what_changes_and_how_much_money_moves(workshop: Workshop):
    at(workshop, NOON)
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.plan_start, backfill_id=made, not_before=EVENING)
    letters = [one.letter for one in workshop.call("", claim_letters, limit=100)]
    planned = next(one for one in letters if one.subject.startswith("Planned: BF-"))
    facts = dict(planned.facts)
    assert (facts["Columns"], facts["Rows"]) == ("coin.amount_minor", "3,000")
    assert facts["Money, EUR"] == "22.50 moved, 22.50 net"


def test_a_planned_start_whose_data_changed_is_a_draft_again(workshop: Workshop):
    at(workshop, NOON)
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.plan_start, backfill_id=made, not_before=EVENING)
    tend(workshop)
    assert state(workshop, made) is BackfillState.APPROVED
    workshop.sql("DELETE FROM coin WHERE id = 2")
    at(workshop, EVENING)
    tend(workshop)
    seen = workshop.see(made).backfill
    assert (seen.state, seen.planned_for) == (BackfillState.DRAFT, None)
    assert "now there are 2999" in (seen.problem or "")


@pytest.mark.parametrize("follow", [True, False])
def test_when_the_window_closes_it_stands_at_a_boundary_and_goes_on_if_so_wished(workshop: Workshop, follow: bool):
    at(workshop, EVENING)
    workshop.call("Ops", backfills.add_window, window=NIGHTLY)
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.follow_windows, backfill_id=made, follow=follow)
    workshop.call("Ops", backfills.start, backfill_id=made)
    at(workshop, NOON + dt.timedelta(days=1))
    with pytest.raises(backfills.NotAtWork):
        workshop.work(backfills.EXECUTE)
    seen = workshop.see(made).backfill
    assert seen.state is BackfillState.PAUSED
    assert seen.hold is not None
    assert (seen.hold["by"], seen.hold["opens_at"]) == ("window", "2026-11-25T20:00:00+00:00")
    with pytest.raises(backfills.OutsideWindow):
        workshop.call("Ops", backfills.resume, backfill_id=made)
    at(workshop, EVENING + dt.timedelta(days=1))
    tend(workshop)
    assert state(workshop, made) is (BackfillState.RUNNING if follow else BackfillState.PAUSED)


def test_at_night_only_it_waits_for_the_night(workshop: Workshop):
    at(workshop, NOON)
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.set_pace, backfill_id=made, pace=backfills.Pace.NIGHT)
    with pytest.raises(backfills.OutsideWindow):
        workshop.call("Ops", backfills.start, backfill_id=made)
    at(workshop, NOON.replace(hour=23))
    workshop.call("Ops", backfills.start, backfill_id=made)


def test_a_freeze_holds_everything_and_one_that_has_begun_takes_two_teams_to_lift(workshop: Workshop):
    at(workshop, NOON)
    made = workshop.agreed("tests.plus_one")
    frozen = workshop.call(
        "Ops", backfills.add_freeze, reason="year-end closing", starts_at=NOON, ends_at=NOON + dt.timedelta(days=3)
    )
    found = workshop.call("", backfills.gate_now)
    assert (found.gate, found.freeze.reason) == (Gate.FROZEN, "year-end closing")
    with pytest.raises(backfills.OutsideWindow):
        workshop.call("Ops", backfills.start, backfill_id=made)
    asked: approvals.RequestView = workshop.call(
        "Ops", backfills.lift_freeze, freeze_id=frozen, reason="the books are closed"
    )
    workshop.call("Ops 2", lambda uow: agree(uow, asked))
    assert workshop.call("", backfills.gate_now).gate is Gate.FROZEN
    workshop.call("Finance", lambda uow: agree(uow, asked))
    assert workshop.call("", backfills.gate_now).gate is Gate.UNLIMITED
    workshop.call("Ops", backfills.start, backfill_id=made)
    actions = {
        row.action for row in workshop.sql("SELECT action FROM audit_entry WHERE subject_type = 'release_freeze'")
    }
    assert actions == {f"backfills.freeze.{verb}" for verb in ("added", "lifting_asked", "lifted")}


def test_a_freeze_that_has_not_begun_is_taken_back_at_once(workshop: Workshop):
    at(workshop, NOON)
    frozen = workshop.call(
        "Ops",
        backfills.add_freeze,
        reason="year-end closing",
        starts_at=EVENING,
        ends_at=EVENING + dt.timedelta(days=3),
    )
    assert workshop.call("Ops", backfills.lift_freeze, freeze_id=frozen, reason="not this year") is None
    at(workshop, EVENING)
    assert workshop.call("", backfills.gate_now).gate is Gate.UNLIMITED


def test_windows_are_edited_under_a_right_and_nobody_overwrites_anybody(workshop: Workshop):
    with pytest.raises(Forbidden):
        workshop.call("Finance", backfills.add_window, window=NIGHTLY)
    made: uuid.UUID = workshop.call("Ops", backfills.add_window, window=NIGHTLY)
    later = WindowDraft("Late", (5,), dt.time(23), dt.time(4), time_zone="Europe/Berlin")
    workshop.call("Ops", backfills.change_window, window_id=made, version=1, window=later)
    with pytest.raises(backfills.StaleWindow):
        workshop.call("Ops 2", backfills.change_window, window_id=made, version=1, window=NIGHTLY)
    (seen,) = workshop.call("", backfills.release_windows)
    assert (seen.name, seen.time_zone, seen.days, seen.version) == ("Late", "Europe/Berlin", (5,), 2)
    for wrong in (
        WindowDraft("", (1,), dt.time(1), dt.time(2)),
        WindowDraft("none", (), dt.time(1), dt.time(2)),
        WindowDraft("day", (7,), dt.time(1), dt.time(2)),
        WindowDraft("zone", (1,), dt.time(1), dt.time(2), time_zone="Mars/Olympus"),
    ):
        with pytest.raises(backfills.BadWindow):
            workshop.call("Ops", backfills.add_window, window=wrong)
    workshop.call("Ops", backfills.remove_window, window_id=made, version=2)
    assert workshop.call("", backfills.release_windows) == ()
