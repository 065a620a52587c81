"""Amounts, and files of every kind of rubbish."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.books.reading import LedgerRow, read_ledger
from services.books.vocabulary import Mapping
from services.core.delimited import RejectedLine, minor_units
from services.core.reasons import RejectedRow, UnreadableFile
from tests.factories.books import HEAD, line


@pytest.mark.parametrize(
    ("text", "digits", "mark", "minor"),
    [
        ("19.99", 2, ".", 1999),
        ("19.9", 2, ".", 1990),
        ("19", 2, ".", 1900),
        ("1,284.50", 2, ".", 128450),
        ("1'284.50", 2, ".", 128450),
        ("1.284,50", 2, ",", 128450),
        ("1 284,50", 2, ",", 128450),
        ("-0.01", 2, ".", -1),
        ("5,00-", 2, ",", -500),
        ("\u22125.00", 2, ".", -500),
        ("1200", 0, ".", 1200),
        ("1200.00", 0, ".", 1200),
        ("1.2345", 4, ".", 12345),
        ("9223372036854775807", 0, ".", 2**63 - 1),
    ],
)
def test_amounts_are_read_exactly(text: str, digits: int, mark: str, minor: int):
    assert minor_units(text, digits, mark) == minor


@pytest.mark.parametrize(
    ("text", "mark"), [("12,50", "."), ("12.50", ","), ("1,23,456.00", "."), ("--1", "."), ("-1-", "."), ("", "."),
                       ("NaN", "."), ("1e3", "."), ("٣", "."), ("9223372036854775808", "."), ("1 2", ".")]
)  # fmt: skip
def test_what_could_be_misread_is_rejected(text: str, mark: str):
    with pytest.raises(RejectedRow):
        minor_units(text, 0, mark)


@given(st.integers(-(10**15), 10**15), st.integers(0, 3))
def test_what_is_written_is_what_is_read(minor: int, digits: int):
    sign, text = "-" if minor < 0 else "", str(abs(minor)).zfill(digits + 1)
    written = f"{sign}{text[: len(text) - digits]}" + (f".{text[len(text) - digits :]}" if digits else "")
    assert minor_units(written, digits, ".") == minor


@given(st.binary(max_size=600), st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16"]))
@settings(deadline=None, max_examples=200)
def test_any_bytes_give_rows_rejections_or_our_error(data: bytes, encoding: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.csv"
        path.write_bytes(f"{HEAD}\n{line(1)}\n".encode(encoding if encoding != "latin-1" else "utf-8") + data)
        mapping = Mapping.model_validate({"encoding": encoding})
        try:
            found = list(read_ledger(path, mapping, entity_zone="Europe/Berlin"))
        except UnreadableFile:
            return
        assert all(isinstance(item, LedgerRow | RejectedLine) for item in found)
        lines = [item.line for item in found]
        assert lines == sorted(set(lines))
