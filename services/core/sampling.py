"""The first rows of a delimited file and what a mapping makes of them, and a first guess at that mapping."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from services.core.delimited import ColumnMapping, FieldReader, RejectedLine, text_records
from services.core.delimited import read_rows as _read_rows
from services.core.errors import Invalid
from services.core.reasons import Reason, UnreadableFile

SAMPLE_BYTES = 64 << 10
_SHOWN = 8
_DATES = ("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M")
_GERMAN_AMOUNT = re.compile(r"[+-]?[0-9]{1,3}(\.?[0-9]{3})*,[0-9]{2}-?\Z")

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class SampledRow:
    """A row of the sample: how it reads, and either what it becomes (field → text) or why it is refused."""

    line: int
    fields: tuple[str, ...]
    becomes: Mapping[str, str]
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The columns of a file, its first rows, and what is wrong with the whole (None: it can be read)."""

    columns: tuple[str, ...]
    rows: tuple[SampledRow, ...]
    problem: Reason | None


def preview(
    sample: bytes,
    mapping: ColumnMapping,
    *,
    zone: str,
    row: Callable[[FieldReader, int, list[str]], Row],
    shown: Callable[[Row], Mapping[str, str]],
) -> Preview:
    """What the mapping makes of the first rows of `sample` (the beginning of a file)."""
    columns, records = _split(sample, mapping)
    fields = [(line, tuple(values or ())) for line, values, _ in records]
    return sampled(columns, lambda: _read_rows(_whole_lines(sample), mapping, zone=zone, row=row), fields, shown=shown)


def sampled(
    columns: Iterable[str],
    read: Callable[[], Iterable[Row | RejectedLine]],
    fields: Iterable[tuple[int, tuple[str, ...]]],
    *,
    shown: Callable[[Row], Mapping[str, str]],
) -> Preview:
    """The first rows of any source beside what `read` makes of them; `fields` are the numbered rows as they read."""
    known = dict(islice(fields, _SHOWN * 3))
    taken: list[SampledRow] = []
    problem = None
    try:
        for item in islice(read(), _SHOWN):
            if isinstance(item, RejectedLine):
                taken.append(SampledRow(item.line, known.get(item.line, ()), {}, item.reason))
            else:
                line = int(getattr(item, "line", 0))
                taken.append(SampledRow(line, known.get(line, ()), shown(item), None))
    except Invalid as refusal:
        problem = Reason.of(refusal)
        taken = [SampledRow(line, values, {}, None) for line, values in islice(known.items(), _SHOWN)]
    return Preview(tuple(columns), tuple(taken), problem)


def guess(sample: bytes, names: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """A first mapping for a file: its encoding, delimiter, head, decimal mark and dates, and which column is
    which field by its usual names (`names`: field → names in small letters, the likelier first)."""
    encoding = _encoding(sample)
    text = sample.decode(encoding, errors="replace").lstrip("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()][:40]
    delimiter = max(",;\t|", key=lambda mark: sum(sorted(line.count(mark) for line in lines)[len(lines) // 2 :]))
    widths = [_width(line, delimiter) for line in lines]
    skip = next((place for place, width in enumerate(widths) if width == max(widths, default=1)), 0)
    rows = [next(csv.reader(io.StringIO(line), delimiter=delimiter), []) for line in lines[skip : skip + 20]]
    head = [name.strip() for name in rows[0]] if rows else []
    cells = [cell.strip() for row in rows[1:] for cell in row]
    return {
        "columns": _named(head, names),
        "delimiter": delimiter,
        "encoding": encoding,
        "decimal_mark": "," if any(_GERMAN_AMOUNT.match(cell) for cell in cells) else ".",
        "date_format": _date_format(cells),
        "skip_lines": skip,
    }


def _named(head: list[str], names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    spelled = {name.casefold(): name for name in head}
    found = {}
    for field, usual in names.items():
        for name in (field, *usual):
            if (column := spelled.pop(name, None)) is not None:
                found[field] = column
                break
    return found


def _encoding(sample: bytes) -> str:
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        sample[: -4 or None].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 8:
            return "cp1252"
    return "utf-8"


def _width(line: str, delimiter: str) -> int:
    return len(next(csv.reader(io.StringIO(line), delimiter=delimiter), []))


def _date_format(cells: list[str]) -> str:
    def fits(pattern: str) -> int:
        return sum(_is_date(cell, pattern) for cell in cells)

    best = max(("iso", *_DATES), key=fits)
    return best if fits(best) else "iso"


def _is_date(text: str, pattern: str) -> bool:
    try:
        if pattern == "iso":
            return len(text) >= 10 and text[4:5] == "-" and bool(dt.datetime.fromisoformat(text))
        return bool(dt.datetime.strptime(text, pattern))  # noqa: DTZ007 - only whether it fits
    except ValueError:
        return False


def _whole_lines(sample: bytes) -> bytes:
    """Without the last line where the sample was cut in it."""
    if len(sample) < SAMPLE_BYTES:
        return sample
    return sample[: sample.rfind(b"\n") + 1] or sample


def _split(sample: bytes, mapping: ColumnMapping) -> tuple[tuple[str, ...], list[tuple[int, list[str] | None, str]]]:
    try:
        text = _whole_lines(sample).decode("utf-8-sig" if mapping.encoding == "utf-8" else mapping.encoding, "replace")
    except UnicodeError:
        raise UnreadableFile("not_encoding", encoding=mapping.encoding) from None
    records = text_records(io.StringIO(text, newline=""), mapping.delimiter)
    taken = list(islice(records, mapping.skip_lines + 1 + _SHOWN * 3))[mapping.skip_lines :]
    head = tuple(name.strip() for name in (taken[0][1] or [])) if taken else ()
    return head, taken[1:]
