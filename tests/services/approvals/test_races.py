"""Over separate connections at the same moment: exactly one winner, whatever the order."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from services import approvals
from services.approvals import Decision, RequestState, RequestView
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import Database, UnitOfWork
from services.core.errors import DomainError
from services.identity import Role
from tests.factories.approvals import a_person, actor_of, asked, declare_kinds

declare_kinds()
_SYSTEM = Actor.system("test")
_ROUNDS = 6
Deed = Callable[[UnitOfWork], object]


@dataclasses.dataclass
class World:
    database: Database
    actors: dict[str, Actor]

    def request(self, subject: str) -> RequestView:
        with self.database.unit_of_work(self.actors["asker"]) as uow:
            return asked(uow, subject=subject)

    def agreed(self, subject: str) -> RequestView:
        request = self.request(subject)
        with self.database.unit_of_work(self.actors["one"]) as uow:
            return agree_to(request)(uow)

    def at_once(self, *deeds: tuple[Actor, Deed]) -> list[str]:
        """Each deed on its own connection, let loose together; how each ended: `done` or the refusal's code."""
        gate = threading.Barrier(len(deeds))

        def run(actor: Actor, deed: Deed) -> str:
            gate.wait()
            try:
                with self.database.unit_of_work(actor) as uow:
                    deed(uow)
            except DomainError as error:
                return error.code
            return "done"

        with ThreadPoolExecutor(len(deeds)) as threads:
            return [ended.result() for ended in [threads.submit(run, *deed) for deed in deeds]]

    def state(self, request: RequestView) -> RequestState:
        with self.database.unit_of_work(_SYSTEM) as uow:
            return approvals.request_detail(uow, request_id=request.id).request.state

    def count(self, table: str, request: RequestView) -> int:
        with self.database.unit_of_work(_SYSTEM) as uow:
            counted = text(f"SELECT count(*) FROM {table} WHERE request_id = :id")
            return uow.session.execute(counted, {"id": request.id}).scalar_one()


@pytest.fixture
def world(database: Database) -> World:
    with database.unit_of_work(_SYSTEM) as uow:
        people = {name: a_person(uow, name.title(), Role.FINANCE) for name in ("asker", "one", "two")}
    with database.unit_of_work(_SYSTEM) as uow:
        return World(database, {name: actor_of(uow, person) for name, person in people.items()})


def agree_to(request: RequestView) -> Callable[[UnitOfWork], RequestView]:
    return lambda uow: approvals.vote(uow, request_id=request.id, digest=request.digest, decision=Decision.APPROVE)


def reject(request: RequestView) -> Deed:
    return lambda uow: approvals.vote(
        uow, request_id=request.id, digest=request.digest, decision=Decision.REJECT, reason="not like this"
    )


def use(request: RequestView) -> Deed:
    return lambda uow: approvals.consume(uow, request_id=request.id, content={"what": "it"})


def _two_approvers(world: World, number: int) -> None:
    request = world.request(f"seat {number}")
    ends = world.at_once((world.actors["one"], agree_to(request)), (world.actors["two"], agree_to(request)))
    assert sorted(ends) == ["approval_closed", "done"]
    assert (world.count("approval_vote", request), world.state(request)) == (1, RequestState.APPROVED)


def test_whoever_comes_first_wins_alone(world: World):
    for number in range(_ROUNDS):
        _two_approvers(world, number)
        _double_click(world, number)
        _agree_against_reject(world, number)
        _edit_against_vote(world, number)
        _two_starts(world, number)
        _expiry_against_start(world, number)
        _withdrawal_against_start(world, number)
        _two_requests(world, number)


def _double_click(world: World, number: int) -> None:
    request, actor = world.request(f"double {number}"), world.actors["one"]
    ends = world.at_once(*[(actor, agree_to(request))] * 3)
    assert ends.count("done") == 1
    assert world.count("approval_vote", request) == 1


def _agree_against_reject(world: World, number: int) -> None:
    request = world.request(f"both {number}")
    ends = world.at_once((world.actors["one"], agree_to(request)), (world.actors["two"], reject(request)))
    assert sorted(ends) == ["approval_closed", "done"]
    assert world.state(request) is (RequestState.APPROVED if ends[0] == "done" else RequestState.REJECTED)


def _edit_against_vote(world: World, number: int) -> None:
    """Whoever comes first, nobody has agreed to what the edit brought, and the old content cannot be used."""
    request = world.request(f"edit {number}")
    edit = lambda uow: asked(uow, subject=f"edit {number}", content={"what": "more"})  # noqa: E731
    ends = world.at_once((world.actors["asker"], edit), (world.actors["one"], agree_to(request)))
    assert ends[0] == "done"
    assert ends[1] in {"done", "approval_closed"}
    assert world.state(request) is RequestState.SUPERSEDED
    assert world.at_once((_SYSTEM, use(request))) == ["approval_not_approved"]


def _two_starts(world: World, number: int) -> None:
    request = world.agreed(f"start {number}")
    ends = world.at_once(*[(_SYSTEM, use(request))] * 3)
    assert sorted(ends) == ["approval_not_approved", "approval_not_approved", "done"]
    assert (world.count("approval_consumption", request), world.state(request)) == (1, RequestState.CONSUMED)


def _expiry_against_start(world: World, number: int) -> None:
    """The start still sees time left, the expiry does not any more: one of them ends the request."""
    request = world.agreed(f"late {number}")

    def expire(uow: UnitOfWork) -> None:
        uow.clock = FrozenClock(request.expires_at + dt.timedelta(seconds=1))
        approvals.expire_due(uow)

    def start(uow: UnitOfWork) -> None:
        uow.clock = FrozenClock(request.expires_at - dt.timedelta(seconds=1))
        use(request)(uow)

    ends = world.at_once((_SYSTEM, expire), (_SYSTEM, start))
    state = world.state(request)
    assert state in {RequestState.CONSUMED, RequestState.EXPIRED}
    assert (ends[1] == "done") is (state is RequestState.CONSUMED)
    assert world.count("approval_consumption", request) == (state is RequestState.CONSUMED)


def _withdrawal_against_start(world: World, number: int) -> None:
    request = world.agreed(f"back {number}")
    withdraw = lambda uow: approvals.withdraw(uow, request_id=request.id)  # noqa: E731
    ends = world.at_once((world.actors["asker"], withdraw), (_SYSTEM, use(request)))
    assert ends.count("done") == 1
    assert world.state(request) is (RequestState.WITHDRAWN if ends[0] == "done" else RequestState.CONSUMED)


def _two_requests(world: World, number: int) -> None:
    ask = [lambda uow, what=what: asked(uow, subject=f"ask {number}", content={"what": what}) for what in ("a", "b")]
    ends = world.at_once((world.actors["one"], ask[0]), (world.actors["two"], ask[1]))
    assert ends == ["done", "done"]
    with world.database.unit_of_work(_SYSTEM) as uow:
        states = uow.session.execute(
            text("SELECT state FROM approval_request WHERE subject_id = :name ORDER BY id"), {"name": f"ask {number}"}
        ).scalars()
        assert sorted(states) == ["pending", "superseded"]
