"""One batch forward, one batch back: the change, its before-images and the checkpoint, in the caller's transaction."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.backfills import ledger
from services.backfills import statements as sql
from services.backfills.definition import Definition, PythonBackfill, SqlBackfill
from services.backfills.errors import NotAtWork, TooManyQuarantined
from services.backfills.images import before_table, images_of
from services.backfills.ledger import Cursor
from services.backfills.policy import next_size
from services.backfills.vocabulary import Direction
from services.core.locks import take_turn

# Classes of SQLSTATE that are the fault of a row: data exception, constraint violation, raised by a trigger.
_FAULTS_OF_ROWS = ("22", "23", "P0")


@dataclass(frozen=True)
class Plan:
    """What one attempt carries out: the definition with its parameters, up to the frozen bound, under one epoch."""

    backfill_id: uuid.UUID
    number: int
    definition: Definition
    params: BaseModel
    bound: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch did. `done` says that it was the last one."""

    number: int
    scanned: int
    changed: int
    seconds: float
    size: int
    done: bool
    total_scanned: int
    total_changed: int


@dataclass(frozen=True, slots=True)
class _Done:
    """The key a batch ended at, the rows it looked at and changed, and whether it was the last one."""

    to_key: str
    scanned: int
    changed: int
    last: bool


def forward(connection: Connection, plan: Plan, target_seconds: float) -> Step:
    """Changes the next rows. Raises NotAtWork when overtaken, TooManyQuarantined; the caller rolls back."""
    began = time.perf_counter()
    cursor = held(connection, plan, Direction.FORWARD)
    if cursor.done:
        return _standing(cursor)
    _lock(connection, plan.definition)
    batch = cursor.number + 1
    to = sql.stretch_end(connection, plan.definition, cursor.position, plan.bound, cursor.size)
    last = to == plan.bound
    # Counted before the change: afterwards the index leads to old and new rows alike.
    scanned = cursor.size if not last else sql.count_stretch(connection, plan.definition, cursor.position, to)
    changed = change_stretch(connection, plan, batch=batch, after=cursor.position, to=to)
    return _moved(connection, plan, cursor, _Done(to, scanned, changed, last), began=began, target=target_seconds)


def back(connection: Connection, plan: Plan, target_seconds: float) -> Step:
    """Gives the values of one batch back, the last batch first; edited rows are listed and left alone."""
    began = time.perf_counter()
    cursor = held(connection, plan, Direction.BACK)
    if cursor.done:
        return _standing(cursor)
    _lock(connection, plan.definition)
    before = before_table(plan.definition, plan.number)
    batch = _batch_before(connection, plan, cursor)
    restored = kept = 0
    if batch:
        restored = _count(connection, sql.restore_statement(plan.definition, before, batch))
        if restored < ledger.changed_in(connection, plan.backfill_id, batch):
            kept = _count(connection, sql.conflicts_of(plan.definition, before, batch, plan.backfill_id))
    did = _Done(str(batch), restored + kept, restored, batch <= 1)
    return _moved(connection, plan, cursor, did, began=began, target=target_seconds)


def held(connection: Connection, plan: Plan, direction: Direction) -> Cursor:
    """The cursor as long as this attempt holds it."""
    cursor = ledger.read_cursor(connection, plan.backfill_id)
    if cursor.epoch != plan.epoch or cursor.direction is not direction:
        raise NotAtWork("Another worker has taken this backfill over.")
    return cursor


def change_stretch(connection: Connection, plan: Plan, *, batch: int, after: str | None, to: str) -> int:
    """Changes the rows in (after, to]; halves the stretch where a row refuses, down to that row, which is set aside."""
    try:
        with connection.begin_nested():
            return _change(connection, plan, batch=batch, after=after, to=to)
    except DBAPIError as error:
        if not (getattr(error.orig, "sqlstate", None) or "").startswith(_FAULTS_OF_ROWS):
            raise
        problem = str(error.orig).strip().splitlines()[0]
    except sql.REFUSALS as error:
        problem = f"{type(error).__name__}: {error}"
    wanted = sql.wanted_keys(connection, plan.definition, plan.params, after=after, to=to)
    if len(wanted) <= 1:
        for key in wanted:
            _set_aside(connection, plan, key, batch, problem)
        return 0
    middle = wanted[len(wanted) // 2 - 1]
    return change_stretch(connection, plan, batch=batch, after=after, to=middle) + change_stretch(
        connection, plan, batch=batch, after=middle, to=to
    )


def _change(connection: Connection, plan: Plan, *, batch: int, after: str | None, to: str) -> int:
    definition, images = plan.definition, images_of(connection, plan.definition, plan.number)
    if isinstance(definition, SqlBackfill):
        statement = sql.change_statement(definition, plan.params, images, batch=batch, after=after, to=to)
        with sql.page_by_page(connection, definition, plan.params):
            return images.changed_by(connection, statement)
    function = cast(PythonBackfill, definition)
    chosen = sql.rows_to_write(function, plan.params, after=after, to=to)
    rows = [sql.as_row(row) for row in connection.execute(chosen)]
    asked = {row[definition.key] for row in rows}
    values = {key: one for key, one in function.change_batch(rows, plan.params).items() if key in asked}
    if not values:
        return 0
    return images.changed_by(connection, sql.write_statement(function, images, batch=batch, values=values))


def _count(connection: Connection, statement: Any) -> int:
    """Executes a writing statement; how many rows it wrote."""
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _set_aside(connection: Connection, plan: Plan, key: str, batch: int, problem: str) -> None:
    ledger.quarantine(connection, plan.backfill_id, key=key, batch=batch, error=problem)
    if ledger.quarantined(connection, plan.backfill_id) > plan.definition.quarantine_limit:
        raise TooManyQuarantined(
            f"More than {plan.definition.quarantine_limit} rows refuse the change. The last one: {problem}"
        )


def _batch_before(connection: Connection, plan: Plan, cursor: Cursor) -> int:
    if cursor.position is not None:
        return int(cursor.position) - 1
    statement = text(
        "SELECT coalesce(max(number), 0) FROM kontor_backfill.batch WHERE backfill = :id AND direction = 'forward'"
    )
    return connection.scalar(statement, {"id": plan.backfill_id}) or 0


def _moved(connection: Connection, plan: Plan, cursor: Cursor, did: _Done, *, began: float, target: float) -> Step:
    """Logs the batch and moves the cursor; the next size follows from what this one and the last ones took."""
    seconds = time.perf_counter() - began
    size = next_size(cursor.size, [(did.scanned, seconds), *cursor.recent], target)
    batch = ledger.Batch(did.to_key, did.scanned, did.changed, int(seconds * 1000), size, did.last)
    ledger.move(connection, plan.backfill_id, cursor, batch)
    scanned, changed = cursor.scanned + did.scanned, cursor.changed + did.changed
    return Step(cursor.number + 1, did.scanned, did.changed, seconds, size, did.last, scanned, changed)


def _standing(cursor: Cursor) -> Step:
    return Step(cursor.number, 0, 0, 0.0, cursor.size, True, cursor.scanned, cursor.changed)


def _lock(connection: Connection, definition: Definition) -> None:
    if definition.lock:
        take_turn(connection, definition.lock)
