"""MT940 (SWIFT customer statement): messages, fields, balances and `:61:` lines. What `:86:` says is read beside.

The file is split here, line by line, so that its size alone decides how long that takes; the library's pattern
reads the single `:61:` field, which is short. Amounts are exact and never pass through a float.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mt940.tags import Statement as StatementLine

from services.bank.archive import LARGEST_DOCUMENT
from services.bank.errors import RejectedRow, UnreadableFile
from services.bank.iban import account_iban
from services.bank.mt940_details import Details, read_details
from services.bank.statement import ParsedDocument, ParsedEntry, ParsedStatement, Rejection
from services.bank.vocabulary import StatementFormat
from services.core.delimited import minor_units
from services.core.errors import Invalid
from services.core.money import exponent
from services.core.reasons import Reason

_FIELD = re.compile(r":(\d{2}[A-Z]?|NS):")
_HEAD = re.compile(rb":20:[^\r\n@]{0,40}(?:\r?\n|@@)")
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15},?[0-9]{0,4})\s*\Z")
_NUMBER = re.compile(r"([0-9]{1,9})(?:/([0-9]{1,5}))?")
_ASIDE = re.compile(r"/(OCMT|CHGS)/([A-Z]{3})([0-9]{1,15},[0-9]{0,4})")
_BLANK_REFERENCES = {"", "NONREF", "NOREF", "NOTPROVIDED", "UNBEKANNT", "KREF+", "EREF+"}
_RETURNS = {"108", "109", "159"}
_LONGEST_FIELD = 8000
MOST_STATEMENTS = 10_000
_LINE = StatementLine().re


@dataclass(slots=True)
class _Field:
    tag: str
    line: int
    text: str


def looks_like(data: bytes) -> bool:
    """Whether the bytes are MT940: a transaction reference and an account stand near the beginning."""
    head = data[:4096]
    return bool(_HEAD.search(head)) and b":25:" in head


def read_document(data: bytes) -> ParsedDocument:
    """The statements of one MT940 file. Raises UnreadableFile when it holds none."""
    if len(data) > LARGEST_DOCUMENT:
        raise UnreadableFile("document_too_large", megabytes=LARGEST_DOCUMENT >> 20)
    found = ParsedDocument()
    for number, message in enumerate(_messages(decoded(data)), start=1):
        if number > MOST_STATEMENTS:
            raise UnreadableFile("too_many_statements", most=MOST_STATEMENTS)
        rows = sum(field.tag == "61" for field in message)
        try:
            found.statements.append(_statement(message, found))
        except Invalid as refusal:
            reason = Reason.of(refusal)
            found.rejections.append(Rejection(message[0].line, reason, f":28C:, {rows} :61:", is_row=False))
            found.rejections.extend(
                Rejection(field.line, Reason("statement_rejected"), field.text[:300])
                for field in message
                if field.tag == "61"
            )
            found.rows_read += rows
    if not found.statements and not found.rejections:
        raise UnreadableFile("no_statement")
    return found


def decoded(data: bytes) -> str:
    """UTF-8 where it is that; else the code page (Windows or DOS) in which its letters are German ones."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        windows = sum(data.count(letter) for letter in "äöüßÄÖÜéèà".encode("cp1252"))
        dos = sum(data.count(letter) for letter in "äöüßÄÖÜéèà".encode("cp850"))
        return data.decode("cp850" if dos > windows else "cp1252", errors="replace")


def _messages(text: str) -> Iterator[list[_Field]]:
    """The fields of each message; a message begins at `:20:`. SWIFT's envelope around it is passed over."""
    if "\n" not in text and "@@" in text:
        text = text.replace("@@", "\n")
    fields: list[_Field] = []
    pieces: list[str] = []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        start = _FIELD.match(line) or _FIELD.match(line[line.find("{4:") + 3 :] if "{4:" in line else "")
        if start is None:
            if fields and not line.startswith(("-}", "{")) and line.strip() != "-":
                pieces.append(line)
            continue
        _close(fields, pieces)
        if start[1] == "20" and fields:
            yield fields
            fields = []
        pieces = [start.string[start.end() :]]
        fields.append(_Field(start[1], number, ""))
    _close(fields, pieces)
    if any(field.tag == "25" for field in fields):
        yield fields


def _close(fields: list[_Field], pieces: list[str]) -> None:
    if fields and not fields[-1].text:
        fields[-1].text = "\n".join(pieces)[:_LONGEST_FIELD].replace("\x00", "\ufffd").rstrip()


def _statement(message: list[_Field], found: ParsedDocument) -> ParsedStatement:
    def first(*tags: str) -> str:
        return next((field.text for tag in tags for field in message if field.tag == tag), "")

    opened, closed = _balance(first("60F", "60M")), _balance(first("62F", "62M"))
    known = opened or closed
    if known is None:
        raise RejectedRow("no_currency")
    iban = account_iban(first("25", "25P").split("\n")[0], known.currency)
    if not iban:
        raise RejectedRow("no_account")
    sequence, page = _number(first("28C", "28"))
    entries, refused = _entries(message, known.currency)
    days = [entry.booked_on for entry in entries]
    last = closed.day if closed else max(days, default=known.day)
    found.rows_read += len(entries) + len(refused)
    found.rejections.extend(refused)
    return ParsedStatement(
        line=message[0].line,
        iban=iban,
        currency=known.currency,
        owner=None,
        bic=None,
        reference=f"MT940 {sequence if sequence is not None else last.isoformat()}",
        page=page,
        last_page=not first("62M") or bool(first("62F")),
        sequence=sequence,
        first_day=min([last, *days]),
        last_day=last,
        opening_minor=opened.minor if opened else None,
        closing_minor=closed.minor if closed else None,
        entries=tuple(entries),
        format=StatementFormat.MT940,
    )


