"""Ledgers set up by hand, over HTTP and from a database; and which of their days are whole."""

import datetime as dt

import pytest

from services import books
from services.books.deliveries import days_in_name
from services.core.db import UnitOfWork
from services.core.idempotency import KeyReused, once
from services.core.inbox import FileOrigin, FileStatus
from tests.factories.books import ledger, line
from tests.factories.identity import an_entity

MONDAY = dt.date(2026, 3, 16)
DAY = dt.timedelta(days=1)
ENTRY = {
    "entry_id": "L1",
    "posted_at": "2026-03-16T10:00:00+01:00",
    "reference": "ch_1",
    "type": "charge",
    "amount": "19.99",
    "currency": "EUR",
}


def take(uow: UnitOfWork, entity, *lines: str, name: str):
    return books.import_file(uow, entity_id=entity, file=ledger(*lines, name=name), origin=FileOrigin.UPLOAD)


def holes(uow: UnitOfWork, entity, through: dt.date):
    found = books.gaps(uow, entity_id=entity, to_day=through)
    return [(gap.kind.value, gap.first_day, gap.last_day) for gap in found]


def test_a_day_without_a_file_is_a_gap_until_it_comes(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, line(1), name="ledger-2026-03-16.csv")
    take(uow, entity, line(3, posted_at="2026-03-18T10:00:00+01:00"), name="ledger-2026-03-18.csv")
    missing = ("missing", MONDAY + DAY, MONDAY + DAY)
    assert holes(uow, entity, MONDAY + 2 * DAY) == [missing]
    assert holes(uow, entity, MONDAY + 4 * DAY) == [missing, ("awaited", MONDAY + 3 * DAY, MONDAY + 4 * DAY)]
    assert holes(uow, entity, MONDAY) == []
    source = books.sources(uow)[0]
    shown = books.calendar(uow, source_id=source.id, first=MONDAY - DAY, last=MONDAY + 3 * DAY)
    assert [day.state.value for day in shown] == ["before", "proven", "gap", "proven", "awaited"]
    take(uow, entity, name="ledger-2026-03-17.csv")
    assert holes(uow, entity, MONDAY + 2 * DAY) == [], "an empty file says that nothing was booked"
    take(uow, entity, name="ledger-2026-03-19.csv")
    assert holes(uow, entity, MONDAY + 3 * DAY) == [], "a second empty file is the same bytes and another day"


def test_rejected_rows_keep_a_day_open_until_the_file_comes_whole(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, line(1), line(2, amount="x"), name="ledger-2026-03-16.csv")
    assert holes(uow, entity, MONDAY) == [("rejected", MONDAY, MONDAY)]
    take(uow, entity, line(1), line(2, "ch_2"), name="ledger-2026-03-16.csv")
    assert holes(uow, entity, MONDAY) == []


def test_what_a_ledger_owes_can_be_set(uow: UnitOfWork):
    entity = an_entity(uow)
    take(uow, entity, line(1), name="ledger-2026-03-13.csv")
    take(uow, entity, line(2, "ch_2"), name="ledger-2026-03-16.csv")
    source = books.sources(uow)[0]
    assert holes(uow, entity, MONDAY) == [("missing", MONDAY - 2 * DAY, MONDAY - DAY)]
    books.set_expectation(uow, source_id=source.id, expects=books.Expectation.WEEKDAYS)
    assert holes(uow, entity, MONDAY) == []
    books.set_expectation(uow, source_id=source.id, expects=books.Expectation.NOTHING)
    assert holes(uow, entity, MONDAY + 30 * DAY) == []


def test_days_in_the_name_of_a_file():
    assert days_in_name("ledger-2026-03-16.csv") == (MONDAY,)
    assert days_in_name("export_20260316_20260318.csv") == (MONDAY, MONDAY + DAY, MONDAY + 2 * DAY)
    assert days_in_name("ledger.csv") is None
    assert days_in_name("x-2026-13-45.csv") is None


