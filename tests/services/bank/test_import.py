"""Files into the bank: each line once, whatever comes twice, and what is wrong is said."""

import datetime as dt

import pytest
from sqlalchemy import select

from services import bank
from services.audit.models import AuditEntry
from services.bank import GapKind, StatementProblem
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.core.inbox import FileOrigin, FileStatus
from services.identity import Role
from tests.factories.bank import MONDAY, Row, Statement, camt, on_disk, zipped
from tests.factories.identity import a_user, acting_as, an_entity

DAY = dt.timedelta(days=1)
FIRST = Statement(1, MONDAY, "0.00", "30.00", [Row("10.00", "A"), Row("25.00", "B"), Row("-5.00", "C", "Landlord")])
SECOND = Statement(2, MONDAY + DAY, "30.00", "70.00", [Row("40.00", "D")])


def take(uow: UnitOfWork, entity_id, data: bytes, name: str = "statement.xml"):
    return bank.import_file(uow, entity_id=entity_id, file=on_disk(data, name), origin=FileOrigin.UPLOAD)


def entries(uow: UnitOfWork, after_seq: int = 0):
    return uow.session.execute(bank.line_entries(after_seq).order_by("ext_key")).all()


def counts(report) -> tuple[int, int, int, int]:
    return report.rows_read, report.rows_new, report.rows_unchanged, report.rows_rejected


def completeness(uow: UnitOfWork, through: dt.date):
    (account,) = bank.accounts(uow)
    return bank.completeness(uow, account_id=account.id, through=through)


def test_a_zip_of_two_statements(uow: UnitOfWork):
    entity = an_entity(uow)
    report = take(uow, entity, zipped({"1.xml": camt(FIRST), "2.xml": camt(SECOND, version="02")}), "day.zip")
    assert report.status is FileStatus.IMPORTED
    assert counts(report) == (4, 4, 0, 0)
    assert [statement.difference_minor for statement in report.statements] == [0, 0]
    rows = entries(uow)
    assert [(row.ext_key, row.amount_minor, row.status) for row in rows] == [
        ("A", 1000, "booked"),
        ("B", 2500, "booked"),
        ("D", 4000, "booked"),
    ], "the landlord is not the payment provider"
    assert rows[0].booked_on == MONDAY
    assert rows[0].occurred_at == dt.datetime(2026, 3, 15, 23, tzinfo=dt.UTC), "Berlin's midnight"
    assert rows[0].reference == "STRIPE PAYOUT"
    proof = completeness(uow, MONDAY + DAY)
    assert proof.complete
    assert proof.covered_through == MONDAY + DAY


def test_the_same_file_again_changes_nothing(uow: UnitOfWork):
    entity = an_entity(uow)
    first = take(uow, entity, camt(FIRST))
    before = entries(uow)
    again = take(uow, entity, camt(FIRST), "renamed.xml")
    assert again.known
    assert again.id == first.id
    assert counts(again) == counts(first)
    assert entries(uow) == before


def test_a_part_then_the_whole_gives_the_same_as_the_whole(uow: UnitOfWork):
    entity = an_entity(uow)
    part = Statement(1, MONDAY, "0.00", "30.00", [FIRST.rows[1]])
    report = take(uow, entity, camt(part))
    assert report.statements[0].problem is StatementProblem.DIFFERENCE
    assert report.statements[0].difference_minor == -500
    assert not completeness(uow, MONDAY).complete
    report = take(uow, entity, camt(FIRST))
    assert counts(report) == (3, 2, 1, 0)
    assert report.statements[0].problem is None
    assert completeness(uow, MONDAY).complete
    report = take(uow, entity, camt(part, version="04"))
    assert counts(report) == (1, 0, 1, 0)
    assert completeness(uow, MONDAY).complete


def test_equal_bookings_are_kept_apart_and_stay_the_same_two(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row("10.00", None), Row("10.00", None), Row("7.00", "X"), Row("7.00", "X"), Row("8.00", "X")]
    data = camt(Statement(1, MONDAY, "0.00", "42.00", rows))
    assert counts(take(uow, entity, data)) == (5, 5, 0, 0)
    assert counts(take(uow, entity, data + b"\n")) == (5, 0, 5, 0)
    keys = [row.ext_key for row in entries(uow)]
    assert len(set(keys)) == 5
    assert [key for key in keys if key.startswith("X")] == ["X", "X#2", "X#3"]


def test_a_statement_delivered_again_under_another_name_is_the_same(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, camt(FIRST))
    again = Statement(1, MONDAY, "0.00", "30.00", FIRST.rows, reference="ANOTHER-NAME")
    report = take(uow, entity, camt(again))
    assert counts(report) == (3, 0, 3, 0)
    assert completeness(uow, MONDAY).statements == 1


def test_a_statement_that_contradicts_the_stored_one_is_rejected(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, camt(FIRST))
    other = Statement(1, MONDAY, "0.00", "99.00", [*FIRST.rows, Row("69.00", "NEW")])
    report = take(uow, entity, camt(other))
    assert report.status is FileStatus.REJECTED
    assert counts(report) == (4, 0, 0, 4)
    assert "another closing" in (report.problem.sentence if report.problem else "")
    assert [row.ext_key for row in entries(uow)] == ["A", "B"]


