"""What the nightly report says: what changed since yesterday, who has which break, and which backfill it follows."""

from __future__ import annotations

import datetime as dt
import io
import secrets
import uuid
from dataclasses import replace

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import text

from services.core import media
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.identity import Role
from services.notifications import claim_letters
from services.notifications.delivery import as_mail
from services.reconciliation import (
    BackfillDone,
    BreakFilter,
    Definition,
    MoneyMoved,
    SourceKind,
    assign_breaks,
    list_breaks,
    nightly_report,
    reconcile,
    report_as_pdf,
    report_as_workbook,
    send_report,
)
from services.reconciliation.nightly import attached
from services.reconciliation.report_letter import report_letter
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, at_morning, load

SYSTEM = Actor.system("test")
TOMORROW = dt.datetime(2026, 3, 18, 5, tzinfo=dt.UTC)
DONE = BackfillDone(
    name="R-2026-00012",
    columns=("payment.net_minor", "payment.settlement_currency"),
    finished_at=dt.datetime(2026, 3, 17, 14, 30, tzinfo=dt.UTC),
    rows=1_184_302,
    result="succeeded",
    verified=True,
    money=(
        MoneyMoved(currency="EUR", gross_minor=1_250_000, net_minor=-50),
        MoneyMoved(currency="", gross_minor=7, net_minor=0),
    ),
)


@pytest.fixture
def finance(uow: UnitOfWork) -> UnitOfWork:
    """Two nights: four fees break in the first; the second finds two of them corrected and an amount that differs."""
    a_user(uow, Role.FINANCE, email="ada@example.com")
    entity: uuid.UUID = an_entity(uow)
    rows = [Row(f"ch_{n}:charge", 1_000, fee=20, origin=f"o{n}") for n in range(5)]
    load(uow, entity, SourceKind.STRIPE, rows)
    load(uow, entity, SourceKind.BOOKS, [Row(r.key, 1_000, fee=21, origin=r.origin) for r in rows[:4]] + [rows[4]])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    later = [Row(r.key, 1_000, fee=20, origin=r.origin) for r in rows[:2]] + [
        Row(rows[4].key, 900, fee=20, origin="o4")
    ]
    load(uow, entity, SourceKind.BOOKS, later)
    tomorrow = UnitOfWork(uow.session, uow.actor, FrozenClock(TOMORROW), uow.request_id)
    reconcile(tomorrow, definition=Definition.SETTLEMENT, entity_id=entity)
    return acting_as(tomorrow, "ada@example.com")


def test_it_says_what_changed_since_yesterday_and_who_has_what(finance: UnitOfWork):
    numbers = [row.number for row in list_breaks(finance, filter=BreakFilter(), sort="number").rows]
    assign_breaks(finance, numbers=numbers[-1:], person_id=finance.actor.id)
    report = nightly_report(finance)
    assert report.lines[0].changes == {"amount": 1, "fee": -2}
    letter = report_letter(report, "en", None)
    told = dict(letter.facts)
    (line,) = [text for name, text in told.items() if name.endswith("Settlement")]
    assert "since yesterday: amount +1, fee −2" in line
    assert any("nobody has it" in text for name, text in told.items() if name.startswith("B-"))
    assert "seit gestern: Betrag +1, Gebühr −2" in " ".join(text for _, text in report_letter(report, "de", None).facts)
    pdf = "".join(page.extract_text() for page in PdfReader(io.BytesIO(report_as_pdf(report))).pages)
    assert all(word in pdf for word in ("Not everything is within the limit", "amount +1", "Oldest breaks", "nobody"))
    sheet = load_workbook(io.BytesIO(report_as_workbook(report))).worksheets[0]
    assert sheet.cell(1, 12).value == "Since yesterday"
    assert sheet.cell(2, 12).value == "amount +1, fee −2"


def test_after_a_backfill_it_names_columns_end_and_result_and_goes_out_once_more(finance: UnitOfWork):
    assert (send_report(finance), send_report(finance, after=DONE), send_report(finance, after=DONE)) == (1, 1, 0)
    english = report_letter(nightly_report(finance), "en", DONE)
    assert english.subject.endswith("after backfill R-2026-00012")
    assert english.paragraphs[0] == (
        "The backfill R-2026-00012 ended on 17 Mar 2026, 14:30 UTC: done. It changed 1,184,302 rows in "
        "payment.net_minor, payment.settlement_currency. It moved 12,500.00\u00a0EUR (net −0.50), "
        "7\u00a0– (net 0). Its verification holds."
    )
    broken = report_letter(nightly_report(finance), "de", DONE.model_copy(update={"verified": False}))
    assert "1.184.302 Zeilen" in broken.paragraphs[0]
    assert (
        "Er bewegte 12.500,00\u00a0EUR (Saldo −0,50), 7\u00a0– (Saldo 0). Seine Prüfung hält nicht"
        in broken.paragraphs[0]
    )
    without = report_letter(nightly_report(finance), "en", DONE.model_copy(update={"money": ()}))
    assert "payment.settlement_currency. Its verification holds." in without.paragraphs[0]


def test_the_mail_carries_the_report_as_pdf_and_as_a_workbook_without_formulas(finance: UnitOfWork):
    finance.session.execute(text("UPDATE legal_entity SET name = '=HYPERLINK(\"https://evil.example\")'"))
    assert (send_report(finance), send_report(finance, after=DONE)) == (1, 1)
    plain, following = sorted(
        claim_letters(UnitOfWork(finance.session, SYSTEM, finance.clock, "test")),
        key=lambda one: len(one.letter.subject),
    )
    assert [file.name for file in plain.attachments] == [
        "reconciliation-2026-03-17.pdf",
        "reconciliation-2026-03-17.xlsx",
    ]
    assert "attached as PDF" in " ".join(plain.letter.paragraphs)
    pdf, book = following.attachments
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "The backfill R-2026-00012 ended" in read
    sheets = load_workbook(io.BytesIO(book.content))
    assert sheets.sheetnames == ["State", "Oldest breaks", "Backfill"]
    assert {cell.data_type for sheet in sheets for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert str(sheets["State"].cell(2, 1).value).startswith("=HYPERLINK")
    message = as_mail(plain, sender="kontor@example.com", public_url="https://kontor.example")
    assert [part.get_content_type() for part in message.iter_attachments()] == [media.PDF, media.XLSX]


def test_a_report_too_large_for_a_mail_is_linked_instead(finance: UnitOfWork):
    report = nightly_report(finance)
    long = (replace(report.oldest[0], subject_key=secrets.token_hex(16_000)) for _ in range(260))
    big = replace(report, oldest=tuple(long))
    assert attached(big, "en") == ()
    assert "/reconciliation/report.pdf" in " ".join(report_letter(big, "en", None, whole=False).paragraphs)
