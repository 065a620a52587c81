"""Queueing and steering runs: rights, scope, keys, audit."""

from __future__ import annotations

import dataclasses
import uuid
from types import MappingProxyType

import pytest
from sqlalchemy import text

from services import runs
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, NotFound
from services.core.ids import new_id
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity import create_legal_entity
from tests.services.runs.kinds import PLAIN, Params

runs.declare(PLAIN)


def _person(*permissions: Permission, scope: EntityScope | None = None) -> Actor:
    grants = {permission.value: scope or EntityScope.everything() for permission in permissions}
    return Actor(ActorKind.USER, new_id(), "Ada", MappingProxyType(grants))


def _as(uow: UnitOfWork, actor: Actor) -> UnitOfWork:
    return UnitOfWork(uow.session, actor, uow.clock, uow.request_id)


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    return create_legal_entity(uow, code="t-de", name="T", country="DE", currency="EUR", time_zone="Europe/Berlin")


def _audited(uow: UnitOfWork, run_id: uuid.UUID) -> list[str]:
    rows = uow.session.execute(
        text("SELECT action FROM audit_entry WHERE subject_id = :id ORDER BY recorded_at"), {"id": str(run_id)}
    )
    return [row.action for row in rows]


def test_a_unique_key_is_used_once_ever(uow: UnitOfWork):
    first = runs.enqueue(uow, kind=PLAIN, params=Params(), unique_key="day-1")
    assert runs.enqueue(uow, kind=PLAIN, params=Params(), unique_key="day-1") == first
    assert runs.enqueue(uow, kind=PLAIN, params=Params()) != first


def test_a_run_cannot_wait_for_one_that_does_not_exist(uow: UnitOfWork):
    with pytest.raises(NotFound):
        runs.enqueue(uow, kind=PLAIN, params=Params(), after=[new_id()])


def test_a_run_cannot_wait_for_a_cancelled_one(uow: UnitOfWork):
    first = runs.enqueue(uow, kind=PLAIN, params=Params())
    runs.cancel(uow, run_id=first)
    with pytest.raises(Conflict):
        runs.enqueue(uow, kind=PLAIN, params=Params(), after=[first])


def test_cancelling_takes_along_all_that_waits(uow: UnitOfWork):
    first = runs.enqueue(uow, kind=PLAIN, params=Params())
    second = runs.enqueue(uow, kind=PLAIN, params=Params(), after=[first])
    third = runs.enqueue(uow, kind=PLAIN, params=Params(), after=[second])
    assert runs.run_detail(uow, run_id=second).run.blocked
    runs.cancel(uow, run_id=first)
    states = [runs.run_detail(uow, run_id=each).run.state for each in (first, second, third)]
    assert states == [runs.RunState.CANCELLED] * 3


def test_starting_needs_the_kinds_own_right_and_changes_nothing_without_it(uow: UnitOfWork):
    before = runs.count_runs(uow)
    with pytest.raises(Forbidden):
        runs.enqueue(_as(uow, _person(Permission.RUN_READ)), kind=PLAIN, params=Params())
    assert runs.count_runs(uow) == before


def test_runs_of_another_entity_are_neither_seen_nor_steered(uow: UnitOfWork, entity: uuid.UUID):
    run_id = runs.enqueue(uow, kind=PLAIN, params=Params(entity_id=entity))
    elsewhere = EntityScope.of([new_id()])
    stranger = _as(uow, _person(Permission.RUN_READ, Permission.RUN_CONTROL, scope=elsewhere))
    assert runs.list_runs(stranger).rows == ()
    for refused in (runs.run_detail, runs.run_log, runs.pause, runs.cancel, runs.retry):
        with pytest.raises(runs.RunNotFound):
            refused(stranger, run_id=run_id)
    assert runs.run_detail(uow, run_id=run_id).run.desired is runs.Desired.RUN


def test_what_a_person_does_is_audited(uow: UnitOfWork):
    person = _as(uow, _person(Permission.RUN_CONTROL, Permission.RUN_READ))
    run_id = runs.start(person, kind="tests.plain", params={"number": 7})
    runs.pause(person, run_id=run_id, reason="The bank is late.")
    runs.resume(person, run_id=run_id)
    runs.cancel(person, run_id=run_id)
    verbs = ["started", "paused", "resumed", "cancelled"]
    assert _audited(uow, run_id) == [f"runs.run.{verb}" for verb in verbs]


def test_wrong_parameters_are_named_field_by_field(uow: UnitOfWork):
    with pytest.raises(runs.InvalidParams, match="number: Input should be a valid integer"):
        runs.start(uow, kind="tests.plain", params={"number": "many"})


def test_a_finished_run_obeys_nobody(uow: UnitOfWork):
    run_id = runs.enqueue(uow, kind=PLAIN, params=Params())
    runs.cancel(uow, run_id=run_id)
    for asked in (runs.pause, runs.resume, runs.cancel, runs.retry):
        with pytest.raises(runs.IllegalWish):
            asked(uow, run_id=run_id)


def test_pages_of_runs_follow_each_other_without_gap_or_overlap(uow: UnitOfWork):
    queued = [runs.enqueue(uow, kind=PLAIN, params=Params()) for _ in range(7)]
    seen: list[uuid.UUID] = []
    cursor = None
    while True:
        page = runs.list_runs(uow, kinds=["tests.plain"], older_than=cursor, limit=3)
        seen += [row.id for row in page.rows]
        cursor = page.older
        if cursor is None:
            break
    assert seen == queued[::-1]
    back = runs.list_runs(uow, kinds=["tests.plain"], newer_than=page.newer, limit=3)
    assert [row.id for row in back.rows] == seen[3:6]


def test_two_kinds_cannot_share_a_name():
    with pytest.raises(ValueError, match=r"tests\.plain"):
        runs.declare(dataclasses.replace(PLAIN, concurrency=9))
