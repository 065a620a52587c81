"""Golden samples: every CAMT version says the same, MT940 in each structure and encoding, CSV by mapping."""

import datetime as dt
from pathlib import Path

import pytest

from services.bank import CsvMapping, csv_export, mt940
from services.bank.camt import read_document
from services.bank.iban import account_iban, german_iban, is_iban
from services.bank.statement import ParsedStatement
from services.bank.vocabulary import StatementFormat

SAMPLES = Path(__file__).parent / "samples"
DAY = dt.date(2026, 3, 16)


def bytes_of(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("version", ["02", "03", "04", "05", "06", "07", "08"])
def test_each_version_of_camt_053_says_the_same(version: str):
    document = read_document(bytes_of(f"golden-v{version}.xml"))
    (statement,) = document.statements
    assert (statement.iban, statement.bic, statement.sequence) == ("DE89370400440532013000", "COBADEFFXXX", 71)
    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 2_142_711)
    assert sum(entry.amount_minor for entry in statement.entries) == 1_142_711
    payout, returned, reversal, batch, closed_batch = statement.entries
    assert (payout.counterparty, payout.counterparty_iban) == ("Stripe Technology Europe Ltd", "IE29AIBK93115212345678")
    assert (payout.end_to_end_id, payout.transaction_code) == ("STRIPE-PO-1QX7", "PMNT-RCDT-ESCT")
    assert (returned.amount_minor, returned.original_minor, returned.charges_minor) == (-3356, 2990, 366)
    assert (returned.return_reason, returned.mandate_id, returned.value_on) == ("AM04", "M-7781", dt.date(2026, 3, 13))
    assert (reversal.amount_minor, reversal.reversal, reversal.remittance) == (-1500, True, "Storno Gutschrift")
    assert (batch.batch_reference, batch.batch_count) == ("BATCH-A", 3)
    assert [detail["amount"] for detail in batch.details] == ["5.00", "10.00", "15.00"]
    assert [detail["end_to_end_id"] for detail in batch.details] == ["A-1", "A-2", "A-2"], "ids may collide"
    assert (closed_batch.batch_reference, closed_batch.batch_count, closed_batch.details) == ("BATCH-B", 4, ())
    assert [rejection.reason.code for rejection in document.rejections] == ["not_booked"]


def test_a_camt_054_brings_details_and_no_statement():
    document = read_document(bytes_of("camt054-v08.xml"))
    assert document.statements == []
    (notice,) = document.notices
    (entry,) = notice.entries
    assert (entry.amount_minor, entry.batch_reference, len(entry.details)) == (10_000, "BATCH-B", 2)


def zka(data: bytes) -> ParsedStatement:
    document = mt940.read_document(data)
    assert document.rejections == []
    (statement,) = document.statements
    return statement


def test_mt940_with_subfields():
    statement = zka(bytes_of("mt940-zka.sta"))
    assert statement.format is StatementFormat.MT940
    assert (statement.iban, statement.currency) == ("DE89370400440532013000", "EUR"), "made from bank code and account"
    assert (statement.sequence, statement.page, statement.last_page) == (71, 1, True)
    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 2_140_161)
    assert (statement.first_day, statement.last_day) == (DAY, DAY)
    assert sum(entry.amount_minor for entry in statement.entries) == 1_140_161
    payout, returned, taken_back, given_back, batch = statement.entries
    assert payout.remittance == "STRIPE PAYOUT po_1QX7abc", "a value runs across subfields"
    assert (payout.end_to_end_id, payout.bank_reference) == ("STRIPE-PO-1QX7", "2026031600000001")
    assert (payout.counterparty, payout.counterparty_iban) == (
        "Stripe Technology Europe Ltd",
        "IE29AIBK93115212345678",
    )
    assert (payout.transaction_code, payout.reversal) == ("NTRF-166", False)
    assert (returned.amount_minor, returned.original_minor, returned.charges_minor) == (-3356, 2990, 366)
    assert (returned.return_reason, returned.mandate_id, returned.end_to_end_id) == ("AM04", "M-7781", "INV-7781")
    assert (returned.value_on, returned.booked_on) == (dt.date(2026, 3, 13), DAY)
    assert (taken_back.amount_minor, taken_back.reversal) == (-1500, True), "RC takes a credit back"
    assert (given_back.amount_minor, given_back.reversal) == (450, True), "RD takes a debit back"
    assert (given_back.bank_reference, batch.batch_reference, batch.batch_count) == (None, "BATCH-B", 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "cp850"])
