"""Other formats into the bank, accounts set up by hand, and what an account's calendar shows."""

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import text

from services import bank
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, FileStatus
from tests.factories.bank import MONDAY, Row, Statement, camt, on_disk
from tests.factories.identity import an_entity

SAMPLES = Path(__file__).parent / "samples"
DAY = dt.timedelta(days=1)


def sample_file(name: str):
    return on_disk((SAMPLES / name).read_bytes(), name)


def test_details_of_a_camt_054_reach_their_line_in_whichever_order(uow: UnitOfWork):
    entity = an_entity(uow)
    note = bank.import_file(uow, entity_id=entity, file=sample_file("camt054-v08.xml"), origin=FileOrigin.UPLOAD)
    assert (note.rows_read, note.rows_new, note.statements) == (1, 1, ())
    bank.import_file(uow, entity_id=entity, file=sample_file("golden-v08.xml"), origin=FileOrigin.UPLOAD)
    lines = uow.session.execute(
        text("SELECT amount_minor, details, remittance FROM bank_line ORDER BY file_line")
    ).all()
    assert len(lines) == 5, "a notice adds no line"
    assert [detail["end_to_end_id"] for detail in lines[-1].details] == ["B-1", "B-2"]
    assert lines[-1].remittance == "Abo 60 Abo 40"
    again = bank.import_file(
        uow,
        entity_id=entity,
        file=on_disk((SAMPLES / "camt054-v08.xml").read_bytes() + b"\n"),
        origin=FileOrigin.UPLOAD,
    )
    assert (again.rows_new, again.rows_unchanged) == (0, 1)


def test_the_same_statement_in_another_format_adds_nothing(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = (Row("1345.67", "R1"),)
    statement = Statement(71, dt.date(2026, 3, 16), "10000.00", "11345.67", rows, iban="DE89370400440532013000")
    bank.import_file(uow, entity_id=entity, file=on_disk(camt(statement)), origin=FileOrigin.UPLOAD)
    swift = (
        ":20:X\n:25:37040044/532013000\n:28C:71/1\n:60F:C260313EUR10000,00\n"
        ":61:2603160316C1345,67NTRFNONREF//OTHER\n:86:166?20SVWZ+STRIPE\n:62F:C260316EUR11345,67\n-\n"
    )
    report = bank.import_file(uow, entity_id=entity, file=on_disk(swift.encode(), "x.sta"), origin=FileOrigin.UPLOAD)
    assert (report.status, report.rows_new, report.rows_unchanged) == (FileStatus.IMPORTED, 0, 1)
    assert uow.session.scalar(text("SELECT count(*) FROM bank_line")) == 1


EXPORT = "Buchungstag;Name;Betrag;Saldo\n16.03.2026;Stripe;450,50;1.450,50\n17.03.2026;Miete;-1.200,00;250,50\n"
MAPPING = {
    "columns": {"booked_on": "Buchungstag", "amount": "Betrag", "balance": "Saldo", "counterparty": "Name"},
}


def test_a_csv_export_is_read_by_the_mapping_of_its_account(uow: UnitOfWork):
    entity = an_entity(uow)
    refused = bank.import_file(
        uow, entity_id=entity, file=on_disk(EXPORT.encode(), "umsatz.csv"), origin=FileOrigin.UPLOAD
    )
    assert refused.problem is not None
    assert refused.problem.code == "csv_account_unknown"
    account = bank.open_account(uow, entity_id=entity, iban="DE89 3704 0044 0532 0130 00", currency="eur")
    sample = EXPORT.encode()
    guessed = bank.guess_csv(uow, account_id=account, sample=sample)
    assert guessed["columns"] == MAPPING["columns"]
    seen = bank.preview_csv(uow, account_id=account, sample=sample, mapping=guessed)
    assert seen.problem is None
    assert [row.becomes["amount_minor"] for row in seen.rows] == ["45050", "-120000"]
    assert seen.rows[0].fields == ("16.03.2026", "Stripe", "450,50", "1.450,50")
    bank.set_csv_mapping(uow, account_id=account, mapping=guessed, version=1)
    taken = bank.import_file(
        uow, entity_id=entity, file=on_disk(EXPORT.encode(), "umsatz.csv"), origin=FileOrigin.UPLOAD
    )
    assert (taken.status, taken.rows_new, len(taken.statements)) == (FileStatus.IMPORTED, 2, 2)
    assert bank.completeness(uow, account_id=account, through=dt.date(2026, 3, 17)).complete
    longer = EXPORT + "17.03.2026;Stripe;10,00;260,50\n"
    more = bank.import_file(uow, entity_id=entity, file=on_disk(longer.encode(), "u2.csv"), origin=FileOrigin.UPLOAD)
    assert (more.rows_new, more.rows_unchanged) == (1, 2)
    assert bank.completeness(uow, account_id=account, through=dt.date(2026, 3, 17)).complete
    with pytest.raises(bank.StaleAccount):
        bank.set_csv_mapping(uow, account_id=account, mapping=guessed, version=1)


def test_an_account_opened_by_hand_is_checked_awaited_and_closed(uow: UnitOfWork):
    entity = an_entity(uow)
    with pytest.raises(bank.InvalidAccount):
        bank.open_account(uow, entity_id=entity, iban="DE88370400440532013000", currency="EUR")
    account = bank.open_account(uow, entity_id=entity, iban="DE89370400440532013000", currency="EUR")
    with pytest.raises(bank.AccountExists):
        bank.open_account(uow, entity_id=entity, iban="DE89370400440532013000", currency="EUR")
    later = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)
    (hole,) = bank.gaps(uow, entity_id=entity, to_day=later)
    assert hole.gap.kind is bank.GapKind.AWAITED
    assert bank.gaps(uow, account_id=account, to_day=dt.date(2026, 3, 16)) == []
    bank.close_account(uow, account_id=account, closed_on=dt.date(2026, 3, 16), version=1)
    assert bank.gaps(uow, entity_id=entity, to_day=later) == []