def test_entries_over_http_are_taken_once_and_reported_like_a_file(uow: UnitOfWork):
    entity = an_entity(uow)
    entries = [ENTRY, ENTRY | {"amount": 1.5}, ENTRY | {"entry_id": "L2", "reference": "ch_2", "amount": 7, "x": 1}]
    report = books.ingest(uow, entity_id=entity, entries=entries)
    assert (report.origin, report.status) == (FileOrigin.HTTP, FileStatus.PARTIAL)
    assert (report.rows_read, report.rows_new, report.rows_rejected) == (3, 1, 2)
    _, rejections = books.file_report(uow, file_id=report.id)
    assert [(item.line, item.reason.code) for item in rejections] == [(2, "field_no_text"), (3, "field_unknown")]
    assert books.ingest(uow, entity_id=entity, entries=entries).known
    whole = books.ingest(uow, entity_id=entity, entries=[ENTRY], first_day=MONDAY, last_day=MONDAY + DAY)
    assert (whole.rows_new, whole.rows_unchanged) == (0, 1)
    with pytest.raises(books.InvalidDelivery):
        books.ingest(uow, entity_id=entity, entries=[], first_day=MONDAY)


def test_an_idempotency_key_replays_its_answer(uow: UnitOfWork):
    done = []

    def act():
        done.append(1)
        return 201, {"n": len(done)}

    assert once(uow, scope="s", key="k", body=b"a", act=act) == (201, {"n": 1}, False)
    assert once(uow, scope="s", key="k", body=b"a", act=act) == (201, {"n": 1}, True)
    with pytest.raises(KeyReused):
        once(uow, scope="s", key="k", body=b"b", act=act)
    assert once(uow, scope="t", key="k", body=b"b", act=act) == (201, {"n": 2}, False)
    assert len(done) == 2


def test_rows_of_a_query_are_read_by_the_mapping_and_speak_for_every_day(uow: UnitOfWork):
    entity = an_entity(uow)
    source = books.open_source(uow, entity_id=entity, code="erp", name="ERP")
    with pytest.raises(books.InvalidSource):
        books.open_source(uow, entity_id=entity, code="erp", name="ERP")
    mapping = {"columns": {"posted_at": "at", "reference": "ref", "type": "kind", "amount": "gross", "currency": "c"}}
    books.set_mapping(uow, entity_id=entity, mapping=mapping, source_code="erp")
    columns = ["at", "ref", "kind", "gross", "c"]
    rows = [(dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC), "ch_1", "charge", "19.99", "EUR")]
    report = books.take_query_rows(uow, source_id=source, columns=columns, rows=rows)
    assert (report.origin, report.rows_new, report.rows_rejected) == (FileOrigin.SQL, 1, 0)
    assert books.take_query_rows(uow, source_id=source, columns=columns, rows=rows).known
    yesterday = dt.datetime.now(dt.UTC).date() - 2 * DAY
    assert holes(uow, entity, yesterday) == []


def test_the_editor_shows_what_a_mapping_makes_of_a_file(uow: UnitOfWork):
    entity = an_entity(uow)
    sample = (
        "Datum;Stripe_ID;Art;Brutto;Währung\n16.03.2026 10:00;ch_1;Zahlung;1.019,99;EUR\n?;ch_2;Zahlung;1;EUR\n"
    ).encode("cp1252")
    guessed = books.guess_mapping(uow, entity_id=entity, sample=sample)
    assert guessed["columns"]["amount"] == "Brutto"
    assert (guessed["delimiter"], guessed["encoding"], guessed["decimal_mark"]) == (";", "cp1252", ",")
    mapping = guessed | {"values": {"type": {"Zahlung": "charge"}}}
    seen = books.preview_mapping(uow, entity_id=entity, sample=sample, mapping=mapping)
    good, bad = seen.rows
    assert (good.becomes["entry_key"], good.becomes["amount_minor"]) == ("ch_1:charge", "101999")
    assert bad.reason is not None
    assert bad.reason.code == "date_format"
    lacking = books.preview_mapping(uow, entity_id=entity, sample=b"a;b\n1;2\n", mapping=mapping)
    assert lacking.problem is not None
    assert lacking.rows[0].fields == ("1", "2")
