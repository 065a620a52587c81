"""Queueing a run in the caller's transaction."""

import pytest
from pydantic import BaseModel

from services import runs
from services.core.db import UnitOfWork
from services.core.errors import Conflict, NotFound
from services.core.ids import new_id
from services.core.permissions import Permission


class Params(BaseModel):
    number: int = 1


KIND = runs.RunKind("tests.enqueue", Params, Permission.RUN_CONTROL)


def test_a_unique_key_is_used_once_ever(uow: UnitOfWork):
    first = runs.enqueue(uow, kind=KIND, params=Params(), unique_key="day-1")
    assert runs.enqueue(uow, kind=KIND, params=Params(), unique_key="day-1") == first
    assert runs.enqueue(uow, kind=KIND, params=Params()) != first


def test_a_run_cannot_wait_for_one_that_does_not_exist(uow: UnitOfWork):
    with pytest.raises(NotFound):
        runs.enqueue(uow, kind=KIND, params=Params(), after=[new_id()])


def test_a_run_cannot_wait_for_a_cancelled_one(uow: UnitOfWork):
    first = runs.enqueue(uow, kind=KIND, params=Params())
    runs.cancel(uow, run_id=first)
    with pytest.raises(Conflict):
        runs.enqueue(uow, kind=KIND, params=Params(), after=[first])


def test_nobody_works_yet(uow: UnitOfWork):
    assert runs.workers_seen(uow) == runs.Presence(workers=0, clocks=0)
