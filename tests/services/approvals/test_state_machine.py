"""Any order of asking, voting, withdrawing, covering, starting and time passing keeps the rules of four eyes.

The model decides by itself, from sets and lists, what must succeed; the domain must agree each time. It runs a
bounded number of examples; `make approvals` runs 5,000.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import os
import uuid
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from services import approvals
from services.approvals import ApprovalFacts, Decision, RequestState, RequestView, Team
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.core.errors import DomainError
from services.identity import Role
from tests.factories.approvals import BIG, ONE, TWO, a_person, actor_of, declare_kinds

declare_kinds()
_EXAMPLES = int(os.environ.get("KONTOR_HYPOTHESIS_EXAMPLES", "40"))
_STATES = text(
    "SELECT r.id, r.state, (SELECT count(*) FROM approval_consumption c WHERE c.request_id = r.id) AS uses"
    " FROM approval_request r WHERE r.id = ANY (:ids)"
)
_PARTS = int(os.environ.get("KONTOR_HYPOTHESIS_PARTS", "1"))
_TEAMS = {
    "Finance A": (Team.FINANCE,),
    "Finance B": (Team.FINANCE,),
    "Ops": (Team.OPS,),
    "Both": (Team.FINANCE, Team.OPS),
    "Dev": (Team.DEV,),
}
_ROLES = {Team.FINANCE: Role.FINANCE, Team.OPS: Role.OPS, Team.DEV: Role.DEV}
_NAMES = st.sampled_from(sorted(_TEAMS))
_START = dt.datetime(2026, 3, 16, 9, 0, tzinfo=dt.UTC)
_fresh = itertools.count()


@dataclasses.dataclass
class Model:
    """A request as the rules say it must stand."""

    view: RequestView
    asker: str
    what: str
    seats: list[Team]
    spent: set[str] = dataclasses.field(default_factory=set)
    state: RequestState = RequestState.PENDING
    uses: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in (RequestState.PENDING, RequestState.APPROVED)


class ApprovalMachine(RuleBasedStateMachine):
    uow: ClassVar[UnitOfWork]
    people: ClassVar[dict[str, uuid.UUID]]
    actors: ClassVar[dict[str, Actor]]

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"m{next(_fresh)}"
        self.example = self.uow.session.begin_nested()
        self.uow.clock = FrozenClock(_START)
        self.requests: list[Model] = []
        self.covers: dict[str, str] = {}

    def teardown(self) -> None:
        """What is told agrees too; then back to the same ground, so the thousandth example is as fast as the first."""
        told = [
            (approvals.request_detail(self.uow, request_id=m.view.id).request.state, m.state) for m in self.requests
        ]
        self.uow.session.expire_all()
        self.example.rollback()
        assert all(found is expected for found, expected in told)

    @initialize()
    def forget_cover(self) -> None:
        self.uow.session.execute(text("UPDATE approval_delegation SET revoked_at = now() WHERE revoked_at IS NULL"))

    @rule(asker=_NAMES, subject=st.sampled_from("ab"), what=st.sampled_from(["it", "more"]), big=st.booleans())
    def ask(self, asker: str, subject: str, what: str, big: bool) -> None:
        kind = TWO if big else ONE
        view = approvals.request(
            self._as(asker),
            kind=kind.name,
            subject_type="thing",
            subject_id=f"{self.prefix}-{subject}",
            entity_id=None,
            content={"what": what},
            facts=BIG if big else ApprovalFacts(),
        )
        former = next((m for m in self.requests if m.is_open and self._same_subject(m, kind.name, subject)), None)
        if former and former.what == what and former.view.expires_at > self._now:
            assert view.id == former.view.id
            return
        if former:
            former.state = RequestState.SUPERSEDED
        self.requests.append(Model(view, asker, what, [Team.FINANCE, Team.OPS] if big else [Team.FINANCE]))

    @precondition(lambda self: self.requests)
    @rule(voter=_NAMES, decision=st.sampled_from(Decision), stale=st.booleans(), data=st.data())
    def vote(self, voter: str, decision: Decision, stale: bool, data: st.DataObject) -> None:
        model = self._any(data)
        taken = self._authority(model, voter, decision)
        expected = model.state is RequestState.PENDING and model.view.expires_at > self._now and not stale and taken
        view = dataclasses.replace(model.view, digest="f" * 64) if stale else model.view
        done = self._tries(
            lambda: approvals.vote(
                self._as(voter), request_id=view.id, digest=view.digest, decision=decision, reason="well considered"
            )
        )
        assert done is bool(expected), f"{voter} {decision} on {model}"
        if not (done and taken):
            return
        represented, team = taken
        model.spent |= {voter, represented}
        if decision is Decision.REJECT:
            model.state = RequestState.REJECTED
            return
        model.seats.remove(team)
        if not model.seats:
            model.state = RequestState.APPROVED

    @precondition(lambda self: self.requests)
    @rule(person=_NAMES, data=st.data())
    def withdraw(self, person: str, data: st.DataObject) -> None:
        model = self._any(data)
        done = self._tries(lambda: approvals.withdraw(self._as(person), request_id=model.view.id))
        assert done is (model.is_open and person == model.asker)
        model.state = RequestState.WITHDRAWN if done else model.state

    @precondition(lambda self: self.requests)
    @rule(what=st.sampled_from(["it", "more"]), data=st.data())
    def start(self, what: str, data: st.DataObject) -> None:
        model = self._any(data)
        done = self._tries(lambda: approvals.consume(self.uow, request_id=model.view.id, content={"what": what}))
        in_time = model.view.expires_at > self._now
        assert done is (model.state is RequestState.APPROVED and in_time and what == model.what)
        if done:
            model.state, model.uses = RequestState.CONSUMED, model.uses + 1

    @rule(hours=st.sampled_from([1, 30, 80]))
    def time_passes(self, hours: int) -> None:
        self.uow.clock = FrozenClock(self._now + dt.timedelta(hours=hours))
        self.covers.clear()
        self.forget_cover()
        approvals.expire_due(self.uow)
        for model in self.requests:
            if model.is_open and model.view.expires_at <= self._now:
                model.state = RequestState.EXPIRED

    @rule(absent=_NAMES, helper=_NAMES)
    def cover(self, absent: str, helper: str) -> None:
        """Nobody for themselves, nobody twice, nobody who is away; today alone."""
        day = self._now.date()
        done = self._tries(
            lambda: approvals.delegate(
                self._as(absent), to_id=self.people[helper], starts_on=day, ends_on=day, reason="holiday"
            )
        )
        assert done is (absent != helper and absent not in self.covers and helper not in self.covers)
        if done:
            self.covers[absent] = helper

    @invariant()
    def agrees_with_the_database(self) -> None:
        ids = {"ids": [model.view.id for model in self.requests]}
        states = {row.id: row for row in self.uow.session.execute(_STATES, ids)}
        for model in self.requests:
            assert states[model.view.id].state == model.state.value
            assert states[model.view.id].uses == model.uses <= 1
            assert model.state is not RequestState.CONSUMED or not model.seats
            assert model.asker not in model.spent

    def _authority(self, model: Model, voter: str, decision: Decision) -> tuple[str, Team] | None:
        """In whose name and for which team the vote would count: first seat first, one's own right before another's."""
        if voter == model.asker or voter in model.spent:
            return None
        absent = [name for name, helper in sorted(self.covers.items()) if helper == voter]
        names = [voter, *(name for name in absent if name != model.asker and name not in model.spent)]
        if decision is Decision.REJECT:
            wanted = {Team.FINANCE, Team.OPS} if model.view.seats == 2 else {Team.FINANCE}
            return next(((name, team) for name in names for team in _TEAMS[name] if team in wanted), None)
        return next(((name, team) for team in model.seats for name in names if team in _TEAMS[name]), None)

    def _as(self, name: str) -> UnitOfWork:
        actor = dataclasses.replace(self.actors[name], proved_at=self._now)
        return UnitOfWork(self.uow.session, actor, self.uow.clock, self.uow.request_id)

    def _tries(self, deed) -> bool:
        try:
            deed()
        except DomainError:
            return False
        return True

    def _any(self, data: st.DataObject) -> Model:
        return data.draw(st.sampled_from(self.requests))

    def _same_subject(self, model: Model, kind: str, subject: str) -> bool:
        return (model.view.kind, model.view.subject_id) == (kind, f"{self.prefix}-{subject}")

    @property
    def _now(self) -> dt.datetime:
        return self.uow.clock.now()


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_order_keeps_the_rules_of_four_eyes(uow: UnitOfWork, part: int):
    people = {name: a_person(uow, name, *(_ROLES[team] for team in teams)) for name, teams in _TEAMS.items()}
    actors = {name: actor_of(uow, person) for name, person in people.items()}
    machine = type("Machine", (ApprovalMachine,), {"uow": uow, "people": people, "actors": actors})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=-(-_EXAMPLES // _PARTS),
            stateful_step_count=20,
            deadline=None,
            derandomize=False,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
