"""From a CSV file to ledger rows by a mapping: streaming, row by row; a bad row hurts nobody but itself."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TextIO
from zoneinfo import ZoneInfo

from services.books.errors import RejectedRow, UnreadableLedger
from services.books.vocabulary import REQUIRED, Mapping
from services.core.errors import Invalid
from services.core.money import exponent
from services.core.reasons import Reason

_LONGEST_LINE = 1 << 16
_LONGEST_TEXT = 200
_MOST_LINES_OF_A_ROW = 20
_LARGEST = 2**63 - 1
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16"}


class LedgerRow(NamedTuple):
    """One line of the books in the order of the load; amounts in minor units, `fee_minor` None when not given."""

    line: int
    entry_ref: str
    entry_key: str
    reference: str
    type: str
    amount_minor: int
    currency: str
    fee_minor: int | None
    status: str
    posted_at: dt.datetime
    booked_on: dt.date
    customer: str | None
    invoice: str | None
    payout: str | None


@dataclass(frozen=True, slots=True)
class LedgerRejection:
    line: int
    reason: Reason
    excerpt: str


def read_ledger(path: Path, mapping: Mapping, *, entity_zone: str) -> Iterator[LedgerRow | LedgerRejection]:
    """The rows of the file, good and bad, in its order. Blank lines are no rows.

    Raises UnreadableLedger before the first row when the head lacks a mapped column, and in the middle when
    a UTF-16 file breaks off.
    """
    codec = _CODECS.get(mapping.encoding, mapping.encoding)
    with path.open("r", encoding=codec, errors="replace", newline="") as stream:
        try:
            yield from _rows(stream, mapping, entity_zone)
        except UnicodeError as error:
            raise UnreadableLedger("not_encoding", encoding=mapping.encoding) from error


def _rows(stream: TextIO, mapping: Mapping, entity_zone: str) -> Iterator[LedgerRow | LedgerRejection]:
    records = _records(stream, mapping.delimiter)
    for _ in range(mapping.skip_lines):
        next(records, None)
    _, head, text = next(records, (0, [], ""))
    reader = _RowReader(mapping, head or [], entity_zone)
    for line, fields, text in records:
        if fields is None:
            yield LedgerRejection(line, Reason("row_shape"), _excerpt(text))
            continue
        try:
            yield reader.row(line, fields)
        except Invalid as refusal:
            yield LedgerRejection(line, Reason.of(refusal), _excerpt(text))


def _excerpt(text: str) -> str:
    return text[:300].replace("\x00", "\ufffd")


def _records(stream: TextIO, delimiter: str) -> Iterator[tuple[int, list[str] | None, str]]:
    """(line number, fields, the line) of each row; fields are None where it cannot be split.

    A quotation mark that is never closed costs its own line only: the lines after it are read again.
    """
    waiting: deque[str] = deque()
    number = 0
    while line := waiting.popleft() if waiting else _line(stream):
        number += 1
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        if len(line) >= _LONGEST_LINE:
            yield number, None, text
        elif '"' not in text:
            yield number, text.split(delimiter), text
        else:
            taken = _quoted(line, waiting, stream, delimiter)
            yield number, taken[0] if taken else None, text
            number += taken[1] if taken else 0


def _quoted(line: str, waiting: deque[str], stream: TextIO, delimiter: str) -> tuple[list[str], int] | None:
    """Fields of a row with quotation marks, and how many further lines it spans."""
    pieces = [line]
    while "".join(pieces).count('"') % 2 and len(pieces) < _MOST_LINES_OF_A_ROW:
        following = waiting.popleft() if waiting else _line(stream)
        if not following:
            break
        pieces.append(following)
    try:
        (fields,) = csv.reader(io.StringIO("".join(pieces), newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        waiting.extendleft(reversed(pieces[1:]))
        return None
    return fields, len(pieces) - 1


def _line(stream: TextIO) -> str:
    """The next line, cut at `_LONGEST_LINE`; what is beyond that is passed over."""
    line = stream.readline(_LONGEST_LINE)
    rest = line
    while len(rest) >= _LONGEST_LINE and not rest.endswith(("\n", "\r")):
        rest = stream.readline(_LONGEST_LINE)
    return line


class _RowReader:
    """Knows where each field stands in this file's rows."""

    def __init__(self, mapping: Mapping, head: list[str], entity_zone: str) -> None:
        places = {name.strip().casefold(): place for place, name in enumerate(head)}
        missing = [name for name in mapping.columns.values() if name.strip().casefold() not in places]
        needed = {mapping.columns[field] for field in REQUIRED if field in mapping.columns}
        if needed.intersection(missing):
            raise UnreadableLedger("columns_missing", missing=", ".join(missing), columns=", ".join(head) or "-")
        self._width = len(head)
        self._places = {
            field: places[name.strip().casefold()]
            for field, name in mapping.columns.items()
            if name.strip().casefold() in places
        }
        self._fixed = mapping.fixed
        self._values = mapping.values
        self._mark = mapping.decimal_mark
        self._zone = ZoneInfo(entity_zone)
        self._instant = _instant_reader(mapping.date_format, ZoneInfo(mapping.time_zone or entity_zone))

    def row(self, line: int, fields: list[str]) -> LedgerRow:
        """Raises RejectedRow with what is wrong with the row."""
        self._check_shape(fields)
        reference, kind = self._needed("reference", fields), self._needed("type", fields)
        currency = self._needed("currency", fields).upper()
        digits = _digits(currency)
        fee = self._text("fee", fields)
        posted_at = self._instant(self._needed("posted_at", fields))
        key = f"{reference}:{kind}"
        return LedgerRow(
            line,
            self._text("entry_id", fields) or key,
            key,
            reference,
            kind,
            minor_units(self._needed("amount", fields), digits, self._mark),
            currency,
            None if fee is None else minor_units(fee, digits, self._mark),
            self._text("status", fields) or "",
            posted_at,
            posted_at.astimezone(self._zone).date(),
            self._text("customer", fields),
            self._text("invoice", fields),
            self._text("payout", fields),
        )

    def _check_shape(self, fields: list[str]) -> None:
        if len(fields) != self._width and (len(fields) < self._width or any(fields[self._width :])):
            raise RejectedRow("row_columns", count=len(fields), expected=self._width)
        joined = "".join(fields)
        if "\ufffd" in joined or "\x00" in joined:
            raise RejectedRow("row_encoding")

    def _needed(self, field: str, fields: list[str]) -> str:
        text = self._text(field, fields)
        if text is None:
            raise RejectedRow("field_missing", field=field)
        return text

    def _text(self, field: str, fields: list[str]) -> str | None:
        place = self._places.get(field)
        text = self._fixed.get(field, "") if place is None else fields[place].strip()
        if self._values and field in self._values:
            text = self._values[field].get(text, text)
        if len(text) > _LONGEST_TEXT:
            raise RejectedRow("field_too_long", field=field, most=_LONGEST_TEXT)
        return text or None


