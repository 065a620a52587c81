"""The nightly report as a PDF and as a workbook. Whatever people wrote stays text: no cell is ever a formula."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.styles import Font
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from services.core.money import Money, exponent
from services.core.words import Words
from services.reconciliation.report_letter import CLASSES, DEFINITIONS, backfill_told, changes_told
from services.reconciliation.views_report import NightlyReport, worst_first
from services.reconciliation.vocabulary import BackfillDone

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = tuple[str | int | float | None, ...]

_TITLE = Words("Reconciliation through {day}", "Abgleich bis {day}")
_GREEN = Words("Everything is within the limit.", "Alles liegt innerhalb der Grenze.")
_RED = Words("Not everything is within the limit.", "Nicht alles liegt innerhalb der Grenze.")
_STATES = Words("State", "Stand")
_OLDEST = Words("Oldest breaks", "Älteste Klärfälle")
_BACKFILL = Words("Backfill", "Backfill")
_RESULT = Words("Result", "Ergebnis")
_NOBODY = Words("nobody", "niemand")
_LINE_HEADS = (
    Words("Legal entity", "Gesellschaft"),
    Words("Definition", "Definition"),
    Words("Currency", "Währung"),
    Words("Left", "Links"),
    Words("Right", "Rechts"),
    Words("Open", "Offen"),
    Words("Deviation %", "Abweichung %"),
    Words("Before %", "Zuvor %"),
    Words("Breaks", "Klärfälle"),
    Words("New", "Neu"),
    Words("Closed", "Geschlossen"),
    Words("Since yesterday", "Seit gestern"),
)
_BREAK_HEADS = (
    Words("Break", "Klärfall"),
    Words("Legal entity", "Gesellschaft"),
    Words("Class", "Art"),
    Words("Key", "Schlüssel"),
    Words("Difference", "Differenz"),
    Words("Currency", "Währung"),
    Words("Business days", "Werktage"),
    Words("With", "Bei"),
)


def report_as_pdf(report: NightlyReport, *, locale: str = "en", after: BackfillDone | None = None) -> bytes:
    """The report on A4, landscape; what the backfill did that it follows stands first."""
    styles, out = getSampleStyleSheet(), io.BytesIO()
    title = _TITLE.of(locale, day=report.day.isoformat())
    story = [
        Paragraph(escape(title), styles["Title"]),
        Paragraph(escape((_GREEN if report.green else _RED).of(locale)), styles["Normal"]),
        *([Paragraph(escape(backfill_told(after, locale)), styles["Normal"])] if after else []),
        Spacer(1, 12),
        _table([tuple(head.of(locale) for head in _LINE_HEADS), *_lines(report, locale)]),
        Spacer(1, 18),
        Paragraph(escape(_OLDEST.of(locale)), styles["Heading2"]),
        _table([tuple(head.of(locale) for head in _BREAK_HEADS), *_breaks(report, locale)]),
    ]
    SimpleDocTemplate(out, pagesize=landscape(A4), title=title, author="Kontor").build(story)
    return out.getvalue()


def report_as_workbook(report: NightlyReport, *, locale: str = "en", after: BackfillDone | None = None) -> bytes:
    """The report as XLSX: a sheet for the state, one for the oldest breaks, one for the backfill that it follows."""
    book, out = Workbook(), io.BytesIO()
    sheets = [(_STATES, _LINE_HEADS, _lines(report, locale)), (_OLDEST, _BREAK_HEADS, _breaks(report, locale))]
    sheets += [(_BACKFILL, (_RESULT,), iter([(backfill_told(after, locale),)]))] if after else []
    for at, (name, heads, rows) in enumerate(sheets):
        sheet = book.active if at == 0 and book.active else book.create_sheet()
        sheet.title = name.of(locale)
        sheet.append([head.of(locale) for head in heads])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for line, row in enumerate(rows, start=2):
            for column, value in enumerate(row, start=1):
                cell = sheet.cell(line, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # a text that begins with = stays a text
    book.save(out)
    return out.getvalue()


def _lines(report: NightlyReport, locale: str) -> Iterator[Row]:
    for line in worst_first(report.lines):
        run = line.run
        before = line.deviation_before / 10_000 if line.deviation_before is not None else None
        for total in line.totals:
            yield (
                line.entity,
                DEFINITIONS[line.definition].of(locale),
                total.currency,
                _major(total.left_minor, total.currency),
                _major(total.right_minor, total.currency),
                _major(total.open_minor, total.currency),
                total.deviation_ppm / 10_000,
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
            CLASSES[item.break_class].of(locale),
            item.subject_key,
            _major(item.delta_minor, item.currency),
            item.currency,
            item.age,
            item.assigned_name or _NOBODY.of(locale),
        )


def _major(minor: int, currency: str) -> float:
    """For reading only; nothing is computed with it."""
    return Money(minor, currency).minor / 10 ** exponent(currency)


def _table(rows: list[Row]) -> Table:
    texts = [
        [f"{cell:,.2f}" if isinstance(cell, float) else "" if cell is None else str(cell) for cell in row]
        for row in rows
    ]
    table = Table(texts, repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONTSIZE", (0, 0), (-1, -1), 8),
                ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.75, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey),
            ]
        )
    )
    return table
