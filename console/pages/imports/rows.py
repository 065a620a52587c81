"""Views of bank and books as rows of strings, written for the reader."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from console import routes
from console.design.format import Reader, compact_id
from console.pages.imports.reading import File
from services import bank, books
from services.core.inbox import FileStatus
from services.core.incoming import RejectionView
from services.core.money import Money
from services.core.reasons import Reason
from services.core.sampling import Preview

Row = dict[str, str]


def file_row(file: File, codes: dict[uuid.UUID, str], reader: Reader) -> Row:
    zone = ZoneInfo(reader.time_zone)
    return {
        "id": str(file.id),
        "href": routes.to(routes.IMPORT_FILE, file_id=file.id),
        "name": file.name,
        "short": compact_id(file.name, head=12, tail=15),
        "kind": "bank" if isinstance(file, bank.BankFileView) else "books",
        "entity": codes.get(file.entity_id, ""),
        "state": file_state(file),
        "received": f"{reader.short_date(file.imported_at.astimezone(zone).date())}, {reader.time(file.imported_at)}",
        **counts(file, reader),
    }


def counts(file: File, reader: Reader) -> Row:
    """The figures of a report; what a bank statement cannot do (change a line) is empty."""
    changed = reader.number(file.rows_changed) if isinstance(file, books.LedgerFileView) else ""
    return {
        "read": reader.number(file.rows_read),
        "new": reader.number(file.rows_new),
        "changed": changed,
        "unchanged": reader.number(file.rows_unchanged),
        "rejected": reader.number(file.rows_rejected),
        "has_rejected": "yes" if file.rows_rejected else "",
    }


def file_state(file: File) -> str:
    """`unproven` for a bank file with a statement that does not add up, else the file's own status."""
    unproven = isinstance(file, bank.BankFileView) and any(statement.problem for statement in file.statements)
    return "unproven" if unproven and file.status is not FileStatus.REJECTED else file.status.value


def proof_row(proof: bank.CompletenessView, reader: Reader) -> Row:
    covered = proof.covered_through
    if proof.complete:
        note = reader.text("imports.complete_through", day=reader.date(proof.through))
    elif covered:
        note = reader.text("imports.incomplete_through", day=reader.date(covered))
    else:
        note = reader.text("imports.incomplete")
    return {
        "href": routes.to(routes.BANK_ACCOUNT, account_id=proof.account.id),
        "iban": spaced_iban(proof.account.iban),
        "currency": proof.account.currency,
        "mark": "ok" if proof.complete else "warn",
        "note": note,
        "gaps": "" if proof.complete else reader.number(len(proof.gaps)),
    }


def gap_text(gap: bank.GapView, currency: str, reader: Reader) -> str:
    """One hole as a sentence, with the difference where there is one."""
    key = f"imports.hole_{gap.kind.value}" + ("_one" if gap.missing == 1 else "")
    sentence = reader.text(key, days=days(gap.first_day, gap.last_day, reader), count=reader.number(gap.missing or 0))
    if not gap.difference_minor:
        return sentence
    amount = reader.signed_money(Money(gap.difference_minor, currency))
    return f"{sentence}, {reader.text('imports.hole_difference', amount=amount)}"


def report_row(report: bank.StatementReport, reader: Reader) -> Row:
    return {
        "account": spaced_iban(report.iban),
        "rows": reader.number(report.rows_new + report.rows_unchanged),
        **_balances(report.currency, report.opening_minor, report.closing_minor, report.difference_minor, reader),
        **_naming(report, reader),
    }


def statement_row(statement: bank.StatementView, currency: str, reader: Reader) -> Row:
    opening, closing = statement.opening_minor, statement.closing_minor
    difference = None if opening is None or closing is None else opening + statement.lines_minor - closing
    return {
        "href": routes.to(routes.BANK_STATEMENT, statement_id=statement.id),
        "file_href": routes.to(routes.IMPORT_FILE, file_id=statement.file_id),
        "sum": reader.signed_amount(Money(statement.lines_minor, currency)),
        "rows": reader.number(statement.line_count),
        **_balances(currency, opening, closing, difference, reader),
        **_naming(statement, reader),
    }


