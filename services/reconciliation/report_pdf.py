"""The nightly report as a PDF: A4, landscape, figures under each other, the hour and the page at the foot."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from services.core import figures
from services.core.money import Money
from services.core.words import Words
from services.reconciliation.report_figures import class_told, moment_told, percent
from services.reconciliation.report_letter import backfill_told
from services.reconciliation.report_words import (
    BREAK_HEADS,
    DEFINITIONS,
    GREEN,
    LINE_HEADS,
    NOBODY,
    OLDEST,
    RED,
    SIDES_TOLD,
    STATES,
    TITLE,
    changes_told,
)
from services.reconciliation.views_report import NightlyReport, worst_first
from services.reconciliation.vocabulary import BackfillDone

_FOLDER = Path(reportlab.__file__).parent / "fonts"
_FACE = TTFont("Report", _FOLDER / "Vera.ttf")
_BOLD = TTFont("ReportBold", _FOLDER / "VeraBd.ttf")
_MARGIN, _SIZE, _LONGEST = 36, 7, 300
_LINE_WIDTHS = (94, 106, 44, 78, 78, 66, 56, 46, 42, 30, 58, 72)
_BREAK_WIDTHS = (54, 130, 100, 212, 84, 44, 62, 84)
_NONE_OPEN = Words("No break is open.", "Kein Klärfall ist offen.")
_NO_RUN = Words("No reconciliation has finished yet.", "Noch kein Abgleich ist fertig.")
_FOOT = Words("Kontor, made {moment}", "Kontor, erstellt {moment}")
_PAGE = Words("page {number}", "Seite {number}")

registerFont(_FACE)
registerFont(_BOLD)
_TEXT = ParagraphStyle("text", fontName="Report", fontSize=_SIZE, leading=_SIZE + 2.5)
_FIGURE = ParagraphStyle("figure", parent=_TEXT, alignment=TA_RIGHT)
_HEAD = ParagraphStyle("head", parent=_TEXT, fontName="ReportBold")
_FIGURE_HEAD = ParagraphStyle("figure head", parent=_HEAD, alignment=TA_RIGHT)
_SAID = ParagraphStyle("said", parent=_TEXT, fontSize=9, leading=13)
_TITLED = ParagraphStyle("title", parent=_HEAD, fontSize=15, leading=20, spaceAfter=4)
_SECTION = ParagraphStyle("section", parent=_HEAD, fontSize=10, leading=14, spaceBefore=14, spaceAfter=4)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A table on paper: its heads, how wide each column is in points, and which hold figures."""

    heads: Sequence[Words]
    widths: Sequence[int]
    figures: Sequence[int]
    none: Words


_STATE_TABLE = _Layout(LINE_HEADS, _LINE_WIDTHS, range(3, 11), _NO_RUN)
_BREAK_TABLE = _Layout(BREAK_HEADS, _BREAK_WIDTHS, (4, 6), _NONE_OPEN)


def report_as_pdf(report: NightlyReport, *, locale: str = "en", after: BackfillDone | None = None) -> bytes:
    """The report on paper; what the backfill did that it follows stands first."""
    out, title = io.BytesIO(), TITLE.of(locale, day=figures.date(report.day, locale))
    story = [
        _paragraph(title, _TITLED),
        _paragraph((GREEN if report.green else RED).of(locale), _SAID),
        *([_paragraph(backfill_told(after, locale), _SAID)] if after else []),
        _paragraph(STATES.of(locale), _SECTION),
        _table(_STATE_TABLE, _lines(report, locale), locale),
        _paragraph(OLDEST.of(locale), _SECTION),
        _table(_BREAK_TABLE, _breaks(report, locale), locale),
        Spacer(1, 6),
    ]
    foot = _FOOT.of(locale, moment=moment_told(report.made_at, locale))

    def footed(canvas: Any, document: Any) -> None:
        canvas.setFont("Report", _SIZE)
        canvas.drawString(_MARGIN, _MARGIN / 2, foot)
        canvas.drawRightString(landscape(A4)[0] - _MARGIN, _MARGIN / 2, _PAGE.of(locale, number=document.page))

    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    document = SimpleDocTemplate(out, pagesize=landscape(A4), title=title, author="Kontor", **margins)
    document.build(story, onFirstPage=footed, onLaterPages=footed)
    return out.getvalue()


def _lines(report: NightlyReport, locale: str) -> Iterable[tuple[str, ...]]:
    for line in worst_first(report.lines):
        run = line.run
        before = "—" if line.deviation_before is None else percent(line.deviation_before, locale)
        for total in line.totals:
            minor = (total.left_minor, total.right_minor, total.open_minor)
            yield (
                line.entity,
                f"{DEFINITIONS[line.definition].of(locale)}: {SIDES_TOLD[line.definition].of(locale)}",
                total.currency,
                *(figures.amount(Money(one, total.currency), locale) for one in minor),
                percent(total.deviation_ppm, locale),
                before,
                *(figures.number(count, locale) for count in (run.breaks, run.new_breaks, run.closed_breaks)),
                changes_told(line, locale) or "—",
            )


def _breaks(report: NightlyReport, locale: str) -> Iterable[tuple[str, ...]]:
    for item in report.oldest:
        yield (
            item.name,
            report.names.get(item.entity_id, ""),
            class_told(item.break_class, item.definition, locale),
            item.subject_key,
            figures.amount(Money(item.delta_minor, item.currency), locale),
            item.currency,
            figures.number(item.age, locale),
            item.assigned_name or NOBODY.of(locale),
        )


def _table(layout: _Layout, rows: Iterable[tuple[str, ...]], locale: str) -> Table | Paragraph:
    """Figures stand right, words left; long words break, and the head comes again on each page."""
    right, heads = layout.figures, [head.of(locale) for head in layout.heads]
    top = [_paragraph(head, _FIGURE_HEAD if at in right else _HEAD) for at, head in enumerate(heads)]
    body = [[_paragraph(cell, _FIGURE if at in right else _TEXT) for at, cell in enumerate(row)] for row in rows]
    if not body:
        return _paragraph(layout.none.of(locale), _SAID)
    table = Table([top, *body], colWidths=list(layout.widths), repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("LINEBELOW", (0, 0), (-1, 0), 1.25, colors.black),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey),
            ]
        )
    )
    return table


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    """Text as it is, never markup, cut where no line would end it; a letter that the typeface has not stands without
    its accent."""
    known, cut = _FACE.face.charWidths, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    plain = "".join(one if ord(one) in known else unicodedata.normalize("NFKD", one)[:1] for one in cut)
    return Paragraph(escape(plain), style)