def test_a_bad_row_is_reported_and_makes_the_day_unusable(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [*FIRST.rows, Row("1.2.3", "BAD")]
    report = take(uow, entity, camt(Statement(1, MONDAY, "0.00", "31.00", rows)))
    assert report.status is FileStatus.PARTIAL
    assert counts(report) == (4, 3, 0, 1)
    _, rejections = bank.file_report(uow, file_id=report.id)
    assert [(r.member, r.line, r.reason.sentence) for r in rejections] == [
        ("statement.xml", 5, "“1.2.3” is no amount.")
    ]
    proof = completeness(uow, MONDAY)
    assert not proof.complete
    assert proof.covered_through is None
    assert [(gap.kind, gap.difference_minor) for gap in proof.gaps] == [(GapKind.UNBALANCED, -100)]


def test_gaps_in_sequence_and_balance_and_the_awaited_days(uow: UnitOfWork):
    entity = an_entity(uow)
    friday = MONDAY + 4 * DAY
    take(uow, entity, camt(FIRST, SECOND))
    take(uow, entity, camt(Statement(4, friday, "75.00", "75.00")))
    proof = completeness(uow, friday)
    assert [(g.kind, g.first_day, g.last_day, g.missing, g.difference_minor) for g in proof.gaps] == [
        (GapKind.SEQUENCE, MONDAY + 2 * DAY, MONDAY + 3 * DAY, 1, 500)
    ]
    assert proof.covered_through == MONDAY + DAY
    assert completeness(uow, MONDAY + DAY).complete, "later holes do not touch earlier days"
    take(uow, entity, camt(Statement(3, MONDAY + 3 * DAY, "70.00", "75.00", [Row("5.00", "E")])))
    assert completeness(uow, friday).complete
    assert completeness(uow, friday + 2 * DAY).complete, "a weekend needs no statement"
    (gap,) = completeness(uow, friday + 3 * DAY).gaps
    assert (gap.kind, gap.first_day) == (GapKind.AWAITED, friday + 3 * DAY)


def test_pages_of_one_statement_form_one_chain(uow: UnitOfWork):
    entity = an_entity(uow)
    one = Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "A")], page=1, last_page=False)
    three = Statement(1, MONDAY, "30.00", "60.00", [Row("30.00", "C")], page=3)
    take(uow, entity, camt(one))
    take(uow, entity, camt(three))
    (gap,) = completeness(uow, MONDAY).gaps
    assert (gap.kind, gap.missing, gap.difference_minor) == (GapKind.SEQUENCE, 1, 2000)
    two = Statement(1, MONDAY, "10.00", "30.00", [Row("20.00", "B")], page=2, last_page=False)
    take(uow, entity, camt(two))
    assert completeness(uow, MONDAY).complete


def test_an_account_of_another_entity_is_refused(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", country="CH", currency="CHF")
    take(uow, german, camt(FIRST))
    report = take(uow, swiss, camt(SECOND))
    assert report.status is FileStatus.REJECTED
    assert "another legal entity" in (report.problem.sentence if report.problem else "")


def test_an_unreadable_file_is_kept_with_its_reason_and_may_come_again(uow: UnitOfWork):
    entity = an_entity(uow)
    first, second = take(uow, entity, b"hello"), take(uow, entity, b"hello")
    assert first.status is FileStatus.REJECTED
    assert first.problem is not None
    assert first.problem.code == "not_a_statement"
    assert second.id == first.id
    assert not second.known
    _, rejections = bank.file_report(uow, file_id=first.id)
    assert len(rejections) == 1


def test_only_changed_lines_come_after_a_sequence_number(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, camt(FIRST))
    mark = max(row.changed_seq for row in entries(uow))
    take(uow, entity, camt(SECOND))
    assert [row.ext_key for row in entries(uow, mark)] == ["D"]


def test_the_pattern_of_the_provider_decides_who_takes_part(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, camt(FIRST))
    mark = max(row.changed_seq for row in entries(uow))
    (account,) = bank.accounts(uow)
    bank.set_provider_pattern(uow, account_id=account.id, pattern="stripe|landlord", version=account.version)
    assert [row.ext_key for row in entries(uow, mark)] == ["A", "B", "C"]
    with pytest.raises(bank.StaleAccount):
        bank.set_provider_pattern(uow, account_id=account.id, pattern="x", version=account.version)
    with pytest.raises(Invalid, match="no regular expression"):
        bank.set_provider_pattern(uow, account_id=account.id, pattern="(", version=account.version + 1)


def test_imports_are_audited_and_need_the_right(uow: UnitOfWork):
    entity = an_entity(uow)
    a_user(uow, Role.AUDITOR)
    with pytest.raises(Forbidden):
        take(acting_as(uow), entity, camt(FIRST))
    assert entries(uow) == []
    take(uow, entity, camt(FIRST))
    actions = uow.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("bank.%"))).all()
    assert sorted(actions) == ["bank.account.opened", "bank.file.imported"]


def test_a_reader_sees_the_files_of_her_entities_only(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", country="CH", currency="CHF")
    report = take(uow, german, camt(FIRST))
    a_user(uow, Role.FINANCE, entities=[swiss])
    reader = acting_as(uow)
    assert bank.files(reader) == []
    assert bank.accounts(reader) == []
    with pytest.raises(bank.NoSuchBankRecord):
        bank.file_report(reader, file_id=report.id)
    assert [file.id for file in bank.files(uow)] == [report.id]
