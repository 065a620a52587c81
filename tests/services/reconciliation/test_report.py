"""The nightly report, evidence, adjustments and causes."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid
from services.identity import Role
from services.reconciliation import (
    BreakFilter,
    Definition,
    Resolution,
    SourceKind,
    adjustments,
    assign_breaks,
    attach_evidence,
    book_adjustment,
    evidence_files,
    list_breaks,
    nightly_report,
    read_evidence,
    reconcile,
    recurring_causes,
    report_as_pdf,
    report_as_workbook,
    resolve_breaks,
    send_report,
)
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, at_morning, load


@pytest.fixture
def finance(uow: UnitOfWork) -> UnitOfWork:
    a_user(uow, Role.FINANCE, email="ada@example.com")
    entity: uuid.UUID = an_entity(uow)
    rows = [Row(f"=ch_{n}:charge", 1_000, fee=20) for n in range(10)]
    load(uow, entity, SourceKind.STRIPE, rows)
    load(uow, entity, SourceKind.BOOKS, [Row(row.key, 1_000, fee=21) for row in rows[:4]])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    return acting_as(at_morning(uow), "ada@example.com")


def test_the_report_goes_out_once_and_no_cell_is_a_formula(finance: UnitOfWork):
    report = nightly_report(finance)
    assert (report.green, len(report.lines), len(report.oldest)) == (False, 1, 10)
    assert report_as_pdf(report, locale="de").startswith(b"%PDF-")
    sheet = load_workbook(io.BytesIO(report_as_workbook(report))).worksheets[1]
    assert {cell.data_type for row in sheet.iter_rows(min_col=4, max_col=4) for cell in row} == {"s"}
    assert sheet["D2"].value.startswith("=ch_")
    assert (send_report(finance), send_report(finance)) == (1, 0)


def test_evidence_is_checked_hashed_and_kept_once(finance: UnitOfWork):
    number = list_breaks(finance, filter=BreakFilter()).rows[0].number
    kept = attach_evidence(finance, number=number, name="C:\\x\\receipt.pdf", content=b"%PDF-1.7 paid")
    assert (kept.name, evidence_files(finance, number=number)) == ("receipt.pdf", [kept])
    assert read_evidence(finance, evidence_id=kept.id)[1] == b"%PDF-1.7 paid"
    with pytest.raises(Conflict):
        attach_evidence(finance, number=number, name="again.pdf", content=b"%PDF-1.7 paid")
    for name, content in (("x.exe", b"MZ"), ("x.pdf", b"MZ"), ("x.txt", b"a\x00b"), ("x.txt", b"")):
        with pytest.raises(Invalid):
            attach_evidence(finance, number=number, name=name, content=content)
    finance.session.execute(text("UPDATE recon_evidence SET content = 'x'"))
    finance.session.expire_all()
    with pytest.raises(Conflict):
        read_evidence(finance, evidence_id=kept.id)


def test_an_adjustment_is_a_record_with_two_accounts(finance: UnitOfWork):
    number = list_breaks(finance, filter=BreakFilter()).rows[0].number
    day = dt.date(2026, 3, 16)
    booked = book_adjustment(
        finance, number=number, amount_minor=100, debit="6855", credit="1360", booked_on=day, memo="Fee booked too low"
    )
    assert adjustments(finance, number=number) == [booked]
    with pytest.raises(Invalid):
        book_adjustment(
            finance, number=number, amount_minor=100, debit="1", credit="1", booked_on=day, memo="Same account twice"
        )


def test_breaks_of_one_cause_are_counted_together_and_worked_off_together(finance: UnitOfWork):
    causes = {(cause.break_class, cause.pattern): cause.breaks for cause in recurring_causes(finance)}
    assert causes == {("missing_left", "same_day"): 6, ("fee", "rounding"): 4}
    numbers = [row.number for row in list_breaks(finance, filter=BreakFilter()).rows]
    assert assign_breaks(finance, numbers=numbers, person_id=finance.actor.id) == 10
    reason = "Fees are rounded by the shop"
    assert resolve_breaks(finance, numbers=numbers, resolution=Resolution.BOOKS_CORRECTED, reason=reason).resolved == 10
    assert recurring_causes(finance) == []