def rejection_row(rejection: RejectionView, reader: Reader) -> Row:
    return {
        "member": rejection.member,
        "line": reader.number(rejection.line) if rejection.line else "—",
        "reason": reason_text(rejection.reason, reader),
        "excerpt": rejection.excerpt,
    }


def reason_text(reason: Reason | None, reader: Reader) -> str:
    """Why, in the reader's language; empty for none."""
    return reader.text(f"reasons.{reason.code}", **reason.arguments) if reason else ""


def preview_rows(seen: Preview, currency: str, reader: Reader) -> list[Row]:
    """The first rows of a sample: how they read, and what they become or why not."""
    return [
        {
            "line": str(row.line),
            "reads": " | ".join(row.fields)[:300],
            "becomes": _becomes(row.becomes, currency, reader),
            "reason": reason_text(row.reason, reader),
        }
        for row in seen.rows
    ]


def _becomes(fields: Mapping[str, str], currency: str, reader: Reader) -> str:
    code = fields.get("currency", currency)
    parts = []
    for name, value in fields.items():
        if name == "currency":
            continue
        written = reader.money(Money(int(value), code)) if name.endswith("_minor") else value
        parts.append(f"{reader.text('imports.field_' + name.removesuffix('_minor'))}: {written}")
    return "  ·  ".join(parts)


def day_cells(days: Sequence[bank.DayView | books.LedgerDayView], reader: Reader) -> list[Row]:
    """A calendar's cells; the month is named where it begins."""
    cells = []
    for place, item in enumerate(days):
        state = item.state.value
        said = reader.text("calendar.day", day=reader.date(item.day), state=reader.text(f"calendar.{state}"))
        begins = place == 0 or item.day.day == 1
        cells.append(
            {
                "number": str(item.day.day),
                "month": reader.month(item.day) if begins else "",
                "state": state,
                "title": said,
                "href": routes.to(routes.IMPORT_FILE, file_id=item.file_id) if item.file_id else "",
            }
        )
    return cells


def ledger_row(
    source: books.LedgerSourceView, gaps: Sequence[books.LedgerGap], codes: dict[uuid.UUID, str], reader: Reader
) -> Row:
    open_ = [gap for gap in gaps if gap.source.id == source.id]
    first = reader.date(open_[0].first_day) if open_ else ""
    note = reader.text("imports.ledger_gap", day=first) if open_ else reader.text("imports.ledger_whole")
    return {
        "href": routes.to(routes.LEDGER, source_id=source.id),
        "name": source.name,
        "code": codes.get(source.entity_id, ""),
        "mark": "warn" if open_ else "ok",
        "note": note,
    }


def ledger_gap_text(gap: books.LedgerGap, reader: Reader) -> str:
    return reader.text(f"imports.ledger_{gap.kind.value}", days=days(gap.first_day, gap.last_day, reader))


def days(first: dt.date, last: dt.date, reader: Reader) -> str:
    if first == last:
        return reader.date(first)
    return reader.text("imports.days", first=reader.short_date(first), last=reader.date(last))


def spaced_iban(iban: str) -> str:
    """In groups of four, as people read it out."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def _naming(statement: bank.StatementReport | bank.StatementView, reader: Reader) -> Row:
    number = reader.number(statement.sequence) if statement.sequence is not None else statement.reference
    return {
        "number": f"{number}/{statement.page}" if statement.page > 1 else number,
        "reference": statement.reference,
        "days": days(statement.first_day, statement.last_day, reader),
        "state": statement.problem.value if statement.problem else "ok",
    }


def _balances(currency: str, opening: int | None, closing: int | None, difference: int | None, reader: Reader) -> Row:
    def written(minor: int | None) -> str:
        return "—" if minor is None else reader.amount(Money(minor, currency))

    signed = "—" if difference is None else reader.signed_amount(Money(difference, currency))
    return {
        "currency": currency,
        "opening": written(opening),
        "closing": written(closing),
        "difference": signed,
        "off": "yes" if difference else "",
    }
