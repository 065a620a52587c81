"""Holiday cover: in the place of somebody, on their days, by their rights, never around the rules."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import text

from services import approvals
from services.approvals import Box, RequestFilter, RequestState
from services.core import figures
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, NotFound, StepUpRequired
from services.notifications import claim_letters
from tests.factories.approvals import BIG, TWO, agree, as_person, asked
from tests.services.approvals.conftest import As

People = dict[str, uuid.UUID]


def _cover(uow: UnitOfWork, to_id: uuid.UUID, *, first: int = 0, last: int = 0, reason: str = "holiday"):
    today = uow.clock.today("UTC")
    days = {"starts_on": today + dt.timedelta(days=first), "ends_on": today + dt.timedelta(days=last)}
    return approvals.delegate(uow, to_id=to_id, reason=reason, **days)


def test_a_stand_in_votes_in_the_place_of_the_absent_and_both_are_named(as_: As, people: People):
    request = asked(as_("Finance A"))
    with pytest.raises(approvals.NotInTeam):
        agree(as_("Ops A"), request)
    _cover(as_("Finance B"), people["Ops A"])
    assert agree(as_("Ops A"), request).state is RequestState.APPROVED
    detail = approvals.request_detail(as_("Finance B"), request_id=request.id)
    (vote,) = [seat.vote for seat in detail.seats if seat.vote]
    assert (vote.voter_name, vote.represented_name) == ("Ops A", "Finance B")


def test_what_waits_for_the_absent_waits_for_the_stand_in(as_: As, people: People):
    request = asked(as_("Finance A"))
    wanted = RequestFilter(box=Box.WAITING)
    assert approvals.count_waiting(as_("Ops A")) == 0
    _cover(as_("Finance B"), people["Ops A"])
    assert approvals.count_waiting(as_("Ops A")) == 1
    assert [item.id for item in approvals.requests(as_("Ops A"), filter=wanted).requests] == [request.id]


def test_the_requester_votes_through_nobody_and_for_nobody(as_: As, people: People):
    request = asked(as_("Finance A"))
    _cover(as_("Finance B"), people["Finance A"])
    with pytest.raises(approvals.OwnRequest):
        agree(as_("Finance A"), request)
    _cover(as_("Finance A"), people["Ops A"])
    with pytest.raises(approvals.NotInTeam):
        agree(as_("Ops A"), request)


def test_one_person_has_one_vote_however_they_got_it(as_: As, people: People):
    request = asked(as_("Finance A"), kind=TWO.name, facts=BIG)
    _cover(as_("Finance B"), people["Ops A"])
    assert agree(as_("Ops A"), request).state is RequestState.PENDING
    with pytest.raises(approvals.AlreadyVoted):
        agree(as_("Ops A"), request)


def test_a_vote_that_was_cast_for_one_cannot_be_cast_by_them(as_: As, people: People):
    request = asked(as_("Finance A"), kind=TWO.name, facts=BIG)
    _cover(as_("Both"), people["Dev A"])
    agree(as_("Dev A"), request)
    with pytest.raises(approvals.AlreadyVoted):
        agree(as_("Both"), request)


def test_there_are_no_chains(as_: As, people: People):
    request = asked(as_("Finance A"))
    _cover(as_("Finance B"), people["Ops A"])
    _cover(as_("Ops A"), people["Dev A"])
    with pytest.raises(approvals.NotInTeam):
        agree(as_("Dev A"), request)
    with pytest.raises(approvals.BadDelegation):
        _cover(as_("Finance C"), people["Finance B"])


def test_cover_holds_on_its_days_alone_and_ends_at_once(uow: UnitOfWork, as_: As, people: People):
    request = asked(as_("Finance A"))
    made = _cover(as_("Finance B"), people["Ops A"], first=1, last=2)
    with pytest.raises(approvals.NotInTeam):
        agree(as_("Ops A"), request)
    for days, waits in ((1, 1), (2, 1), (3, 0)):
        later = as_person(uow, people["Ops A"])
        later.clock = FrozenClock(uow.clock.now() + dt.timedelta(days=days))
        assert approvals.count_waiting(later) == (waits if later.clock.now() < request.expires_at else 0)
    with pytest.raises(NotFound):
        approvals.revoke_delegation(as_("Dev A"), delegation_id=made.id)
    approvals.revoke_delegation(as_("Ops A"), delegation_id=made.id)
    assert [item.active for item in approvals.delegations(as_("Finance B"))] == [False]


def test_what_is_no_cover_is_refused(as_: As, people: People, uow: UnitOfWork):
    giver = as_("Finance B")
    wrong = [
        {"to_id": people["Finance B"]},
        {"to_id": people["Ops A"], "first": -1},
        {"to_id": people["Ops A"], "first": 2, "last": 1},
        {"to_id": people["Ops A"], "last": 92},
        {"to_id": people["Ops A"], "reason": " "},
        {"to_id": uuid.uuid4()},
    ]
    for given in wrong:
        with pytest.raises(approvals.BadDelegation):
            _cover(giver, **given)
    _cover(giver, people["Ops A"])
    with pytest.raises(approvals.BadDelegation):
        _cover(giver, people["Dev A"])
    with pytest.raises(Forbidden):
        _cover(as_("Auditor"), people["Ops A"])
    with pytest.raises(StepUpRequired):
        _cover(as_person(uow, people["Finance C"], proved=False), people["Dev A"])
    assert len(approvals.delegations(uow)) == 1


def test_both_steps_are_audited(uow: UnitOfWork, as_: As, people: People):
    made = _cover(as_("Finance B"), people["Ops A"])
    approvals.revoke_delegation(as_("Finance B"), delegation_id=made.id)
    actions = uow.session.execute(
        text("SELECT action FROM audit_entry WHERE subject_id = :id ORDER BY id"), {"id": str(made.id)}
    ).scalars()
    assert list(actions) == ["approvals.delegation.made", "approvals.delegation.revoked"]


def test_a_stand_in_is_told_and_both_when_somebody_else_ends_it(uow: UnitOfWork, as_: As, people: People):
    made = _cover(as_("Finance B"), people["Ops A"], last=2)
    (told,) = _letters(uow)
    assert (told.recipient, told.letter.subject) == ("ops.a@example.com", "You stand in for Finance B")
    assert (
        dict(told.letter.facts)["Days"] == f"{figures.date(made.starts_on, 'en')} – {figures.date(made.ends_on, 'en')}"
    )
    approvals.revoke_delegation(as_("Finance B"), delegation_id=made.id)
    assert [(one.recipient, one.letter.subject) for one in _letters(uow)] == [
        ("ops.a@example.com", "Ops A no longer stands in for Finance B")
    ]
    approvals.revoke_delegation(as_("Admin"), delegation_id=_cover(as_("Finance B"), people["Ops A"]).id)
    ended = [one for one in _letters(uow) if "no longer" in one.letter.subject]
    assert {one.recipient for one in ended} == {"ops.a@example.com", "finance.b@example.com"}
    assert "Admin has ended the cover." in ended[0].letter.paragraphs[0]


def _letters(uow: UnitOfWork):
    return claim_letters(UnitOfWork(uow.session, Actor.system("test"), uow.clock, "test"), limit=100)