def _digits(currency: str) -> int:
    try:
        return exponent(currency)
    except Invalid:
        raise RejectedRow("currency", text=currency[:10]) from None


def minor_units(text: str, digits: int, mark: str) -> int:
    """Exact minor units of a decimal text: `1.284,50` with mark `,` and 2 digits is 128450.

    Group marks must stand before each three digits, so that `12,50` is never read as 1250; the sign may lead
    or follow. Raises RejectedRow otherwise, and for more decimals than the currency has.
    """
    match = _amount_pattern(mark).match(text.strip().replace("\u2212", "-"))
    if match is None or (match["lead"] and match["trail"]):
        raise RejectedRow("amount_mark", text=text[:40], mark=mark)
    whole = re.sub(r"[^0-9]", "", match["whole"])
    fraction = (match["fraction"] or "").rstrip("0")
    if len(fraction) > digits:
        raise RejectedRow("amount_decimals", text=text[:40], digits=digits)
    minor = int(whole + fraction.ljust(digits, "0"))
    if minor > _LARGEST:
        raise RejectedRow("amount_too_large", text=text[:40])
    return -minor if "-" in (match["lead"], match["trail"]) else minor


@lru_cache
def _amount_pattern(mark: str) -> re.Pattern[str]:
    groups = "'\u2019 \u00a0\u202f" + ("," if mark == "." else ".")
    return re.compile(
        rf"(?P<lead>[+-]?)(?P<whole>[0-9]{{1,19}}|[0-9]{{1,3}}(?:[{groups}][0-9]{{3}}){{1,6}})"
        rf"(?:{re.escape(mark)}(?P<fraction>[0-9]{{0,10}}))?(?P<trail>-?)\Z"
    )


def _instant_reader(date_format: str, zone: ZoneInfo) -> Callable[[str], dt.datetime]:
    """Reads a time; one without a zone is in `zone`, a day without a time is its midnight there."""

    @lru_cache(maxsize=4096)
    def read(text: str) -> dt.datetime:
        try:
            if date_format == "iso":
                instant = dt.datetime.fromisoformat(text)
            else:
                instant = dt.datetime.strptime(text, date_format)  # noqa: DTZ007 - the zone follows below
        except ValueError:
            raise RejectedRow("date_format", text=text[:40], format=date_format) from None
        if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            raise RejectedRow("date_range", text=text[:40], first=_FIRST_YEAR, last=_LAST_YEAR)
        return instant if instant.tzinfo else instant.replace(tzinfo=zone)

    return read
