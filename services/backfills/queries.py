"""Reading backfills: the catalogue, the list, one with its progress."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select, text

from services.backfills import ledger
from services.backfills.definition import Definition, registered, shown_definition
from services.backfills.errors import BackfillNotFound
from services.backfills.models import Backfill
from services.backfills.policy import TRANSITIONS
from services.backfills.views import (
    BackfillDetail,
    BackfillView,
    BatchView,
    CheckView,
    DefinitionView,
    LoadView,
    ProgressView,
    SetAside,
)
from services.backfills.vocabulary import BackfillState, Direction, Pace
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.core.permissions import Permission

_SHOWN = 50
_SUMS = """
SELECT coalesce(percentile_disc(0.95) WITHIN GROUP (ORDER BY milliseconds), 0) AS p95,
       coalesce(sum(scanned) FILTER (WHERE late), 0) AS rows, coalesce(sum(milliseconds) FILTER (WHERE late), 0) AS ms
FROM (SELECT *, number > max(number) OVER () - 20 AS late FROM kontor_backfill.batch
      WHERE backfill = :id AND direction = :direction) b
"""
_LATEST = """
SELECT number, scanned, changed, milliseconds, at FROM kontor_backfill.batch
WHERE backfill = :id AND direction = :direction ORDER BY number DESC LIMIT 60
"""


def catalogue(uow: UnitOfWork) -> tuple[DefinitionView, ...]:
    """The registered definitions, by name."""
    uow.actor.require(Permission.BACKFILL_READ)
    return tuple(definition_view(one) for one in registered())


def backfills(uow: UnitOfWork, *, states: tuple[BackfillState, ...] = (), limit: int = 50) -> tuple[BackfillView, ...]:
    """The newest first."""
    uow.actor.require(Permission.BACKFILL_READ)
    chosen = select(Backfill).order_by(Backfill.id.desc()).limit(limit)
    if states:
        chosen = chosen.where(Backfill.state.in_([state.value for state in states]))
    return tuple(view_of(row) for row in uow.session.scalars(chosen))


def backfill_by_number(uow: UnitOfWork, *, number: int) -> uuid.UUID:
    """Raises BackfillNotFound."""
    uow.actor.require(Permission.BACKFILL_READ)
    found = uow.session.scalar(select(Backfill.id).where(Backfill.number == number))
    if found is None:
        raise BackfillNotFound(f"There is no backfill BF-{number:04d}.")
    return found


def backfill_named(uow: UnitOfWork, *, reference: str) -> uuid.UUID:
    """The id behind BF-0012, 12 or an id. Raises BackfillNotFound, Invalid for what is neither."""
    uow.actor.require(Permission.BACKFILL_READ)
    number = reference.upper().removeprefix("BF-")
    if number.isdecimal():
        return backfill_by_number(uow, number=int(number))
    try:
        return uuid.UUID(reference)
    except ValueError as error:
        raise Invalid("A backfill is named by its number (BF-0012) or its id.") from error


def backfill_detail(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> BackfillDetail:
    """Everything about one; with rows of all legal entities, so not for who may read some. Raises BackfillNotFound."""
    row = readable(uow, backfill_id)
    connection = uow.session.connection()
    started = row.consumed_request_id is not None
    progress = _progress(connection, row) if started else None
    return BackfillDetail(
        backfill=view_of(row),
        definition=definition_view(shown_definition(row.definition), row.params),
        progress=progress,
        quarantine=_quarantine(connection, row.id) if progress and progress.quarantined else (),
        load=_load(connection, row.id) if started else (),
        next_steps=tuple(sorted(TRANSITIONS[BackfillState(row.state)])),
    )


def readable(uow: UnitOfWork, backfill_id: uuid.UUID) -> Backfill:
    """The row, for whoever may read backfills of all legal entities. Raises BackfillNotFound."""
    uow.actor.require(Permission.BACKFILL_READ)
    if uow.actor.grants[Permission.BACKFILL_READ].ids is not None:
        raise Forbidden(
            "A backfill shows rows of every legal entity; your right holds for some of them.",
            permission=str(Permission.BACKFILL_READ),
        )
    row = uow.session.get(Backfill, backfill_id, populate_existing=True)
    if row is None:
        raise BackfillNotFound("There is no such backfill.")
    return row


def view_of(row: Backfill) -> BackfillView:
    return BackfillView(
        id=row.id,
        number=row.number,
        definition=row.definition,
        version=row.definition_version,
        title=shown_definition(row.definition).title,
        params=row.params,
        state=BackfillState(row.state),
        problem=row.problem,
        created_by=row.created_by,
        created_by_name=row.created_by_name,
        created_at=row.created_at,
        dry_run=row.dry_run,
        request_id=row.request_id,
        run_id=row.run_id,
        pace=Pace(row.pace),
        throttle=row.throttle,
        started_by_name=row.started_by_name,
        started_at=row.started_at,
        changed_at=row.changed_at,
        verification=row.verification,
        signoff_request_id=row.signoff_request_id,
        signed_by_name=row.signed_by_name,
        undo_reason=row.undo_reason,
        undo_request_id=row.undo_request_id,
        ended_at=row.ended_at,
        planned_for=row.planned_for,
        planned_by_name=row.planned_by_name,
        follow_windows=row.follow_windows,
        hold=row.hold,
        emergency_by_name=row.emergency_by_name,
    )


def definition_view(definition: Definition, params: Mapping[str, Any] | None = None) -> DefinitionView:
    """Its checks are those for `params`; without them, those for its defaults, and none where it has no defaults."""
    try:
        checks = definition.checks(definition.params.model_validate(params or {}))
    except ValidationError:
        checks = ()
    return DefinitionView(
        name=definition.name,
        version=definition.version,
        title=definition.title,
        description=definition.description,
        owner=definition.owner,
        table=definition.target.name,
        columns=definition.columns,
        params=definition.params.model_json_schema(),
        checks=tuple(CheckView(one.code, one.title, one.expect) for one in checks),
        undoable=definition.undoable,
        quarantine_limit=definition.quarantine_limit,
        runbook=definition.runbook,
        reconciliations=tuple(one.value for one in definition.reconciliations),
        flag=definition.flag or "",
        database=definition.database or "",
    )


def _load(connection: Connection, backfill: uuid.UUID) -> tuple[LoadView, ...]:
    """Empty until the first look of this backfill's worker."""
    if connection.scalar(text("SELECT to_regclass('kontor_backfill.load')")) is None:
        return ()
    found = connection.execute(
        text("SELECT indicator, value, over, since, at FROM kontor_backfill.load WHERE backfill = :id"),
        {"id": backfill},
    )
    return tuple(LoadView(**one._mapping) for one in found)


