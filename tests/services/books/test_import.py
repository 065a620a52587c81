"""Ledger files into the books: each line once, changes told, what is wrong is said."""

import datetime as dt

import pytest
from sqlalchemy import select

from services import books
from services.audit.models import AuditEntry
from services.books.models import LedgerEntry
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.inbox import FileOrigin, FileStatus
from services.identity import Role
from tests.factories.bank import on_disk
from tests.factories.books import HEAD, ledger, line
from tests.factories.identity import a_user, acting_as, an_entity


def take(uow: UnitOfWork, entity_id, file):
    return books.import_file(uow, entity_id=entity_id, file=file, origin=FileOrigin.FOLDER)


def entries(uow: UnitOfWork, after_seq: int = 0):
    return uow.session.execute(books.ledger_entries(after_seq).order_by("ext_key", "origin")).all()


def counts(report) -> tuple[int, ...]:
    return report.rows_read, report.rows_new, report.rows_changed, report.rows_unchanged, report.rows_rejected


def mapped(uow: UnitOfWork, entity_id, **mapping):
    books.set_mapping(uow, entity_id=entity_id, mapping=mapping)


def test_the_sandbox_ledger_is_read_by_the_default_mapping(uow: UnitOfWork):
    entity = an_entity(uow)
    report = take(uow, entity, ledger(line(1), line(2, "re_1", type="refund", amount="-5.00", fee="0.00", payout="")))
    assert report.status is FileStatus.IMPORTED
    assert counts(report) == (2, 2, 0, 0, 0)
    charge, refund = entries(uow)
    assert charge.ext_key == "ch_1:charge"
    assert (charge.amount_minor, charge.fee_minor, charge.currency, charge.status) == (1999, 59, "EUR", "succeeded")
    assert charge.occurred_at == dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC)
    assert charge.booked_on == dt.date(2026, 3, 16)
    assert (charge.reference, charge.batch_ref) == ("ch_1", "po_1")
    assert charge.origin == f"{report.id}:2"
    assert (refund.ext_key, refund.amount_minor, refund.fee_minor, refund.batch_ref) == ("re_1:refund", -500, 0, None)


def test_the_same_file_again_changes_nothing(uow: UnitOfWork):
    entity = an_entity(uow)
    first = take(uow, entity, ledger(line(1), line(2, "ch_2")))
    before = entries(uow)
    again = take(uow, entity, ledger(line(1), line(2, "ch_2"), name="renamed.csv"))
    assert again.known
    assert again.id == first.id
    assert entries(uow) == before


def test_parts_and_overlaps_give_the_same_as_the_whole(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, ledger(line(1), line(2, "ch_2")))
    report = take(uow, entity, ledger(line(2, "ch_2"), line(3, "ch_3")))
    assert counts(report) == (2, 1, 0, 1, 0)
    assert [row.ext_key for row in entries(uow)] == ["ch_1:charge", "ch_2:charge", "ch_3:charge"]


def test_a_changed_line_is_changed_in_place_and_told_by_its_sequence(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, ledger(line(1, status="pending"), line(2, "ch_2")))
    origin = entries(uow)[0].origin
    mark = max(row.changed_seq for row in entries(uow))
    report = take(uow, entity, ledger(line(1, status="failed"), line(2, "ch_2")))
    assert counts(report) == (2, 0, 1, 1, 0)
    (changed,) = entries(uow, mark)
    assert (changed.ext_key, changed.status) == ("ch_1:charge", "failed")
    assert changed.origin == origin


def test_a_second_line_of_one_key_is_kept_as_the_next_occurrence(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, ledger(line(1), line(2), line(3, "ch_2")))
    take(uow, entity, ledger(line(4), line(1)))
    rows = uow.session.execute(select(LedgerEntry.entry_ref, LedgerEntry.occurrence).order_by(LedgerEntry.entry_ref))
    assert rows.all() == [("L1", 0), ("L2", 1), ("L3", 0), ("L4", 2)]


def test_a_line_written_twice_with_one_id_is_two_lines(uow: UnitOfWork):
    entity = an_entity(uow)
    report = take(uow, entity, ledger(line(1), line(1)))
    assert counts(report) == (2, 2, 0, 0, 0)
    report = take(uow, entity, ledger(line(1), line(1), ""))
    assert counts(report) == (2, 0, 0, 2, 0), "blank lines are no rows, and nothing is new"


