"""The life of a request: asked, agreed, rejected, taken back, used; and every refusal on the way."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest
from sqlalchemy import text

from services import approvals, audit
from services.approvals import Decision, RequestState, Team
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import Database, UnitOfWork
from services.core.errors import Forbidden, StepUpRequired
from services.identity import Role
from tests.factories.approvals import BIG, ONE, TWO, a_person, agree, as_person, asked, reject
from tests.factories.identity import an_entity
from tests.services.approvals.conftest import As


def _state(uow: UnitOfWork, request_id: uuid.UUID) -> RequestState:
    return approvals.request_detail(uow, request_id=request_id).request.state


def test_one_agreement_approves_and_the_work_uses_it_up(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"))
    assert agree(as_("Finance B"), request).state is RequestState.APPROVED
    approvals.consume(uow, request_id=request.id, content={"what": "it"})
    assert _state(uow, request.id) is RequestState.CONSUMED
    with pytest.raises(approvals.NotApproved):
        approvals.consume(uow, request_id=request.id, content={"what": "it"})


def test_the_amount_decides_who_has_to_agree(as_: As):
    small = asked(as_("Finance A"), kind=TWO.name, subject="small")
    assert (small.seats, agree(as_("Finance B"), small).state) == (1, RequestState.APPROVED)
    big = asked(as_("Finance A"), kind=TWO.name, subject="big", facts=BIG)
    assert agree(as_("Finance B"), big).state is RequestState.PENDING
    with pytest.raises(approvals.NotInTeam):
        agree(as_("Finance C"), big)
    assert agree(as_("Ops A"), big).state is RequestState.APPROVED


def test_nobody_decides_over_their_own_request(as_: As):
    request = asked(as_("Finance A"))
    for decision in Decision:
        with pytest.raises(approvals.OwnRequest):
            approvals.vote(
                as_("Finance A"), request_id=request.id, digest=request.digest, decision=decision, reason="my own wish"
            )


def test_one_person_in_two_teams_has_one_vote(as_: As):
    request = asked(as_("Finance A"), kind=TWO.name, facts=BIG)
    agree(as_("Both"), request)
    with pytest.raises(approvals.AlreadyVoted):
        agree(as_("Both"), request)
    detail = approvals.request_detail(as_("Both"), request_id=request.id)
    assert (detail.obstacle, [seat.vote is not None for seat in detail.seats]) == ("already_voted", [True, False])


def test_somebody_in_two_teams_may_choose_which_seat(as_: As):
    request = asked(as_("Finance A"), kind=TWO.name, facts=BIG)
    approvals.vote(as_("Both"), request_id=request.id, digest=request.digest, decision=Decision.APPROVE, team=Team.OPS)
    assert agree(as_("Finance B"), request).state is RequestState.APPROVED


@pytest.mark.parametrize("name", ["Ops A", "Dev A", "Auditor", "Admin"])
def test_other_teams_do_not_decide(as_: As, name: str):
    request = asked(as_("Finance A"))
    for vote in (agree, reject):
        with pytest.raises(approvals.NotInTeam):
            vote(as_(name), request)


def test_the_system_does_not_vote(uow: UnitOfWork, as_: As):
    with pytest.raises(approvals.NotInTeam):
        agree(uow, asked(as_("Finance A")))


def test_what_the_console_asks_for_takes_one_person(uow: UnitOfWork, as_: As):
    request = asked(uow)
    assert request.requested_by == approvals.NOBODY
    assert agree(as_("Finance A"), request).state is RequestState.APPROVED


def test_a_vote_is_for_what_was_looked_at(as_: As):
    request = asked(as_("Finance A"))
    with pytest.raises(approvals.StaleDigest):
        agree(as_("Finance B"), dataclasses.replace(request, digest="0" * 64))


def test_asking_for_the_same_again_is_the_same_request_and_for_more_a_new_one(as_: As):
    first = asked(as_("Finance A"))
    assert asked(as_("Finance A")).id == first.id
    second = asked(as_("Finance A"), content={"what": "more"})
    old = approvals.request_detail(as_("Finance A"), request_id=first.id).request
    assert (old.state, old.superseded_by) == (RequestState.SUPERSEDED, second.id)
    with pytest.raises(approvals.RequestClosed):
        agree(as_("Finance B"), first)


def test_a_rejection_needs_a_reason_and_ends_the_request(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"), kind=TWO.name, facts=BIG)
    agree(as_("Finance B"), request)
    with pytest.raises(approvals.ReasonNeeded):
        reject(as_("Ops A"), request, "no")
    assert reject(as_("Ops A"), request).state is RequestState.REJECTED
    with pytest.raises(approvals.NotApproved):
        approvals.consume(uow, request_id=request.id, content={"what": "it"})


def test_work_that_fails_leaves_its_approval_to_be_used(database: Database):
    with database.unit_of_work(Actor.system("test")) as uow:
        asker, voter = a_person(uow, "Asker", Role.FINANCE), a_person(uow, "Voter", Role.FINANCE)
        request = asked(as_person(uow, asker))
        agree(as_person(uow, voter), request)

    def work(fails: bool) -> None:
        with database.unit_of_work(Actor.system("test")) as uow:
            approvals.consume(uow, request_id=request.id, content={"what": "it"})
            if fails:
                raise ConnectionError

    with pytest.raises(ConnectionError):
        work(fails=True)
    with database.unit_of_work(Actor.system("test")) as uow:
        assert _state(uow, request.id) is RequestState.APPROVED
    work(fails=False)
    with pytest.raises(approvals.NotApproved):
        work(fails=False)


def test_only_who_asked_withdraws_also_after_approval(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"))
    agree(as_("Finance B"), request)
    with pytest.raises(Forbidden):
        approvals.withdraw(as_("Finance B"), request_id=request.id)
    assert approvals.withdraw(as_("Finance A"), request_id=request.id).state is RequestState.WITHDRAWN
    with pytest.raises(approvals.NotApproved):
        approvals.consume(uow, request_id=request.id, content={"what": "it"})


def test_what_is_done_is_what_was_agreed_to(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"))
    agree(as_("Finance B"), request)
    with pytest.raises(approvals.ContentChanged):
        approvals.consume(uow, request_id=request.id, content={"what": "it", "twice": True})
    assert _state(uow, request.id) is RequestState.APPROVED


def test_a_vote_asks_for_a_fresh_proof(uow: UnitOfWork, as_: As, people: dict[str, uuid.UUID]):
    request = asked(as_("Finance A"))
    with pytest.raises(StepUpRequired):
        agree(as_person(uow, people["Finance B"], proved=False), request)
    assert approvals.request_detail(uow, request_id=request.id).request.votes == 0


def test_time_ends_a_request_before_anybody_notices(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"))
    agreed = asked(as_("Finance A"), subject="agreed")
    agree(as_("Finance B"), agreed)
    uow.clock = FrozenClock(request.expires_at + dt.timedelta(seconds=1))
    late = as_("Finance B")
    late.clock = uow.clock
    with pytest.raises(approvals.RequestClosed):
        agree(late, request)
    with pytest.raises(approvals.NotApproved):
        approvals.consume(uow, request_id=agreed.id, content={"what": "it"})
    assert approvals.expire_due(uow) == 2
    assert [_state(uow, each.id) for each in (request, agreed)] == [RequestState.EXPIRED] * 2
    assert approvals.expire_due(uow) == 0


def test_a_right_for_one_entity_does_not_decide_elsewhere_or_over_all(uow: UnitOfWork, as_: As):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", country="CH", currency="CHF")
    local = as_person(uow, a_person(uow, "Local", Role.FINANCE, entity_id=german))
    assert agree(local, asked(as_("Finance A"), subject="de", entity_id=german)).state is RequestState.APPROVED
    with pytest.raises(approvals.RequestNotFound):
        agree(local, asked(as_("Finance A"), subject="ch", entity_id=swiss))
    with pytest.raises(approvals.NotInTeam):
        agree(local, asked(as_("Finance A"), subject="all"))


def test_one_click_of_a_second_person_asks_votes_and_uses(uow: UnitOfWork, as_: As, people: dict[str, uuid.UUID]):
    starter = approvals.Requester(people["Finance A"], "Finance A")
    signing = {
        "kind": ONE.name,
        "subject_type": "run",
        "subject_id": "7",
        "entity_id": None,
        "content": {"what": "sign"},
        "requested_by": starter,
    }
    with pytest.raises(approvals.OwnRequest):
        approvals.sign_at_once(as_("Finance A"), **signing)
    done = approvals.sign_at_once(as_("Finance B"), **signing, reason="looks right")
    assert (done.state, done.requested_by, done.votes) == (RequestState.CONSUMED, people["Finance A"], 1)
    assert audit.trail(uow, subject_type="approval_request", subject_id=str(done.id))


def test_one_click_waits_where_the_policy_wants_two(as_: As, people: dict[str, uuid.UUID]):
    signing = {
        "kind": TWO.name,
        "subject_type": "run",
        "subject_id": "7",
        "entity_id": None,
        "content": {"what": "sign"},
        "facts": BIG,
        "requested_by": approvals.Requester(approvals.NOBODY, "clock"),
    }
    assert approvals.sign_at_once(as_("Finance B"), **signing).state is RequestState.PENDING
    assert approvals.sign_at_once(as_("Ops A"), **signing).state is RequestState.CONSUMED


def test_every_step_is_audited_and_told(uow: UnitOfWork, as_: As):
    request = asked(as_("Finance A"))
    agree(as_("Finance B"), request)
    approvals.consume(uow, request_id=request.id, content={"what": "it"})
    actions = uow.session.execute(
        text("SELECT action FROM audit_entry WHERE subject_id = :id ORDER BY id"), {"id": str(request.id)}
    ).scalars()
    assert [action.rpartition(".")[2] for action in actions] == ["created", "agreed", "approved", "consumed"]
    names = uow.session.execute(
        text("SELECT name FROM domain_event WHERE subject_id = :id ORDER BY id"), {"id": str(request.id)}
    ).scalars()
    assert [name.rpartition("_")[2] for name in names] == ["created", "cast", "approved", "consumed"]