def _progress(connection: Connection, row: Backfill) -> ProgressView | None:
    cursor = _one(connection, "SELECT * FROM kontor_backfill.cursor WHERE backfill = :id", row.id)
    if cursor is None:
        return None
    sums = _one(connection, _SUMS, row.id, direction=cursor.direction)
    per_second = int(sums.rows * 1000 / max(sums.ms, 1))
    whole = (row.dry_run or {}).get("estimate", {}).get("walked", 0)
    left = max(whole - cursor.scanned, 0) // per_second if per_second and cursor.number > 1 else None
    last = connection.execute(text(_LATEST), {"id": row.id, "direction": cursor.direction})
    return ProgressView(
        direction=Direction(cursor.direction),
        batches=cursor.number,
        scanned=cursor.scanned,
        changed=cursor.changed,
        quarantined=ledger.quarantined(connection, row.id),
        conflicts=ledger.conflicts(connection, row.id),
        rows_per_second=per_second,
        seconds_left=0 if cursor.done else left,
        p95_ms=sums.p95,
        last=tuple(BatchView(**one._mapping) for one in last),
    )


def _one(connection: Connection, statement: str, backfill: uuid.UUID, **values: str) -> Any:
    return connection.execute(text(statement), {"id": backfill, **values}).one_or_none()


def _quarantine(connection: Connection, backfill: uuid.UUID) -> tuple[SetAside, ...]:
    found = connection.execute(
        text("SELECT key, batch, error FROM kontor_backfill.quarantine WHERE backfill = :id ORDER BY at LIMIT :most"),
        {"id": backfill, "most": _SHOWN},
    )
    return tuple(SetAside(row.key, row.batch, row.error) for row in found)
