"""The nightly report as a workbook. Whatever people wrote stays text: no cell is ever a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from services.core.figures import pattern_of
from services.core.money import Money, exponent
from services.core.words import Words
from services.reconciliation.report_figures import class_told
from services.reconciliation.report_letter import backfill_told
from services.reconciliation.report_words import (
    BREAK_HEADS,
    DEFINITIONS,
    LINE_HEADS,
    NOBODY,
    OLDEST,
    STATES,
    changes_told,
)
from services.reconciliation.views_report import NightlyReport, worst_first
from services.reconciliation.vocabulary import BackfillDone

Row = tuple[str | int | Decimal | Money | None, ...]

_BACKFILL = Words("Backfill", "Backfill")
_RESULT = Words("Result", "Ergebnis")
_WIDEST = 60


def report_as_workbook(report: NightlyReport, *, locale: str = "en", after: BackfillDone | None = None) -> bytes:
    """The report as XLSX: a sheet for the state, one for the oldest breaks, one for the backfill that it follows."""
    book, out = Workbook(), io.BytesIO()
    sheets: list[tuple[Words, Sequence[Words], Iterable[Row]]] = [
        (STATES, LINE_HEADS, _lines(report, locale)),
        (OLDEST, BREAK_HEADS, _breaks(report, locale)),
    ]
    sheets += [(_BACKFILL, (_RESULT,), [(backfill_told(after, locale),)])] if after else []
    for at, (name, heads, rows) in enumerate(sheets):
        sheet = book.active if at == 0 and isinstance(book.active, Worksheet) else book.create_sheet()
        sheet.title = name.of(locale)
        _fill(sheet, [head.of(locale) for head in heads], rows)
    book.save(out)
    return out.getvalue()


def _fill(sheet: Worksheet, heads: list[str], rows: Iterable[Row]) -> None:
    """Heads that stay in sight, amounts with the digits of their currency, columns as wide as what stands in them."""
    sheet.append(heads)
    sheet.freeze_panes = "A2"
    widths = [len(head) for head in heads]
    for cell in sheet[1]:
        cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=False)
    for line, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(line, column, value.major if isinstance(value, Money) else value)
            if isinstance(value, Money):
                cell.number_format = pattern_of(exponent(value.currency))
            if isinstance(value, str):
                cell.data_type = "s"  # a text that begins with = stays a text
            widths[column - 1] = max(widths[column - 1], len(str(cell.value or "")))
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(width, _WIDEST) + 2


def _lines(report: NightlyReport, locale: str) -> Iterator[Row]:
    for line in worst_first(report.lines):
        run = line.run
        before = None if line.deviation_before is None else _percent(line.deviation_before)
        for total in line.totals:
            minor = (total.left_minor, total.right_minor, total.open_minor)
            yield (
                line.entity,
                DEFINITIONS[line.definition].of(locale),
                total.currency,
                *(Money(one, total.currency) for one in minor),
                _percent(total.deviation_ppm),
                before,
                run.breaks,
                run.new_breaks,
                run.closed_breaks,
                changes_told(line, locale),
            )


def _breaks(report: NightlyReport, locale: str) -> Iterator[Row]:
    for item in report.oldest:
        yield (
            item.name,
            report.names.get(item.entity_id, ""),
            class_told(item.break_class, item.definition, locale),
            item.subject_key,
            Money(item.delta_minor, item.currency),
            item.currency,
            item.age,
            item.assigned_name or NOBODY.of(locale),
        )


def _percent(ppm: int) -> Decimal:
    return Decimal(ppm).scaleb(-4)
