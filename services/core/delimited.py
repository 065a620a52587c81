"""Delimited text (CSV) by a column mapping: streaming, row by row; a bad row hurts nobody but itself."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, TextIO, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.core.errors import Invalid
from services.core.money import exponent
from services.core.reasons import Reason, RejectedRow, UnreadableFile

_LONGEST_LINE = 1 << 16
_LONGEST_TEXT = 200
_MOST_LINES_OF_A_ROW = 20
_LARGEST = 2**63 - 1
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_CODECS = {"utf-8": "utf-8-sig", "utf-16": "utf-16"}

Record = tuple[int, list[str] | None, str]  # line, fields (None: cannot be split), the line as it reads
Row = TypeVar("Row")


class ColumnMapping(BaseModel):
    """How the columns of a file are read into the fields of a domain.

    `columns` names the file's column for each field; `fixed` gives a field the same value on every row instead.
    `values` translates what the file writes (`{"type": {"Zahlung": "charge"}}`); what it does not name stays.
    `date_format` is `iso` or a strptime pattern; a time without a zone is in `time_zone`, or the entity's.
    """

    REQUIRED: ClassVar[tuple[str, ...]] = ()
    OPTIONAL: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = {}
    fixed: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    decimal_mark: Literal[".", ","] = "."
    date_format: str = Field(default="iso", min_length=2, max_length=40)
    time_zone: str | None = None
    skip_lines: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _is_whole(self) -> ColumnMapping:
        named = self.columns.keys() | self.fixed.keys()
        if unknown := sorted((named | self.values.keys()) - {*self.REQUIRED, *self.OPTIONAL}):
            raise ValueError(f"there is no field {', '.join(unknown)}")
        if missing := [field for field in self.REQUIRED if field not in named]:
            raise ValueError(f"a column or a fixed value is needed for {', '.join(missing)}")
        if self.date_format != "iso" and "%" not in self.date_format:
            raise ValueError("date_format is iso or a pattern such as %d.%m.%Y")
        if self.time_zone is not None and self.time_zone not in available_timezones():
            raise ValueError(f"{self.time_zone} is no time zone")
        return self


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A row that cannot be taken: its line, why, and how it reads."""

    line: int
    reason: Reason
    excerpt: str


def read_rows(
    source: Path | bytes,
    mapping: ColumnMapping,
    *,
    zone: str,
    row: Callable[[FieldReader, int, list[str]], Row],
) -> Iterator[Row | RejectedLine]:
    """The rows of a file, good and bad, in its order, each made by `row`. Blank lines are no rows.

    Raises UnreadableFile before the first row when the head lacks a needed column, and in the middle when a
    UTF-16 file breaks off.
    """
    try:
        with _opened(source, mapping.encoding) as stream:
            records = text_records(stream, mapping.delimiter)
            for _ in range(mapping.skip_lines):
                next(records, None)
            _, head, _ = next(records, (0, [], ""))
            yield from mapped_rows(head or [], records, mapping, zone=zone, row=row)
    except UnicodeError as error:
        raise UnreadableFile("not_encoding", encoding=mapping.encoding) from error


def mapped_rows(
    head: list[str],
    records: Iterable[Record],
    mapping: ColumnMapping,
    *,
    zone: str,
    row: Callable[[FieldReader, int, list[str]], Row],
) -> Iterator[Row | RejectedLine]:
    """Rows of any source that has named columns. Raises UnreadableFile when a needed column is missing."""
    reader = FieldReader(mapping, head, zone)
    for line, fields, text in records:
        if fields is None:
            yield RejectedLine(line, Reason("row_shape"), excerpt_of(text))
            continue
        try:
            reader.check_shape(fields)
            yield row(reader, line, fields)
        except Invalid as refusal:
            yield RejectedLine(line, Reason.of(refusal), excerpt_of(text))


def excerpt_of(text: str) -> str:
    return text[:300].replace("\x00", "\ufffd")


def text_records(stream: TextIO, delimiter: str) -> Iterator[Record]:
    """The rows of delimited text. A quotation mark that is never closed costs its own line only: the lines
    after it are read again."""
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


class FieldReader:
    """Knows where each field of a mapping stands in this source's rows."""

    def __init__(self, mapping: ColumnMapping, head: list[str], zone: str) -> None:
        places = {name.strip().casefold(): place for place, name in enumerate(head)}
        missing = [name for name in mapping.columns.values() if name.strip().casefold() not in places]
        needed = {mapping.columns[field] for field in mapping.REQUIRED if field in mapping.columns}
        if needed.intersection(missing):
            raise UnreadableFile("columns_missing", missing=", ".join(missing), columns=", ".join(head) or "—")
        self._width = len(head)
        self._places = {
            field: places[name.strip().casefold()]
            for field, name in mapping.columns.items()
            if name.strip().casefold() in places
        }
        self._fixed = mapping.fixed
        self._values = mapping.values
        self._mark = mapping.decimal_mark
        self.zone = ZoneInfo(zone)
        self.instant = _instant_reader(mapping.date_format, ZoneInfo(mapping.time_zone or zone))

    def check_shape(self, fields: list[str]) -> None:
        """Raises RejectedRow for too few or too many columns, and for characters that were not readable."""
        if len(fields) != self._width and (len(fields) < self._width or any(fields[self._width :])):
            raise RejectedRow("row_columns", count=len(fields), expected=self._width)
        joined = "".join(fields)
        if "\ufffd" in joined or "\x00" in joined:
            raise RejectedRow("row_encoding")

    def needed(self, field: str, fields: list[str]) -> str:
        """Raises RejectedRow where the field is blank."""
        text = self.text(field, fields)
        if text is None:
            raise RejectedRow("field_missing", field=field)
        return text

    def text(self, field: str, fields: list[str], *, longest: int = _LONGEST_TEXT) -> str | None:
        """The field's text, translated; None where it is blank."""
        place = self._places.get(field)
        if place is None and field not in self._fixed:
            return None
        text = self._fixed[field] if place is None else fields[place].strip()
        if self._values and field in self._values:
            text = self._values[field].get(text, text)
        if len(text) > longest:
            raise RejectedRow("field_too_long", field=field, most=longest)
        return text or None

    def currency(self, fields: list[str]) -> tuple[str, int]:
        """The code and its decimals."""
        code = self.needed("currency", fields).upper()
        try:
            return code, exponent(code)
        except Invalid:
            raise RejectedRow("currency", text=code[:10]) from None

    def amount(self, text: str, digits: int) -> int:
        return minor_units(text, digits, self._mark)


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


@contextmanager
def _opened(source: Path | bytes, encoding: str) -> Iterator[TextIO]:
    codec = _CODECS.get(encoding, encoding)
    if isinstance(source, bytes):
        yield io.TextIOWrapper(io.BytesIO(source), encoding=codec, errors="replace", newline="")
        return
    with source.open("r", encoding=codec, errors="replace", newline="") as stream:
        yield stream


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
