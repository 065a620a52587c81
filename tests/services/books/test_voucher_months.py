"""What is kept of a month of books beside vouchers is what adding up every month anew gives, whatever came before."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services import books
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin
from services.integrations.bookkeeping import Voucher
from tests.factories.books import ledger, line
from tests.factories.identity import an_entity

MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)
_KEPT = """
SELECT first_day, part, currency, items, minor, 0 FROM voucher_month_part
UNION ALL
SELECT first_day, part, number, coalesce(booked_minor, -1), coalesce(issued_minor, -1), minor FROM voucher_month_item
ORDER BY 1, 2, 3
"""
_SEQUENCE = iter(range(1, 10_000))


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    return an_entity(uow)


def book(uow: UnitOfWork, entity: uuid.UUID, *rows: tuple[int, str, str, dt.date]) -> None:
    """Lines of the books: id, invoice, amount, day; an id that comes again replaces its line."""
    lines = [
        line(number, f"ch_{number}", invoice=invoice, amount=amount, posted_at=f"{day}T10:00:00+02:00")
        for number, invoice, amount, day in rows
    ]
    books.import_file(
        uow, entity_id=entity, file=ledger(*lines, name=f"{next(_SEQUENCE)}.csv"), origin=FileOrigin.UPLOAD
    )


def issue(uow: UnitOfWork, entity: uuid.UUID, name: str, number: str, total: str, day: dt.date, **more: Any) -> None:
    fields: dict[str, Any] = {"kind": "salesinvoice", "status": "paid", "open": "0.00", "archived": False}
    voucher = Voucher(
        external_id=name,
        number=number,
        voucher_on=day,
        due_on=None,
        contact="Erika",
        total=total,
        currency="EUR",
        updated_at=dt.datetime(2026, 5, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=next(_SEQUENCE)),
        **fields | more,
    )
    books.take_vouchers(uow, entity_id=entity, provider="lexware", vouchers=[voucher])


def kept(uow: UnitOfWork, entity: uuid.UUID, *, anew: bool = False) -> list[Any]:
    """What is kept once the months that ask for it are added up, or all of them."""
    if anew:
        uow.session.execute(text("UPDATE voucher_month SET stale = true"))
    for first_day in books.stale_voucher_months(uow, entity_id=entity):
        books.roll_voucher_month(uow, entity_id=entity, first_day=first_day)
    return [tuple(row) for row in uow.session.execute(text(_KEPT))]


def holds(uow: UnitOfWork, entity: uuid.UUID) -> None:
    assert kept(uow, entity) == kept(uow, entity, anew=True) != []


def test_every_change_asks_for_the_months_it_may_have_changed(uow: UnitOfWork, entity: uuid.UUID):
    book(uow, entity, (1, "R-1", "10.00", MARCH), (2, "R-2", "20.00", APRIL), (3, "", "5.00", MARCH))
    issue(uow, entity, "a", "R-1", "10.00", MARCH)
    holds(uow, entity)
    issue(uow, entity, "b", "R-2", "20.00", MARCH)
    holds(uow, entity)
    book(uow, entity, (2, "R-2", "20.00", MARCH))
    holds(uow, entity)
    book(uow, entity, (2, "R-1", "20.00", APRIL))
    holds(uow, entity)
    issue(uow, entity, "b", "R-7", "25.00", APRIL, open="25.00")
    holds(uow, entity)
    issue(uow, entity, "a", "R-1", "10.00", MARCH, status="voided")
    holds(uow, entity)
    book(uow, entity, (4, "R-7", "25.00", MARCH))
    holds(uow, entity)


def test_what_came_again_unchanged_asks_for_nothing(uow: UnitOfWork, entity: uuid.UUID):
    book(uow, entity, (1, "R-1", "10.00", MARCH))
    issue(uow, entity, "a", "R-2", "10.00", MARCH)
    kept(uow, entity)
    book(uow, entity, (1, "R-1", "10.00", MARCH))
    assert books.stale_voucher_months(uow, entity_id=entity) == []


def test_where_no_voucher_ever_came_nothing_is_kept(uow: UnitOfWork, entity: uuid.UUID):
    book(uow, entity, (1, "R-1", "10.00", MARCH))
    assert books.stale_voucher_months(uow, entity_id=entity) == []
    assert not books.compare_vouchers(uow, entity_id=entity, first_day=MARCH).connected


def test_parts_add_up_and_open_their_items(uow: UnitOfWork, entity: uuid.UUID):
    book(uow, entity, (1, "R-1", "10.00", MARCH), (2, "", "5.00", MARCH), (3, "R-9", "1.00", MARCH))
    issue(uow, entity, "a", "R-1", "12.00", MARCH)
    issue(uow, entity, "b", "R-2", "7.00", MARCH)
    assert books.compare_vouchers(uow, entity_id=entity, first_day=MARCH).rolled_at is None
    kept(uow, entity)
    month = books.compare_vouchers(uow, entity_id=entity, first_day=MARCH)
    parts = {part.part: part.minor for part in month.parts}
    assert parts == {"voucher_amount": -200, "not_booked": -700, "no_invoice": 500, "no_voucher": 100}
    assert sum(parts.values()) == month.booked["EUR"] - month.vouchers["EUR"][1] == 1600 - 1900
    assert month.rolled_at is not None
    (gap,) = books.voucher_gaps(uow, entity_id=entity, first_day=MARCH, part="voucher_amount", currency="EUR")
    assert (gap.number, gap.booked_minor, gap.issued_minor, gap.minor) == ("R-1", 1000, 1200, -200)
