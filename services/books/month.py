"""A month of the books beside the bookkeeping's vouchers, by the invoice's number: what of the difference is what.

It is added up when an import, a sync or a run has ended, for the months these may have changed; pages read the sums.
"""

from __future__ import annotations

import calendar
import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import exists, func, select, text

from services.books.models import VoucherMonth as Month
from services.books.models import VoucherMonthItem as Item
from services.books.models import VoucherMonthPart as Part
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
_ITEMS = f"""
INSERT INTO voucher_month_item (entity_id, first_day, part, currency, number, booked_minor, issued_minor, minor)
{_NUMBERS} SELECT :entity, :first, part, currency, number, booked_minor, issued_minor, minor FROM parts
"""
_PARTS = """
INSERT INTO voucher_month_part (entity_id, first_day, part, currency, items, minor)
SELECT :entity, CAST(:first AS date), part, currency, count(*), sum(minor) FROM voucher_month_item
WHERE entity_id = :entity AND first_day = :first GROUP BY part, currency
UNION ALL
SELECT :entity, CAST(:first AS date), 'booked', currency, count(*), sum(amount_minor) FROM ledger_entry
WHERE entity_id = :entity AND booked_on BETWEEN :first AND :last GROUP BY currency
UNION ALL
SELECT :entity, CAST(:first AS date), 'issued', currency, count(*),
       sum(CASE WHEN kind LIKE '%creditnote' THEN -total_minor ELSE total_minor END)
FROM voucher WHERE entity_id = :entity AND voucher_on BETWEEN :first AND :last AND kind NOT LIKE 'purchase%'
  AND status NOT IN ('draft', 'voided') GROUP BY currency
"""
_ROLL = (
    "DELETE FROM voucher_month_item WHERE entity_id = :entity AND first_day = :first",
    "DELETE FROM voucher_month_part WHERE entity_id = :entity AND first_day = :first",
    _ITEMS,
    _PARTS,
)
_BOOKED, _ISSUED = "booked", "issued"


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
    """Vouchers and bookings of a month in one entity, as of `rolled_at`; `connected` is false where no voucher was
    ever mirrored, `rolled_at` None while the month waits to be added up."""

    connected: bool
    vouchers: dict[str, tuple[int, int]]
    booked: dict[str, int]
    parts: tuple[VoucherPart, ...]
    rolled_at: dt.datetime | None = None


def compare_vouchers(uow: UnitOfWork, *, entity_id: uuid.UUID, first_day: dt.date) -> VoucherMonth:
    """The books of a month beside its revenue vouchers, matched by the invoice's number, as the month was added up."""
    uow.actor.require(Permission.BOOKS_READ, entity_id)
    known = uow.session.scalar(select(exists().where(Month.entity_id == entity_id)))
    if not known:
        return VoucherMonth(False, {}, {}, ())
    rows = uow.session.scalars(select(Part).where(Part.entity_id == entity_id, Part.first_day == first_day)).all()
    month = uow.session.get(Month, (entity_id, first_day), populate_existing=True)
    return VoucherMonth(
        True,
        {row.currency: (row.items, row.minor) for row in rows if row.part == _ISSUED},
        {row.currency: row.minor for row in rows if row.part == _BOOKED},
        tuple(
            VoucherPart(row.currency, row.part, row.items, row.minor)
            for row in rows
            if row.part not in (_BOOKED, _ISSUED)
        ),
        month.rolled_at if month else None,
    )


def voucher_gaps(
    uow: UnitOfWork, *, entity_id: uuid.UUID, first_day: dt.date, part: str, currency: str, limit: int = 100
) -> list[VoucherGap]:
    """The invoices behind one part of `compare_vouchers`, the largest first."""
    uow.actor.require(Permission.BOOKS_READ, entity_id)
    place = (Item.entity_id == entity_id, Item.first_day == first_day, Item.part == part, Item.currency == currency)
    rows = uow.session.scalars(
        select(Item).where(*place).order_by(func.abs(Item.minor).desc(), Item.number).limit(limit)
    )
    return [
        VoucherGap(row.currency, row.part, row.number, row.booked_minor, row.issued_minor, row.minor) for row in rows
    ]


def stale_voucher_months(uow: UnitOfWork, *, entity_id: uuid.UUID) -> list[dt.date]:
    """The first days of the months that wait to be added up, the newest first."""
    uow.actor.require(Permission.BOOKS_READ, entity_id)
    found = select(Month.first_day).where(Month.entity_id == entity_id, Month.stale)
    return list(uow.session.scalars(found.order_by(Month.first_day.desc())))


def roll_voucher_month(uow: UnitOfWork, *, entity_id: uuid.UUID, first_day: dt.date) -> None:
    """Adds one month up from entries and vouchers as they stand now; whoever changes it meanwhile waits."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    row = uow.session.get_one(Month, (entity_id, first_day), with_for_update=True)
    last = first_day.replace(day=calendar.monthrange(first_day.year, first_day.month)[1])
    for statement in _ROLL:
        uow.session.execute(text(statement), {"entity": entity_id, "first": first_day, "last": last})
    row.stale, row.rolled_at = False, uow.clock.now()
    uow.session.flush()
