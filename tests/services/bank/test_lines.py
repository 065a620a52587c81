"""The lines of a statement as the bank gives them: returns, charges, collective bookings."""

from pathlib import Path

import pytest

from services import bank
from services.bank import LineStatus
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin
from services.identity import Role
from tests.factories.bank import MONDAY, Row, Statement, camt, on_disk
from tests.factories.identity import a_user, acting_as, an_entity

SAMPLES = Path(__file__).parent / "samples"


def take(uow: UnitOfWork, data: bytes) -> bank.StatementView:
    """The only statement of the only account."""
    bank.import_file(uow, entity_id=an_entity(uow), file=on_disk(data), origin=FileOrigin.UPLOAD)
    (account,) = bank.accounts(uow)
    (statement,) = bank.statements(uow, account_id=account.id)
    return statement


def test_a_return_says_its_reason_its_charges_and_what_had_been_collected(uow: UnitOfWork):
    statement = take(uow, (SAMPLES / "camt053-v08.xml").read_bytes())
    sheet = bank.statement_lines(uow, statement_id=statement.id)
    payout, returned, reversed_ = sheet.lines
    assert sheet.statement == statement
    assert sheet.older is None
    assert (payout.amount_minor, payout.status, payout.of_provider) == (1_134_567, LineStatus.BOOKED, True)
    assert (returned.status, returned.return_reason, returned.of_provider) == (LineStatus.RETURNED, "AM04", False)
    assert (returned.amount_minor, returned.original_minor, returned.charges_minor) == (-3356, 2990, 366)
    assert reversed_.status is LineStatus.REVERSED


def test_a_collective_booking_opens_its_records(uow: UnitOfWork):
    statement = take(uow, (SAMPLES / "camt053-v02.xml").read_bytes())
    batch = next(
        line for line in bank.statement_lines(uow, statement_id=statement.id).lines if (line.batch_count or 0) > 1
    )
    found = bank.line_records(uow, line_id=batch.id)
    assert found.line == batch
    assert len(found.records) == batch.records > 1
    assert bank.line_records(uow, line_id=batch.id, limit=1).records == found.records[:1]


def test_lines_are_paged_in_the_order_of_the_file_and_searched(uow: UnitOfWork):
    rows = [Row("1.00", f"R{number}", remittance=f"INVOICE {number}") for number in range(5)]
    statement = take(uow, camt(Statement(1, MONDAY, "0.00", None, rows)))
    first = bank.statement_lines(uow, statement_id=statement.id, limit=3)
    rest = bank.statement_lines(uow, statement_id=statement.id, after=first.older, limit=3)
    assert [line.bank_reference for line in (*first.lines, *rest.lines)] == [row.reference for row in rows]
    assert rest.older is None
    found = bank.statement_lines(uow, statement_id=statement.id, text="invoice 3").lines
    assert [line.bank_reference for line in found] == ["R3"]
    assert bank.LineMark.parse(str(first.older)) == first.older


def test_another_entitys_lines_are_not_there(uow: UnitOfWork):
    statement = take(uow, camt(Statement(1, MONDAY, "0.00", None, [Row("1.00", "A")])))
    (line,) = bank.statement_lines(uow, statement_id=statement.id).lines
    a_user(uow, Role.FINANCE, entities=[an_entity(uow, "mh-at")])
    reader = acting_as(uow)
    with pytest.raises(bank.NoSuchBankRecord):
        bank.statement_lines(reader, statement_id=statement.id)
    with pytest.raises(bank.NoSuchBankRecord):
        bank.line_records(reader, line_id=line.id)
