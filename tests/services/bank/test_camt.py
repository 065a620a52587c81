"""What CAMT.053 documents say, in both spellings."""

import datetime as dt
from pathlib import Path

import pytest

from services.bank import UnreadableFile
from services.bank.camt import read_document
from tests.factories.bank import MONDAY, Row, Statement, camt

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str):
    return read_document((SAMPLES / name).read_bytes())


def test_version_08_statement_with_payout_return_and_reversal():
    document = sample("camt053-v08.xml")
    (statement,) = document.statements
    assert document.rejections == []
    assert document.rows_read == 3
    assert (statement.iban, statement.currency, statement.sequence) == ("DE89370400440532013000", "EUR", 71)
    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 2_129_711)
    assert (statement.first_day, statement.last_day) == (dt.date(2026, 3, 16), dt.date(2026, 3, 16))
    assert statement.bic == "COBADEFFXXX"

    payout, returned, reversed_ = statement.entries
    assert payout.amount_minor == 1_134_567
    assert payout.counterparty == "Stripe Technology Europe Ltd"
    assert payout.counterparty_iban == "IE29AIBK93115212345678"
    assert payout.remittance == "STRIPE PAYOUT po_1QX7abc"
    assert payout.end_to_end_id == "STRIPE-PO-1QX7"
    assert payout.transaction_code == "PMNT-RCDT-ESCT"
    assert payout.bank_reference == "2026031600000001"

    assert returned.amount_minor == -3356
    assert (returned.original_minor, returned.charges_minor) == (2990, 366)
    assert returned.return_reason == "AM04"
    assert returned.counterparty == "Erika Mustermann"
    assert returned.mandate_id == "M-7781"
    assert returned.value_on == dt.date(2026, 3, 13)
    assert returned.booked_at == dt.datetime(2026, 3, 16, 8, 30, tzinfo=dt.UTC)

    assert reversed_.reversal
    assert reversed_.amount_minor == -1500
    assert reversed_.remittance == "Storno Gutschrift"


def test_version_02_statement_with_a_collective_booking():
    (statement,) = sample("camt053-v02.xml").statements
    assert (statement.opening_minor, statement.closing_minor) == (-50_000, 25_050)
    # PRCD names the day before: the statement speaks of the days after it
    assert (statement.first_day, statement.last_day) == (dt.date(2025, 5, 3), dt.date(2025, 5, 5))
    payout, batch = statement.entries
    assert payout.bank_reference is None, "NONREF is no reference"
    assert payout.end_to_end_id is None, "NOTPROVIDED is no reference"
    assert payout.remittance == "AUSZAHLUNG MÄRZ"
    assert payout.counterparty == "STRIPE PAYMENTS EUROPE"
    assert batch.amount_minor == 5050
    assert (batch.batch_reference, batch.batch_count) == ("LS-2025-05", 2)
    assert batch.counterparty is None, "two parties are nobody in particular"
    assert [detail["end_to_end_id"] for detail in batch.details] == ["E-1", "E-2"]
    assert [detail["amount"] for detail in batch.details] == ["20.25", "30.25"]


@pytest.mark.parametrize("version", ["02", "03", "04", "06", "08", "10", "13"])
def test_every_version_in_between_is_read(version: str):
    document = read_document(camt(Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "R1")]), version=version))
    assert document.statements[0].entries[0].amount_minor == 1000


def test_currencies_have_their_own_decimals():
    yen = Statement(1, MONDAY, "0", "1200", [Row("1200", "R1")], currency="JPY")
    dinar = Statement(2, MONDAY, "0", "1.234", [Row("1.234", "R2")], currency="KWD")
    first, second = read_document(camt(yen, dinar)).statements
    assert (first.entries[0].amount_minor, second.entries[0].amount_minor) == (1200, 1234)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Row("12,50", "R"), "“12,50” is no amount."),
        (Row("1e5", "R"), "“1e5” is no amount."),
        (Row("1.005", "R"), "more decimals than its currency"),
        (Row("5.00", "R", status="PDNG"), "not booked yet"),
        (Row("5.00", "R", day=dt.date(1815, 6, 18)), "“1815-06-18” is no date."),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_others_are_taken(row: Row, reason: str):
    document = read_document(camt(Statement(1, MONDAY, "0.00", "7.00", [Row("3.00", "A"), row, Row("4.00", "B")])))
    assert [entry.bank_reference for entry in document.statements[0].entries] == ["A", "B"]
    (rejection,) = document.rejections
    assert reason in rejection.reason.sentence
    assert rejection.line == 3
    assert "AcctSvcrRef=R" in rejection.excerpt
    assert document.rows_read == 3


def test_a_row_in_another_currency_than_the_account_is_rejected():
    data = camt(Statement(1, MONDAY, "0.00", "3.00", [Row("3.00", "A")]))
    data = data.replace(b'<Ntry><Amt Ccy="EUR">', b'<Ntry><Amt Ccy="USD">')
    (rejection,) = read_document(data).rejections
    assert rejection.reason.sentence == "The amount is in USD, the account in EUR."


def test_a_statement_without_an_account_does_not_stop_the_next_one():
    good = Statement(2, MONDAY, "0.00", "3.00", [Row("3.00", "A")])
    data = camt(Statement(1, MONDAY, "0.00", "1.00", [Row("1.00", "X")], iban=""), good)
    document = read_document(data)
    assert [statement.sequence for statement in document.statements] == [2]
    assert [rejection.is_row for rejection in document.rejections] == [False, True]
    assert document.rows_read == 2


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "not well-formed"),
        (b"<Document/>", "no bank statement"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.052.001.08"/>', "CAMT.052"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.99"/>', "versions 02 to 14"),
        (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"/>', "holds no statement"),
        (b":20:STARTUMSE\r\n:25:10020030/1234567\r\n", "not well-formed"),
    ],
)
def test_what_is_no_statement_is_refused_whole(data: bytes, sentence: str):
    with pytest.raises(UnreadableFile, match=sentence):
        read_document(data)