def test_a_calendar_shows_each_day_and_the_gap_in_it(uow: UnitOfWork):
    entity = an_entity(uow)
    days = [dt.date(2026, 3, day) for day in (30, 31)] + [dt.date(2026, 4, day) for day in (1, 2, 7, 8)]
    for number, day in enumerate(days, start=1):
        if number == 3:
            continue
        statement = Statement(number, day, "0.00", "0.00")
        bank.import_file(uow, entity_id=entity, file=on_disk(camt(statement)), origin=FileOrigin.UPLOAD)
    (account,) = bank.accounts(uow)
    shown = bank.calendar(uow, account_id=account.id, first=dt.date(2026, 3, 29), last=dt.date(2026, 4, 8))
    states = "".join(day.state.value[0] for day in shown)
    assert states == "bppgprrrrpp", "before, two proven, the gap, a day, Good Friday to Easter Monday, two days"
    (hole,) = bank.gaps(uow, account_id=account.id, from_day=dt.date(2026, 4, 1), to_day=dt.date(2026, 4, 8))
    assert (hole.gap.kind, hole.gap.first_day, hole.gap.missing) == (bank.GapKind.SEQUENCE, dt.date(2026, 4, 1), 1)
    assert bank.gaps(uow, account_id=account.id, from_day=dt.date(2026, 4, 2), to_day=dt.date(2026, 4, 8)) == []


def test_a_missing_page_and_a_number_given_twice_are_gaps(uow: UnitOfWork):
    entity = an_entity(uow)
    first = Statement(1, MONDAY, "0.00", "5.00", (Row("5.00", "A"),), page=1, last_page=False)
    second = Statement(2, MONDAY + DAY, "5.00", "5.00")
    twice = Statement(2, MONDAY + DAY, "5.00", "6.00", (Row("1.00", "B"),), reference="AGAIN")
    for statement in (first, second, twice):
        bank.import_file(uow, entity_id=entity, file=on_disk(camt(statement)), origin=FileOrigin.UPLOAD)
    kinds = {hole.gap.kind for hole in bank.gaps(uow, entity_id=entity, to_day=MONDAY + DAY)}
    assert kinds == {bank.GapKind.PAGE, bank.GapKind.DUPLICATE}
