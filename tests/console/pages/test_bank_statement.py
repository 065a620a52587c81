"""A statement's lines as they are read: why one came back, and what a collective booking consists of."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from console.design.format import Reader
from console.pages.imports.bank_statement_state import line_row, record_row
from services import bank
from services.bank import LineStatus

GERMAN, ENGLISH = Reader("de", "Europe/Berlin"), Reader("en", "Europe/Berlin")
_STATEMENT = "01a20416-15e0-7000-8000-000000000001"


def a_line(**changes: Any) -> bank.LineView:
    fields: dict[str, Any] = dict.fromkeys(bank.LineView.__dataclass_fields__)
    fields |= {"id": uuid.uuid4(), "file_line": 1, "ext_key": "key 1", "amount_minor": -3356, "currency": "EUR"}
    fields |= {"booked_on": dt.date(2026, 3, 16), "status": LineStatus.BOOKED, "records": 0, "of_provider": False}
    return bank.LineView(**fields | changes)


def test_a_return_says_why_what_had_been_collected_and_what_it_cost():
    line = a_line(status=LineStatus.RETURNED, return_reason="AM04", original_minor=2990, charges_minor=366)
    row = line_row(line, _STATEMENT, GERMAN)
    assert row["why"] == "AM04, ursprünglich 29,90\u00a0€, Entgelt 3,66\u00a0€"
    assert (row["status"], row["amount"], row["who"], row["text"]) == ("returned", "−33,56", "—", "—")
    assert line_row(a_line(), _STATEMENT, GERMAN)["why"] == ""


def test_the_providers_lines_lead_to_their_match_and_collective_ones_to_their_records():
    row = line_row(a_line(of_provider=True, batch_count=900, records=300), _STATEMENT, ENGLISH)
    assert row["match_href"] == "/reconciliation/matches?q=key+1"
    assert row["records"] == "900"
    assert row["records_href"].startswith(f"/imports/statements/{_STATEMENT}?line=")
    assert line_row(a_line(batch_count=900), _STATEMENT, ENGLISH)["records_href"] == ""


def test_a_record_keeps_an_amount_that_is_none_as_the_bank_wrote_it():
    assert record_row({"amount": "12.50"}, "EUR", GERMAN)["amount"] == "12,50"
    assert record_row({"amount": "12.505"}, "EUR", GERMAN)["amount"] == "12.505"
    assert record_row({}, "EUR", GERMAN)["amount"] == "—"
