"""Conflicts of a way back: rows edited since, settled one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, Select, String, cast, column, func, select, table, text
from sqlalchemy.dialects.postgresql import JSONB

from services.backfills import statements as sql
from services.backfills.definition import Definition, definition_named, shown_definition
from services.backfills.errors import NotAtWork
from services.backfills.images import before_table, key_of
from services.backfills.models import Backfill
from services.backfills.queries import readable
from services.backfills.service import S, locked, move, note, require, require_reason
from services.backfills.targets import at_target
from services.backfills.views import ConflictView
from services.backfills.vocabulary import SCHEMA
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_SHOWN = ("before", "left_as", "found", "settled", "settled_by", "settled_reason", "settled_at")
_CONFLICT = table(
    "conflict",
    column("backfill"),
    column("key", String),
    *[column(name, JSONB) if name in ("before", "left_as", "found") else column(name) for name in _SHOWN],
    schema=SCHEMA,
)
_SETTLE = text(
    "UPDATE kontor_backfill.conflict SET settled = :how, settled_by = :by, settled_reason = :reason,"
    " settled_at = clock_timestamp() WHERE backfill = :id AND key = ANY(:keys)"
)


class Settlement(StrEnum):
    """`keep` leaves the later edit, `restore` writes the value from before the backfill over it."""

    KEEP = "keep"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class ConflictPage:
    """By key; `last` is where the next page begins, None at the end. `open` and `settled` count all of them."""

    rows: tuple[ConflictView, ...]
    last: str | None
    open: int
    settled: int


@dataclass(frozen=True, slots=True)
class Settled:
    """`left` are those that could not be restored: edited once more meanwhile, or deleted. They stay open."""

    settled: int
    left: int


def conflicts(
    uow: UnitOfWork, *, backfill_id: uuid.UUID, after: str | None = None, open_only: bool = False, limit: int = 50
) -> ConflictPage:
    """Rows that the way back left alone, a page at a time. Raises BackfillNotFound."""
    row = readable(uow, backfill_id)
    if row.consumed_request_id is None:
        return ConflictPage((), None, 0, 0)
    mine = _CONFLICT.c.backfill == row.id
    chosen = _by_key(shown_definition(row.definition), row.id, after)
    if open_only:
        chosen = chosen.where(_CONFLICT.c.settled.is_(None))
    found = uow.session.execute(chosen.limit(limit + 1)).all()
    whole = uow.session.execute(select(func.count(), func.count(_CONFLICT.c.settled)).where(mine)).one()
    rows = tuple(ConflictView(**one._mapping) for one in found[:limit])
    return ConflictPage(rows, rows[-1].key if len(found) > limit else None, whole[0] - whole[1], whole[1])


def _by_key(definition: Definition, backfill: uuid.UUID, after: str | None) -> Select[Any]:
    """In the order of the key's own type (2 before 13); nothing after a key that is not listed."""
    mine, key = _CONFLICT.c.backfill == backfill, cast(_CONFLICT.c.key, key_of(definition).type)
    chosen = select(_CONFLICT.c.key, *[_CONFLICT.c[name] for name in _SHOWN]).where(mine).order_by(key)
    if after is None:
        return chosen
    last = select(key).where(mine, _CONFLICT.c.key == after).correlate(None).scalar_subquery()
    return chosen.where(key > last)


def settle_conflicts(
    uow: UnitOfWork, *, backfill_id: uuid.UUID, how: Settlement, reason: str, keys: Sequence[str] | None = None
) -> Settled:
    """Settles the open conflicts of `keys`, or all of them. Once none is open, the backfill is taken back.

    A row is restored only while it is as the list shows it; one edited again meanwhile is shown anew and stays open.
    """
    require(uow, Permission.BACKFILL_RUN)
    require_reason(reason)
    row = locked(uow, backfill_id)
    if row.state != S.ROLLED_BACK_WITH_CONFLICTS:
        raise NotAtWork("There are no conflicts to settle.")
    how, connection = Settlement(how), uow.session.connection()
    chosen = _open(connection, row.id, keys)
    done = chosen
    if how is Settlement.RESTORE:
        uow.actor.require_fresh_proof(uow.clock.now())
        done = _restore(uow, row, chosen)
    values = {"id": row.id, "keys": done, "how": how.value, "by": uow.actor.name, "reason": reason.strip()}
    connection.execute(_SETTLE, values)
    counts = {"settled": len(done), "left": len(chosen) - len(done)}
    note(uow, row, "conflicts_settled", reason=reason.strip(), after=counts | {"how": how.value, "keys": done[:50]})
    if not _open(connection, row.id, None):
        move(uow, row, S.ROLLED_BACK)
    return Settled(**counts)


def _open(connection: Connection, backfill: uuid.UUID, keys: Sequence[str] | None) -> list[str]:
    chosen = text(
        "SELECT key FROM kontor_backfill.conflict WHERE backfill = :id AND settled IS NULL"
        " AND (CAST(:keys AS text[]) IS NULL OR key = ANY(CAST(:keys AS text[]))) ORDER BY key FOR UPDATE"
    )
    given = None if keys is None else list(keys)
    return list(connection.scalars(chosen, {"id": backfill, "keys": given}))


def _restore(uow: UnitOfWork, row: Backfill, keys: Sequence[str]) -> list[str]:
    """Writes the values from before over those that are as listed; what the others are now goes into the list."""
    definition = definition_named(row.definition)
    before = before_table(definition, row.number)
    listed = {
        one.key: one.found
        for one in uow.session.execute(
            select(_CONFLICT.c.key, _CONFLICT.c.found).where(_CONFLICT.c.backfill == row.id, _CONFLICT.c.key.in_(keys))
        )
    }
    with at_target(uow, definition) as connection:
        now = {one.key: one.found for one in connection.execute(sql.documents_of(definition, keys))}
        same = [key for key in keys if key in now and now[key] == listed[key]]
        restored = connection.execute(sql.restore_keys(definition, before, same)).all()
    again = [key for key in keys if now.get(key) != listed[key]]
    for key in again:
        uow.session.execute(
            text("UPDATE kontor_backfill.conflict SET found = CAST(:now AS jsonb) WHERE backfill = :id AND key = :key"),
            {"id": row.id, "key": key, "now": orjson.dumps(now[key]).decode() if key in now else None},
        )
    return [str(one.key) for one in restored]
