"""Conflicts of a way back: rows edited since, settled one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson
from sqlalchemy import Connection, text

from services.backfills import statements as sql
from services.backfills.definition import definition_named
from services.backfills.errors import NotAtWork
from services.backfills.images import before_table
from services.backfills.models import Backfill
from services.backfills.queries import readable
from services.backfills.service import S, locked, move, note, require, require_reason
from services.backfills.targets import at_target
from services.backfills.views import ConflictView
from services.core.db import UnitOfWork
from services.core.permissions import Permission

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
    if readable(uow, backfill_id).consumed_request_id is None:
        return ConflictPage((), None, 0, 0)
    connection = uow.session.connection()
    values = {"id": backfill_id, "after": after or "", "open": open_only, "most": limit + 1}
    found = connection.execute(
        text(
            "SELECT key, before, left_as, CASE WHEN jsonb_typeof(found) = 'object' THEN found END AS found,"
            " settled, settled_by, settled_reason, settled_at FROM kontor_backfill.conflict"
            " WHERE backfill = :id AND key > :after AND (NOT :open OR settled IS NULL) ORDER BY key LIMIT :most"
        ),
        values,
    ).all()
    counts = connection.execute(
        text(
            "SELECT count(*) FILTER (WHERE settled IS NULL) AS open, count(settled) AS settled"
            " FROM kontor_backfill.conflict WHERE backfill = :id"
        ),
        values,
    ).one()
    rows = tuple(ConflictView(**row._mapping) for row in found[:limit])
    return ConflictPage(rows, rows[-1].key if len(found) > limit else None, counts.open, counts.settled)


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
            text(
                "SELECT key, CASE WHEN jsonb_typeof(found) = 'object' THEN found END AS found"
                " FROM kontor_backfill.conflict WHERE backfill = :id AND key = ANY(:keys)"
            ),
            {"id": row.id, "keys": list(keys)},
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
            {"id": row.id, "key": key, "now": orjson.dumps(now.get(key)).decode()},
        )
    return [str(one.key) for one in restored]