def test_without_an_entry_id_a_row_is_known_by_its_key(uow: UnitOfWork):
    entity = an_entity(uow)
    head = "datum;beleg;art;betrag"
    mapped(
        uow,
        entity,
        columns={"posted_at": "datum", "reference": "beleg", "type": "art", "amount": "betrag"},
        fixed={"currency": "EUR", "status": "succeeded"},
        values={"type": {"Zahlung": "charge"}},
        delimiter=";",
        decimal_mark=",",
        date_format="%d.%m.%Y",
    )
    rows = ["16.03.2026;ch_1;Zahlung;1.284,50", "16.03.2026;ch_1;Zahlung;1.284,50"]
    assert counts(take(uow, entity, ledger(*rows, head=head))) == (2, 2, 0, 0, 0)
    assert counts(take(uow, entity, ledger(rows[0], head=head))) == (1, 0, 0, 1, 0)
    first, second = entries(uow)
    assert first.ext_key == second.ext_key == "ch_1:charge"
    assert (first.amount_minor, first.booked_on) == (128450, dt.date(2026, 3, 16))
    assert first.occurred_at == dt.datetime(2026, 3, 15, 23, tzinfo=dt.UTC), "a day begins at the entity's midnight"


@pytest.mark.parametrize(
    ("encoding", "written"),
    [("utf-8", "utf-8-sig"), ("latin-1", "latin-1"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_encodings(uow: UnitOfWork, encoding: str, written: str):
    entity = an_entity(uow)
    mapped(uow, entity, encoding=encoding)
    take(uow, entity, ledger(line(1, "Müller-1"), encoding=written, newline="\r\n"))
    assert [row.reference for row in entries(uow)] == ["Müller-1"]


def test_a_wrong_encoding_costs_the_rows_it_breaks_only(uow: UnitOfWork):
    entity = an_entity(uow)
    report = take(uow, entity, ledger(line(1, "Müller"), line(2, "ch_2"), encoding="latin-1"))
    assert report.status is FileStatus.PARTIAL
    assert counts(report) == (2, 1, 0, 0, 1)
    _, (rejection,) = books.file_report(uow, file_id=report.id)
    assert (rejection.line, "encoding" in rejection.reason.sentence) == (2, True)


def test_currencies_have_their_own_decimals(uow: UnitOfWork):
    entity = an_entity(uow, "mh-ch", country="CH", currency="CHF")
    take(
        uow,
        entity,
        ledger(
            line(1, "a", currency="JPY", amount="1200", fee="12"),
            line(2, "b", currency="KWD", amount="1.234", fee=""),
            line(3, "c", currency="jpy", amount="12.50"),
        ),
    )
    assert [(row.currency, row.amount_minor, row.fee_minor) for row in entries(uow)] == [
        ("JPY", 1200, 12),
        ("KWD", 1234, None),
    ]


BAD = [
    (line(2, amount='"12,50"'), "“12,50” is no amount"),
    (line(2, amount="1e3"), "“1e3” is no amount"),
    (line(2, amount="1.005"), "more decimals"),
    (line(2, amount="99999999999999999999"), "is no amount"),
    (line(2, amount=""), "The row has no amount."),
    (line(2, currency="EURO"), "is no currency code"),
    (line(2, reference=""), "The row has no reference."),
    (line(2, posted_at="16.03.2026"), "is no date"),
    (line(2, posted_at="0001-01-01"), "between 1970 and 2199"),
    (line(2, customer="x" * 201), "longer than 200"),
    ("L2,too,short", "The row has 3 columns instead of 11."),
    (line(2) + ",more", "The row has 12 columns instead of 11."),
    (line(2, customer='"never closed'), "quotation mark"),
    (line(2, customer="nul\0"), "characters"),
    ("x" * 70_000, "too long"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_a_bad_row_is_rejected_with_its_line_and_the_others_are_taken(uow: UnitOfWork, bad: str, reason: str):
    entity = an_entity(uow)
    report = take(uow, entity, ledger(line(1), bad, line(3, "ch_3")))
    assert report.status is FileStatus.PARTIAL
    assert counts(report) == (3, 2, 0, 0, 1)
    _, (rejection,) = books.file_report(uow, file_id=report.id)
    assert rejection.line == 3
    assert reason in rejection.reason.sentence
    assert [row.origin.split(":")[1] for row in entries(uow)] == ["2", "4"]


def test_quoted_fields_may_hold_delimiters_quotes_and_lines(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = (line(1, customer='"a, ""b""\nsecond line"'), line(2, "ch_2"))
    assert counts(take(uow, entity, ledger(*rows))) == (2, 2, 0, 0, 0)
    customers = uow.session.scalars(select(LedgerEntry.customer).order_by(LedgerEntry.entry_ref)).all()
    assert customers == ['a, "b"\nsecond line', "cus_1"]
    assert [row.origin.split(":")[1] for row in entries(uow)] == ["2", "4"]


def test_a_line_that_comes_with_another_reference_is_rejected(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, ledger(line(1)))
    report = take(uow, entity, ledger(line(1, "ch_other"), line(2, "ch_2")))
    assert counts(report) == (2, 1, 0, 0, 1)
    _, (rejection,) = books.file_report(uow, file_id=report.id)
    assert rejection.reason.sentence == "L1 was imported before under another reference or type."


def test_a_file_that_does_not_fit_the_mapping_is_kept_as_rejected_and_may_come_again(uow: UnitOfWork):
    entity = an_entity(uow)
    file = ledger("a;b", head="x;y")
    report = take(uow, entity, file)
    assert report.status is FileStatus.REJECTED
    assert "has no column" in (report.problem.sentence if report.problem else "")
    assert take(uow, entity, file).id == report.id
    assert take(uow, entity, on_disk(b"")).status is FileStatus.REJECTED
    nothing_fits = take(uow, entity, ledger(line(1, amount="x"), line(2, amount="y")))
    assert nothing_fits.status is FileStatus.REJECTED
    assert entries(uow) == []


def test_a_head_without_rows_is_a_day_without_business(uow: UnitOfWork):
    report = take(uow, an_entity(uow), ledger())
    assert (report.status, report.rows_read) == (FileStatus.IMPORTED, 0)


def test_a_new_mapping_reads_the_same_file_anew(uow: UnitOfWork):
    entity = an_entity(uow)
    file = ledger(
        line(1, amount="1.250,00", fee="0,50")
        .replace(",", ";")
        .replace("1.250;00", "1.250,00")
        .replace("0;50", "0,50"),
        head=HEAD.replace(",", ";"),
    )
    assert take(uow, entity, file).status is FileStatus.REJECTED
    mapped(uow, entity, delimiter=";", decimal_mark=",")
    report = take(uow, entity, file)
    assert (report.status, report.mapping_version) == (FileStatus.IMPORTED, 2)
    assert [(row.amount_minor, row.fee_minor) for row in entries(uow)] == [(125000, 50)]


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"amount": "a"}},
        {"columns": {"nonsense": "a"}},
        {"delimiter": "::"},
        {"time_zone": "Mars/Olympus"},
        {"date_format": "dd.mm.yyyy"},
        {"encoding": "ebcdic"},
    ],
)
def test_an_unusable_mapping_is_refused(uow: UnitOfWork, mapping):
    entity = an_entity(uow)
    with pytest.raises(books.InvalidMapping):
        books.set_mapping(uow, entity_id=entity, mapping=mapping)
    assert books.sources(uow) == []


def test_imports_are_audited_and_need_the_right(uow: UnitOfWork):
    entity = an_entity(uow)
    a_user(uow, Role.AUDITOR)
    with pytest.raises(Forbidden):
        take(acting_as(uow), entity, ledger(line(1)))
    assert entries(uow) == []
    take(uow, entity, ledger(line(1)))
    actions = uow.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("books.%"))).all()
    assert sorted(actions) == ["books.file.imported", "books.ledger.opened"]


def test_a_reader_sees_the_files_of_her_entities_only(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", country="CH", currency="CHF")
    report = take(uow, german, ledger(line(1)))
    a_user(uow, Role.FINANCE, entities=[swiss])
    reader = acting_as(uow)
    assert books.files(reader) == []
    assert books.sources(reader) == []
    with pytest.raises(books.NoSuchLedgerRecord):
        books.file_report(reader, file_id=report.id)
    assert [file.id for file in books.files(uow)] == [report.id]


def test_business_days_are_the_entitys(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, ledger(line(1, posted_at="2026-05-01T23:30:00Z"), line(2, "b", posted_at="2026-05-01T23:30:00")))
    assert [row.booked_on for row in entries(uow)] == [dt.date(2026, 5, 1), dt.date(2026, 5, 2)]
