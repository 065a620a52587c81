"""A month of the books beside the bookkeeping's vouchers, by the invoice's number: what of the difference is what."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.core.db import UnitOfWork
from services.core.permissions import Permission

# A voucher counts with its sign: what the merchant earned; purchases are none of it. Each number belongs to exactly
# one part, so the parts add up to books less vouchers.
_NUMBERS = """
WITH booked AS (
    SELECT currency, coalesce(invoice, '') AS number, sum(amount_minor) AS minor FROM ledger_entry
    WHERE entity_id = :entity AND booked_on BETWEEN :first AND :last GROUP BY 1, 2
), issued AS (
    SELECT currency, number, sum(CASE WHEN kind LIKE '%creditnote' THEN -total_minor ELSE total_minor END) AS minor,
           sum(open_minor) AS open_minor
    FROM voucher WHERE entity_id = :entity AND voucher_on BETWEEN :first AND :last AND kind NOT LIKE 'purchase%'
      AND status NOT IN ('draft', 'voided') GROUP BY 1, 2
), compared AS (
    SELECT coalesce(b.currency, i.currency) AS currency, coalesce(b.number, i.number) AS number,
           b.minor AS booked_minor, i.minor AS issued_minor, i.open_minor
    FROM booked b FULL JOIN issued i ON b.currency = i.currency AND b.number = i.number
    WHERE b.minor IS DISTINCT FROM i.minor
), parts AS (
    SELECT c.*, coalesce(booked_minor, 0) - coalesce(issued_minor, 0) AS minor, CASE
        WHEN booked_minor IS NOT NULL AND issued_minor IS NOT NULL THEN 'voucher_amount'
        WHEN issued_minor IS NULL AND number = '' THEN 'no_invoice'
        WHEN issued_minor IS NULL AND EXISTS (SELECT FROM voucher v WHERE v.entity_id = :entity AND
             v.number = c.number) THEN 'voucher_elsewhere'
        WHEN issued_minor IS NULL THEN 'no_voucher'
        WHEN EXISTS (SELECT FROM ledger_entry e WHERE e.entity_id = :entity AND e.invoice = c.number
             AND e.booked_on NOT BETWEEN :first AND :last) THEN 'booked_elsewhere'
        WHEN open_minor > 0 THEN 'not_paid'
        ELSE 'not_booked' END AS part
    FROM compared c
)
"""
_SUMS = f"{_NUMBERS} SELECT currency, part, count(*) AS items, sum(minor) AS minor FROM parts GROUP BY 1, 2"
_LIST = f"""{_NUMBERS}
SELECT currency, part, number, booked_minor, issued_minor, minor FROM parts
WHERE part = :part AND currency = :currency ORDER BY abs(minor) DESC, number LIMIT :limit
"""
_ISSUED = """
SELECT currency, count(*) AS items,
       sum(CASE WHEN kind LIKE '%creditnote' THEN -total_minor ELSE total_minor END) AS minor
FROM voucher WHERE entity_id = :entity AND voucher_on BETWEEN :first AND :last AND kind NOT LIKE 'purchase%'
  AND status NOT IN ('draft', 'voided') GROUP BY 1
"""
_BOOKED = """
SELECT currency, sum(amount_minor) AS minor FROM ledger_entry
WHERE entity_id = :entity AND booked_on BETWEEN :first AND :last GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class VoucherPart:
    """A part of books less vouchers in one currency: how many invoices, and what they come to in minor units."""

    currency: str
    part: str
    items: int
    minor: int


@dataclass(frozen=True, slots=True)
class VoucherGap:
    """One invoice's number that books and bookkeeping tell differently; None where one side has nothing."""

    currency: str
    part: str
    number: str
    booked_minor: int | None
    issued_minor: int | None
    minor: int


@dataclass(frozen=True, slots=True)
class VoucherMonth:
    """Vouchers and bookings of some days in one entity; `connected` is false where no voucher was ever mirrored."""

    connected: bool
    vouchers: dict[str, tuple[int, int]]
    booked: dict[str, int]
    parts: tuple[VoucherPart, ...]


def compare_vouchers(uow: UnitOfWork, *, entity_id: uuid.UUID, first_day: dt.date, last_day: dt.date) -> VoucherMonth:
    """The books of these days beside the revenue vouchers of these days, matched by the invoice's number."""
    uow.actor.require(Permission.BOOKS_READ, entity_id)
    values: dict[str, Any] = {"entity": entity_id, "first": first_day, "last": last_day}
    known = uow.session.scalar(text("SELECT EXISTS (SELECT FROM voucher WHERE entity_id = :entity)"), values)
    if not known:
        return VoucherMonth(False, {}, {}, ())
    run = uow.session.execute
    return VoucherMonth(
        True,
        {row.currency: (row.items, int(row.minor)) for row in run(text(_ISSUED), values)},
        {row.currency: int(row.minor) for row in run(text(_BOOKED), values)},
        tuple(VoucherPart(row.currency, row.part, row.items, int(row.minor)) for row in run(text(_SUMS), values)),
    )


def voucher_gaps(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID,
    first_day: dt.date,
    last_day: dt.date,
    part: str,
    currency: str,
    limit: int = 100,
) -> list[VoucherGap]:
    """The invoices behind one part of `compare_vouchers`, the largest first."""
    uow.actor.require(Permission.BOOKS_READ, entity_id)
    values: dict[str, Any] = {"entity": entity_id, "first": first_day, "last": last_day}
    rows = uow.session.execute(text(_LIST), values | {"part": part, "currency": currency, "limit": limit})
    return [
        VoucherGap(
            row.currency, row.part, row.number, _whole(row.booked_minor), _whole(row.issued_minor), int(row.minor)
        )
        for row in rows
    ]


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
