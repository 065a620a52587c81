"""Which months a change of entries or vouchers asks to be added up again, in the transaction of the change.

That are the months in which a changed row stands or stood, and those with an open item of its invoice's number: what
agrees in its own month says nothing about another.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import text

from services.core.db import UnitOfWork

_NOTE = """
INSERT INTO voucher_month (entity_id, first_day)
SELECT DISTINCT CAST(:entity AS uuid), date_trunc('month', m.day)::date FROM (
    SELECT day FROM places WHERE day IS NOT NULL
    UNION SELECT i.first_day FROM voucher_month_item i
    WHERE i.entity_id = :entity AND i.number IN (SELECT number FROM places WHERE number <> '')
) m ON CONFLICT (entity_id, first_day) DO UPDATE SET stale = true
"""
_CHANGE_AND_NOTE = """
WITH touched AS ({statement}), places AS (
    SELECT v.day, v.number
    FROM touched t CROSS JOIN LATERAL (VALUES (t.was_on, t.was), (t.now_on, t.now)) v (day, number)
), noted AS ({note})
SELECT count(*) FROM touched
"""
_NOTE_GIVEN = "WITH places AS (SELECT * FROM unnest(CAST(:days AS date[]), CAST(:numbers AS text[])) v (day, number)) "
_EVERY_MONTH = """
INSERT INTO voucher_month (entity_id, first_day)
SELECT DISTINCT CAST(:entity AS uuid), date_trunc('month', booked_on)::date FROM ledger_entry WHERE entity_id = :entity
"""
_CONNECTED = "SELECT EXISTS (SELECT FROM voucher_month WHERE entity_id = :entity)"


def has_vouchers(uow: UnitOfWork, entity_id: uuid.UUID) -> bool:
    """Whether the entity's books are set beside vouchers at all."""
    return bool(uow.session.scalar(text(_CONNECTED), {"entity": entity_id}))


def begin_with_the_books(uow: UnitOfWork, entity_id: uuid.UUID) -> None:
    """Before an entity's first voucher: every month of its books is to be added up."""
    if not has_vouchers(uow, entity_id):
        uow.session.execute(text(_EVERY_MONTH), {"entity": entity_id})


def change_noting(uow: UnitOfWork, statement: str, values: dict[str, Any]) -> int:
    """Runs a change that returns was_on, was, now_on, now (days and invoices' numbers before and after; the former
    NULL for a new row) and notes the months. Returns how many rows it touched."""
    return int(uow.session.execute(text(_CHANGE_AND_NOTE.format(statement=statement, note=_NOTE)), values).scalar_one())


def note(uow: UnitOfWork, *, entity_id: uuid.UUID, places: Iterable[tuple[dt.date | None, str | None]]) -> None:
    """Notes the months of these days, and those with an open item of these numbers."""
    days, numbers = zip(*places, strict=True) if (places := list(places)) else ((), ())
    uow.session.execute(text(_NOTE_GIVEN + _NOTE), {"entity": entity_id, "days": list(days), "numbers": list(numbers)})