@dataclass(frozen=True, slots=True)
class _Balance:
    minor: int
    currency: str
    day: dt.date


def _balance(text: str) -> _Balance | None:
    """Raises RejectedRow for a balance that is there and cannot be read."""
    if not text:
        return None
    match = _BALANCE.match(text.split("\n", maxsplit=1)[0].strip())
    if match is None:
        raise RejectedRow("amount", text=text[:40])
    minor = minor_units(match[4], exponent(match[3]), ",")
    return _Balance(minor if match[1] == "C" else -minor, match[3], _day(match[2]))


def _day(text: str) -> dt.date:
    """A six-digit day; years from 70 on are of the last century."""
    year = int(text[:2])
    try:
        return dt.date(year + (1900 if year >= 70 else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError:
        raise RejectedRow("date", text=text) from None


def _number(text: str) -> tuple[int | None, int]:
    """Statement number (0 says that the bank counts none) and page."""
    match = _NUMBER.match(text.strip())
    return ((int(match[1]) or None) if match else None), (int(match[2] or 1) or 1) if match else 1


def _entries(message: list[_Field], currency: str) -> tuple[list[ParsedEntry], list[Rejection]]:
    taken: list[ParsedEntry] = []
    refused: list[Rejection] = []
    for place, field in enumerate(message):
        if field.tag != "61":
            continue
        following = message[place + 1] if place + 1 < len(message) else None
        text = following.text if following and following.tag == "86" else ""
        try:
            taken.append(_entry(field, text, currency))
        except Invalid as refusal:
            refused.append(Rejection(field.line, Reason.of(refusal), " ".join(field.text.split())[:300]))
    return taken, refused


def _entry(field: _Field, text: str, currency: str) -> ParsedEntry:
    """A `:61:` with its `:86:`. `RC` takes a credit back and is a debit, `RD` the other way round."""
    parts = _split(field.text)
    mark = parts["status"].upper()
    minor = minor_units(parts["amount"], exponent(currency), ",")
    value_on = _day(parts["year"] + parts["month"] + parts["day"])
    details = read_details(text)
    aside = parts["extra_details"] or ""
    return ParsedEntry(
        line=field.line,
        amount_minor=minor if mark in {"C", "RD"} else -minor,
        booked_on=_booked_on(value_on, parts),
        booked_at=None,
        value_on=value_on,
        reversal=mark.startswith("R"),
        bank_reference=_reference(parts["bank_reference"]),
        transaction_code="-".join(filter(None, (parts["id"], details.code))) or None,
        return_reason=_return_reason(details),
        charges_minor=_aside(aside, "CHGS", currency) or details.charges_minor(currency),
        original_minor=_aside(aside, "OCMT", None) or details.original_minor(currency),
        original_currency=_aside_currency(aside) or (currency if details.original else None),
        end_to_end_id=details.end_to_end_id,
        mandate_id=details.mandate_id,
        remittance=details.remittance,
        counterparty=details.counterparty,
        counterparty_iban=details.counterparty_iban,
        batch_reference=_reference(details.customer_reference or parts["customer_reference"]),
        batch_count=details.batch_count,
        details=(),
    )


def _split(text: str) -> dict[str, Any]:
    """By the library's own pattern; its `parse` would write the line to the log where it does not fit."""
    head, _, rest = text.partition("\n")
    short = (head[:120].rstrip() + ("\n" + rest[:200].replace("\n", " ") if rest else "")).strip()
    match = _LINE.match(short)
    if match is None:
        raise RejectedRow("row_unreadable")
    return match.groupdict()


def _booked_on(value_on: dt.date, parts: dict[str, Any]) -> dt.date:
    """The entry day, which has no year: the one nearest to the value day; the value day where there is none."""
    month, day = (parts["entry_month"] or "").strip(), (parts["entry_day"] or "").strip()
    if not month or not day:
        return value_on
    candidates = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            candidates.append(dt.date(year, int(month), int(day)))
        except ValueError:
            continue
    if not candidates:
        raise RejectedRow("date", text=f"{month}{day}")
    return min(candidates, key=lambda candidate: abs(candidate - value_on))


def _return_reason(details: Details) -> str | None:
    if details.return_reason:
        return details.return_reason
    return f"GVC{details.code}" if details.code in _RETURNS else None


def _aside(text: str, code: str, currency: str | None) -> int | None:
    for match in _ASIDE.finditer(text):
        if match[1] == code and currency in (None, match[2]):
            return minor_units(match[3], exponent(match[2]), ",")
    return None


def _aside_currency(text: str) -> str | None:
    return next((match[2] for match in _ASIDE.finditer(text) if match[1] == "OCMT"), None)


def _reference(text: str | None) -> str | None:
    stripped = (text or "").strip()
    return None if stripped.upper() in _BLANK_REFERENCES else stripped
