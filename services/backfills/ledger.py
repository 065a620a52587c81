"""Cursor, batch log, quarantine and conflicts: beside the data, in the transaction that changes it.

The tables are made on first use, in the schema that the migration made for them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text

from services.backfills.errors import NotAtWork
from services.backfills.vocabulary import Direction

_LAID = """
SELECT pg_advisory_xact_lock(hashtextextended('kontor_backfill', 0));
CREATE TABLE IF NOT EXISTS kontor_backfill.cursor (
    backfill uuid PRIMARY KEY,
    direction text NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    number integer NOT NULL DEFAULT 0,
    position text,
    size integer NOT NULL,
    scanned bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    done boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS kontor_backfill.batch (
    backfill uuid NOT NULL,
    direction text NOT NULL,
    number integer NOT NULL,
    epoch bigint NOT NULL,
    after_key text,
    to_key text NOT NULL,
    scanned bigint NOT NULL,
    changed bigint NOT NULL,
    milliseconds integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (backfill, direction, number)
);
CREATE TABLE IF NOT EXISTS kontor_backfill.quarantine (
    backfill uuid NOT NULL,
    key text NOT NULL,
    batch integer NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (backfill, key)
);
CREATE TABLE IF NOT EXISTS kontor_backfill.conflict (
    backfill uuid NOT NULL,
    key text NOT NULL,
    before jsonb NOT NULL,
    left_as jsonb NOT NULL,
    found jsonb,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (backfill, key)
);
CREATE TABLE IF NOT EXISTS kontor_backfill.load (
    backfill uuid NOT NULL,
    indicator text NOT NULL,
    value bigint NOT NULL,
    over boolean NOT NULL,
    since timestamptz NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (backfill, indicator)
);
ALTER TABLE kontor_backfill.conflict
    ADD COLUMN IF NOT EXISTS settled text CHECK (settled IN ('keep', 'restore')),
    ADD COLUMN IF NOT EXISTS settled_by text,
    ADD COLUMN IF NOT EXISTS settled_reason text,
    ADD COLUMN IF NOT EXISTS settled_at timestamptz;
"""
_RECENT = 30
_READ = text(
    """
    SELECT c.*, (SELECT array_agg(ARRAY[b.scanned, b.milliseconds] ORDER BY b.number DESC) FROM (
        SELECT * FROM kontor_backfill.batch WHERE backfill = c.backfill AND direction = c.direction
        ORDER BY number DESC LIMIT :most) b) AS recent
    FROM kontor_backfill.cursor c WHERE c.backfill = :id
    """
)
_MOVE = text(
    """
    WITH moved AS (
        UPDATE kontor_backfill.cursor SET number = :number, position = :to_key, scanned = scanned + :scanned,
            changed = changed + :changed, size = :size, done = :done
        WHERE backfill = :id AND epoch = :epoch AND direction = :direction AND number = :was RETURNING 1
    )
    INSERT INTO kontor_backfill.batch (backfill, direction, number, epoch, after_key, to_key, scanned, changed,
        milliseconds)
    SELECT :id, :direction, :number, :epoch, :after, :to_key, :scanned, :changed, :milliseconds FROM moved
    """
)
_IS_LAID = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('kontor_backfill.conflict')
               AND attname = 'settled_at') AND to_regclass('kontor_backfill.load') IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a backfill stands: the last batch's number, the key it ended at, and what was done so far.

    `recent` has rows and seconds of the latest batches, newest first: what the size of the next one follows from.
    """

    direction: Direction
    epoch: int
    number: int
    position: str | None
    size: int
    scanned: int
    changed: int
    done: bool
    recent: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch did: the key it ended at, rows looked at and changed, its time, and the size of the next one."""

    to_key: str
    scanned: int
    changed: int
    milliseconds: int
    size: int
    done: bool


def lay_down(connection: Connection) -> None:
    """Makes the tables where they are missing."""
    if not connection.scalar(text(_IS_LAID)):
        if connection.scalar(text("SELECT to_regnamespace('kontor_backfill')")) is None:
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS kontor_backfill")
        connection.exec_driver_sql(_LAID)


def open_cursor(connection: Connection, backfill: uuid.UUID, direction: Direction, size: int) -> Cursor:
    """Takes the cursor over under a new epoch (whoever held it before can no longer write), made if it is missing."""
    values = {"id": backfill, "direction": direction.value, "size": size}
    connection.execute(
        text(
            "INSERT INTO kontor_backfill.cursor (backfill, direction, size) VALUES (:id, :direction, :size)"
            " ON CONFLICT (backfill) DO UPDATE SET direction = excluded.direction, epoch = cursor.epoch,"
            " number = 0, position = NULL, scanned = 0, changed = 0, done = false"
            " WHERE cursor.direction <> excluded.direction"
        ),
        values,
    )
    connection.execute(text("UPDATE kontor_backfill.cursor SET epoch = epoch + 1 WHERE backfill = :id"), values)
    return read_cursor(connection, backfill)


def read_cursor(connection: Connection, backfill: uuid.UUID) -> Cursor:
    """Raises NotAtWork when nothing was ever started."""
    row = connection.execute(_READ, {"id": backfill, "most": _RECENT}).one_or_none()
    if row is None:
        raise NotAtWork("This backfill has not started yet.")
    recent = tuple((scanned, milliseconds / 1000) for scanned, milliseconds in row.recent or ())
    return Cursor(
        Direction(row.direction),
        row.epoch,
        row.number,
        row.position,
        row.size,
        row.scanned,
        row.changed,
        row.done,
        recent,
    )


def move(connection: Connection, backfill: uuid.UUID, cursor: Cursor, batch: Batch) -> None:
    """Writes the batch down and moves on; the last statement that a batch needs. Raises NotAtWork when overtaken."""
    values = {
        "id": backfill,
        "direction": cursor.direction.value,
        "epoch": cursor.epoch,
        "was": cursor.number,
        "number": cursor.number + 1,
        "after": cursor.position,
        **asdict(batch),
    }
    if connection.execute(_MOVE, values).rowcount != 1:
        raise NotAtWork("Another worker has taken this backfill over.")


def changed_by(connection: Connection, backfill: uuid.UUID) -> int:
    """Rows it has changed; 0 when it has done no batch yet."""
    found = text(
        "SELECT coalesce(sum(changed), 0) FROM kontor_backfill.batch WHERE backfill = :id AND direction = 'forward'"
    )
    return int(connection.scalar(found, {"id": backfill}) or 0)


def changed_in(connection: Connection, backfill: uuid.UUID, batch: int) -> int:
    """Rows that one batch forward has changed."""
    found = text(
        "SELECT changed FROM kontor_backfill.batch WHERE backfill = :id AND direction = 'forward' AND number = :batch"
    )
    return int(connection.scalar(found, {"id": backfill, "batch": batch}) or 0)


def note_load(
    connection: Connection, backfill: uuid.UUID, readings: Sequence[tuple[str, int, bool]], now: dt.datetime
) -> None:
    """Where each indicator (name, value, whether it is over its limit) stands, and since when on that side of it."""
    connection.execute(
        text(
            "INSERT INTO kontor_backfill.load AS l (backfill, indicator, value, over, since, at)"
            " VALUES (:id, :indicator, :value, :over, :now, :now) ON CONFLICT (backfill, indicator) DO UPDATE"
            " SET value = excluded.value, over = excluded.over, at = excluded.at,"
            " since = CASE WHEN l.over = excluded.over THEN l.since ELSE excluded.since END"
        ),
        [
            {"id": backfill, "indicator": name, "value": value, "over": over, "now": now}
            for name, value, over in readings
        ],
    )


def quarantine(connection: Connection, backfill: uuid.UUID, *, key: str, batch: int, error: str) -> None:
    connection.execute(
        text(
            "INSERT INTO kontor_backfill.quarantine (backfill, key, batch, error) VALUES (:id, :key, :batch, :error)"
            " ON CONFLICT DO NOTHING"
        ),
        {"id": backfill, "key": key, "batch": batch, "error": error[:500]},
    )


def quarantined(connection: Connection, backfill: uuid.UUID) -> int:
    return (
        connection.scalar(
            text("SELECT count(*) FROM kontor_backfill.quarantine WHERE backfill = :id"), {"id": backfill}
        )
        or 0
    )


def keys_aside(connection: Connection, backfill: uuid.UUID) -> Sequence[str]:
    """The rows that were set aside."""
    found = text("SELECT key FROM kontor_backfill.quarantine WHERE backfill = :id ORDER BY key")
    return connection.scalars(found, {"id": backfill}).all()


def conflicts(connection: Connection, backfill: uuid.UUID) -> int:
    return (
        connection.scalar(text("SELECT count(*) FROM kontor_backfill.conflict WHERE backfill = :id"), {"id": backfill})
        or 0
    )