def test_mt940_letters_in_each_encoding(encoding: str):
    data = bytes_of("mt940-zka.sta").decode().replace("\n", "\r\n").encode(encoding)
    assert zka(data).entries[-1].counterparty == "Musterhandel Müller GmbH"


def test_mt940_with_slashes_and_without_structure_in_its_envelope():
    statement = zka(bytes_of("mt940-swift.sta"))
    assert (statement.iban, statement.sequence) == ("NL20INGB0001234567", 75)
    transfer, returned, plain = statement.entries
    assert transfer.amount_minor == 1050
    assert transfer.counterparty == "J VAN DER BERG"
    assert transfer.counterparty_iban == "NL32INGB0000012345"
    assert (transfer.end_to_end_id, transfer.remittance) == (
        "EV12341REP1231456T1234",
        "Factuur 2026-03 abonnement",
    )
    assert (returned.return_reason, returned.amount_minor) == ("MS03", -250)
    assert (plain.amount_minor, plain.remittance) == (-10_000, "HUUR KANTOOR MAART DANK U WEL")


def test_mt940_over_the_turn_of_the_year_and_with_lines_ended_by_signs():
    text = ":20:X@@:25:NL20INGB0001234567@@:28C:1/2@@:60M:D251230EUR1,00@@:61:2601011231D2,00NTRFNONREF@@:86:x@@"
    (statement,) = mt940.read_document(f"{text}:62M:D251231EUR3,00@@-".encode()).statements
    (entry,) = statement.entries
    assert (entry.value_on, entry.booked_on) == (dt.date(2026, 1, 1), dt.date(2025, 12, 31))
    assert (statement.page, statement.last_page, statement.opening_minor) == (2, False, -100)


def test_a_bad_line_of_mt940_costs_itself_only():
    good = bytes_of("mt940-zka.sta").decode()
    document = mt940.read_document(good.replace(":61:2603160316RC15,00", ":61:2613160316RC15,00").encode())
    assert len(document.statements[0].entries) == 4
    (rejection,) = document.rejections
    assert (rejection.line, rejection.reason.code) == (10, "date")


def test_account_numbers_become_ibans():
    assert german_iban("37040044", "532013000") == "DE89370400440532013000"
    assert account_iban("COBADEFFXXX/DE89370400440532013000", "EUR") == "DE89370400440532013000"
    assert account_iban("DE89 3704 0044 0532 0130 00EUR", "EUR") == "DE89370400440532013000"
    assert account_iban("1234", "EUR") == "1234"
    assert not is_iban("DE88370400440532013000")


EXPORT = (
    "Umsatzanzeige\n\n"
    "Buchungstag;Wertstellung;Name;Verwendungszweck;Betrag;Saldo\n"
    "17.03.2026;17.03.2026;Stripe;PAYOUT po_2;1.000,00;1.250,50\n"
    "16.03.2026;16.03.2026;Miete;März;-1.200,00;250,50\n"
    "16.03.2026;16.03.2026;Stripe;PAYOUT po_1;450,50;1.450,50\n"
    "16.03.2026;;;;x;\n"
)
MAPPING = CsvMapping(
    columns={
        "booked_on": "Buchungstag",
        "amount": "Betrag",
        "balance": "Saldo",
        "counterparty": "Name",
        "remittance": "Verwendungszweck",
        "value_on": "Wertstellung",
    },
    skip_lines=1,
)


def export(text: str):
    return csv_export.read_document(
        text.encode(), MAPPING, iban="DE89370400440532013000", currency="EUR", zone="Europe/Berlin"
    )


def test_a_csv_export_becomes_a_statement_for_each_day():
    document = export(EXPORT)
    monday, tuesday = document.statements
    assert (monday.opening_minor, monday.closing_minor) == (100_000, 25_050)
    assert [entry.amount_minor for entry in monday.entries] == [45_050, -120_000]
    assert (tuesday.opening_minor, tuesday.closing_minor) == (25_050, 125_050)
    assert tuesday.entries[0].counterparty == "Stripe"
    assert [(rejection.line, rejection.reason.code) for rejection in document.rejections] == [(7, "amount_mark")]
    assert document.rows_read == 4
