"""Changing the keys that stored secrets are sealed under, while everybody goes on working."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, and_, func, select, tuple_, update

from services import audit
from services.core.db import Base, UnitOfWork
from services.core.errors import Conflict
from services.core.keyring import Sealed
from services.core.permissions import Permission

_BATCH = 200


def rotate_keys(uow: UnitOfWork) -> str:
    """A new key for new secrets; returns its id. Commit, then `rewrap_secrets` until nothing is left."""
    uow.actor.require(Permission.SETUP_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    before = uow.keyring.active
    after = uow.keyring.rotate()
    _audited(uow, "keyring.key.rotated", after, before={"active": before}, after={"active": after})
    return after


def owns_keys(uow: UnitOfWork) -> bool:
    """Whether keys are made here; those in the settings are made by whoever writes the settings."""
    uow.actor.require(Permission.SETUP_MANAGE)
    return uow.keyring.makes_keys


def rewrap_secrets(uow: UnitOfWork) -> int:
    """Puts up to 200 secrets of each column under the active key; 0 when all are. Rows in use come next time."""
    uow.actor.require(Permission.SETUP_MANAGE)
    return sum(_rewrap(uow, column) for column in _sealed_columns())


def secrets_under(uow: UnitOfWork, *, key_id: str) -> int:
    """How many stored secrets are sealed under one key."""
    uow.actor.require(Permission.SETUP_MANAGE)
    header = uow.keyring.header(key_id)
    counts = [
        uow.session.scalar(select(func.count()).where(func.substr(column, 1, len(header)) == header)) or 0
        for column in _sealed_columns()
    ]
    return sum(counts)


def retire_key(uow: UnitOfWork, *, key_id: str) -> None:
    """Deletes a key for good. Raises Conflict while a secret needs it, Invalid for the active one."""
    uow.actor.require(Permission.SETUP_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    held = secrets_under(uow, key_id=key_id)
    if held:
        raise Conflict(f"{held} secrets are still sealed under “{key_id}”; run `kontor keys rotate` first.")
    uow.keyring.retire(key_id)
    _audited(uow, "keyring.key.retired", key_id, before={"key": key_id}, after=None)


def _rewrap(uow: UnitOfWork, column: Column[Any]) -> int:
    table: Table = column.table
    key = list(table.primary_key.columns)
    header = uow.keyring.header()
    stale = and_(column.is_not(None), func.substr(column, 1, len(header)) != header)
    rows = uow.session.execute(select(*key, column).where(stale).limit(_BATCH).with_for_update(skip_locked=True)).all()
    for *identity, sealed in rows:
        uow.session.execute(
            update(table).where(tuple_(*key) == tuple(identity)).values({column: uow.keyring.rewrap(sealed)})
        )
    return len(rows)


def _sealed_columns() -> Iterator[Column[Any]]:
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.columns if isinstance(column.type, Sealed))


def _audited(
    uow: UnitOfWork, action: str, key_id: str, *, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    audit.record(uow, action=action, subject_type="key", subject_id=key_id, before=before, after=after)
