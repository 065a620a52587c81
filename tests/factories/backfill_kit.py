"""The kit for a backfill's author: runs a definition on a tiny table of its own, killed within and after every batch.

```python
def test_it_is_exact(database):
    laid = "CREATE TABLE …; INSERT INTO … SELECT … FROM generate_series(1, 500) n"
    proof = prove(Workshop(database, count=0), MyBackfill(), laid)
    assert proof.changed == 500
```
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from services import backfills
from services.backfills import BackfillState, Definition, Direction
from services.backfills.images import name_of
from tests.factories.backfills import ACTOR, Killed, Workshop, reject, request_of, taken_over

_BATCHES = 8  # about as many, however small the table is


@dataclass(frozen=True)
class Proof:
    """What came of it: rows predicted and changed, how often it was killed, and the verification's results by code."""

    predicted: int
    changed: int
    kills: int
    results: dict[str, bool]


def prove(workshop: Workshop, definition: Definition, table: str, **params: Any) -> Proof:
    """Lays the table down, runs the definition under kills, and takes it back; everything has to come out exact.

    Raises AssertionError when the change disturbs the rows' number, differs from the dry run, or is not wholly undone.
    """
    backfills.register(definition)
    for statement in table.split(";"):
        workshop.sql(statement)
    before = _rows(workshop, definition)
    made = workshop.agreed(definition.name, **params)
    begun = workshop.call("Ops", backfills.start, backfill_id=made)
    assert begun.problem is None, begun.problem
    kills = _killed_all_the_way(workshop, made)
    workshop.work(backfills.VERIFY)
    seen = workshop.see(made)
    assert seen.progress is not None
    assert seen.backfill.verification is not None
    results = {one["code"]: one["held"] for one in seen.backfill.verification["results"]}
    if definition.undoable:
        _undo(workshop, made)
        assert _rows(workshop, definition) == before, "the way back left rows changed"
    return Proof(seen.backfill.predicted or 0, seen.progress.changed, kills, results)


def _killed_all_the_way(workshop: Workshop, made: uuid.UUID) -> int:
    """Kills a worker before each batch has committed, and the next one after it has; returns how often."""
    kills, size = 0, max((workshop.see(made).backfill.predicted or 0) // _BATCHES, 1)
    with workshop.database.unit_of_work(ACTOR) as uow:
        taken_over(uow, made)
    while True:
        workshop.sql("UPDATE kontor_backfill.cursor SET size = :size", size=size)
        with suppress(Killed), workshop.database.unit_of_work(ACTOR) as uow:
            plan = taken_over(uow, made)
            backfills.step(uow, plan=plan, direction=Direction.FORWARD)
            raise Killed
        kills += 1
        try:
            workshop.work(backfills.EXECUTE, stop_after=1)
        except Killed:
            kills += 1
            workshop.give_up()
        else:
            return kills


def _undo(workshop: Workshop, made: uuid.UUID) -> None:
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="the kit takes it back")
    workshop.work(backfills.ROLL_BACK)
    assert workshop.see(made).backfill.state is BackfillState.ROLLED_BACK


def _rows(workshop: Workshop, definition: Definition) -> list[Any]:
    written = ", ".join(f'"{name}"' for name in (definition.key, *definition.columns))
    return [tuple(row) for row in workshop.sql(f"SELECT {written} FROM {name_of(definition)} ORDER BY 1")]
