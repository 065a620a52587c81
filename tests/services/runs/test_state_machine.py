"""Any order of claims, ends, wishes and lost workers keeps the invariants of a run."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from services import runs
from services.core.db import UnitOfWork
from services.runs import RunState
from tests.services.runs.kinds import PLAIN, Params

_FINISHED = {RunState.SUCCEEDED, RunState.CANCELLED}
_EDGES = {
    RunState.QUEUED: {RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED},
    RunState.RUNNING: set(RunState) - {RunState.RUNNING},
    RunState.RETRY_WAIT: {RunState.RUNNING, RunState.QUEUED, RunState.PAUSED, RunState.CANCELLED},
    RunState.PAUSED: {RunState.QUEUED, RunState.CANCELLED},
    RunState.DEAD: {RunState.QUEUED},
    RunState.SUCCEEDED: set(),
    RunState.CANCELLED: set(),
}


class RunMachine(RuleBasedStateMachine):
    """The model keeps which claim is current; the engine must accept exactly its writes."""

    uow: ClassVar[UnitOfWork]
    worker: ClassVar[uuid.UUID]
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.uow.session.execute(text("TRUNCATE run CASCADE"))
        self.seen: dict[uuid.UUID, RunState] = {}
        self.current: dict[uuid.UUID, runs.Claim] = {}
        self.stale: list[runs.Claim] = []

    @rule(target=ids)
    def queue(self) -> uuid.UUID:
        run_id = runs.enqueue(self.uow, kind=PLAIN, params=Params())
        self.seen[run_id] = RunState.QUEUED
        return run_id

    @rule()
    def claim(self) -> None:
        self.uow.session.execute(text("UPDATE run SET not_before = now()"))
        for claim in runs.claim_runs(
            self.uow, worker_id=self.worker, limits={PLAIN.name: 2}, count=1, lease_seconds=10
        ):
            assert claim.id not in self.current
            self.current[claim.id] = claim

    @precondition(lambda self: self.current)
    @rule(how=st.sampled_from(["succeed", "fail", "refuse", "hand_back"]), data=st.data())
    def end(self, how: str, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(sorted(self.current.values(), key=lambda c: c.number)))
        self._end(claim, how)
        del self.current[claim.id]
        self.stale.append(claim)

    @precondition(lambda self: self.current)
    @rule()
    def lose_all(self) -> None:
        self.uow.session.execute(text("UPDATE run SET lease_until = now() - interval '1 s' WHERE state = 'running'"))
        assert runs.collect_lost(self.uow) == len(self.current)
        self.stale += self.current.values()
        self.current.clear()

    @precondition(lambda self: self.stale)
    @rule(data=st.data(), how=st.sampled_from(["succeed", "fail", "hand_back"]))
    def write_as_a_zombie(self, data: st.DataObject, how: str) -> None:
        with pytest.raises(runs.LeaseLost):
            self._end(data.draw(st.sampled_from(self.stale)), how)

    @rule(run_id=ids, wish=st.sampled_from(["pause", "resume", "cancel", "retry"]))
    def wish(self, run_id: uuid.UUID, wish: str) -> None:
        try:
            getattr(runs, wish)(self.uow, run_id=run_id)
        except runs.IllegalWish:
            assert self._states()[run_id] == self.seen.get(run_id)

    @invariant()
    def holds(self) -> None:
        states = self._states()
        for run_id, state in states.items():
            former = self.seen.get(run_id, state)
            assert state is former or self._reachable(former, state), f"{former} to {state}"
        assert {run_id for run_id, state in states.items() if state is RunState.RUNNING} == set(self.current)
        assert len(self.current) <= 2
        self.seen = states

    def _end(self, claim: runs.Claim, how: str) -> None:
        match how:
            case "succeed":
                runs.succeed(self.uow, claim=claim, result={})
            case "hand_back":
                runs.hand_back(self.uow, claim=claim)
            case _:
                error = ValueError("no")
                runs.fail(self.uow, claim=claim, error=error, traceback="", permanent=how == "refuse", retry_seconds=1)

    def _reachable(self, former: RunState, state: RunState) -> bool:
        return state in _EDGES[former]

    def _states(self) -> dict[uuid.UUID, RunState]:
        rows: Any = self.uow.session.execute(text("SELECT id, state FROM run"))
        return {row.id: RunState(row.state) for row in rows}


def test_every_order_of_events_keeps_the_invariants(uow: UnitOfWork):
    worker = uuid.uuid4()
    uow.session.execute(
        text(
            "INSERT INTO worker (id, role, host, pid, concurrency)"
            " VALUES (:id, 'worker', 'here', 1, 2) RETURNING pg_advisory_lock(19287, number::int)"
        ),
        {"id": worker},
    )
    machine = type("Machine", (RunMachine,), {"uow": uow, "worker": worker})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
