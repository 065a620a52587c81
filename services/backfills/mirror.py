"""Copying cursor, batch log, quarantine and conflicts of a target to ours, so that pages need not ask it."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Connection, text

from services.backfills import ledger

_EVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CURSOR = ("backfill", "direction", "epoch", "number", "position", "size", "scanned", "changed", "done")
_BATCH = (
    "backfill",
    "direction",
    "number",
    "epoch",
    "after_key",
    "to_key",
    "scanned",
    "changed",
    "milliseconds",
    "at",
)
_QUARANTINE = ("backfill", "key", "batch", "error", "at")
_CONFLICT = ("backfill", "key", "before", "left_as", "found", "at")


def follow(ours: Connection, theirs: Connection, backfill: uuid.UUID) -> None:
    """Brings ours up to what stands there. Called in the transaction that changes the data, before it commits."""
    values = {"id": backfill}
    ledger.lay_down(ours)
    row = theirs.execute(text("SELECT * FROM kontor_backfill.cursor WHERE backfill = :id"), values).one_or_none()
    if row is None:
        return
    ours.execute(text("DELETE FROM kontor_backfill.cursor WHERE backfill = :id"), values)
    _insert(ours, "cursor", _CURSOR, [row._mapping])
    for table, columns in (("batch", _BATCH), ("quarantine", _QUARANTINE), ("conflict", _CONFLICT)):
        known = ours.scalar(
            text(f"SELECT max(at) FROM kontor_backfill.{table} WHERE backfill = :id"),  # noqa: S608
            values,
        )
        chosen = [f"{name}::text" if name in ("before", "left_as", "found") else name for name in columns]
        named = ", ".join(f"{one} AS {name}" for one, name in zip(chosen, columns, strict=True))
        found = theirs.execute(
            text(f"SELECT {named} FROM kontor_backfill.{table} WHERE backfill = :id AND at >= :known"),  # noqa: S608
            values | {"known": known or _EVER},
        )
        _insert(ours, table, columns, [one._mapping for one in found])


def _insert(ours: Connection, table: str, columns: tuple[str, ...], rows: list) -> None:
    if not rows:
        return
    given = [f"CAST(:{name} AS jsonb)" if name in ("before", "left_as", "found") else f":{name}" for name in columns]
    ours.execute(
        text(
            f"INSERT INTO kontor_backfill.{table} ({', '.join(columns)}) VALUES ({', '.join(given)})"  # noqa: S608
            " ON CONFLICT DO NOTHING"
        ),
        [{name: row[name] for name in columns} for row in rows],
    )
