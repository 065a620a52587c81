"""CAMT.053 (ISO 20022 bank-to-customer statement) and CAMT.054 (its details), versions 02 to 14: from bytes to
statements, notices and entries.

Every input is hostile until read: no DOCTYPE, no entities, no network, a size cap before parsing. A bad
entry is a rejection with its line; only a document that is neither raises UnreadableFile.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from services.bank.archive import LARGEST_DOCUMENT
from services.bank.camt_entry import booked, entry_of, known_currency, money_of, signed, text_at, the_day
from services.bank.errors import RejectedRow, UnreadableFile
from services.bank.statement import ParsedDocument, ParsedEntry, ParsedNotice, ParsedStatement, Rejection
from services.core.errors import Invalid
from services.core.reasons import Reason

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.(\d{3})\.001\.(\d{2})\}Document", re.ASCII)
_SEQUENCE = re.compile(r"[0-9]{1,18}\Z")
_OPENING = ("OPBD", "PRCD", "ITBD")
_CLOSING = ("CLBD", "ITBD")


def read_document(data: bytes) -> ParsedDocument:
    """The statements of one CAMT.053 document, or the notices of a CAMT.054. Raises UnreadableFile when it is none."""
    root = _root_of(data)
    found = ParsedDocument()
    group_page = root.find("{*}BkToCstmrStmt/{*}GrpHdr/{*}MsgPgntn")
    for element in root.iterfind("{*}BkToCstmrStmt/{*}Stmt"):
        with _refusing(element, found):
            found.statements.append(_statement(element, group_page, found))
    for element in root.iterfind("{*}BkToCstmrDbtCdtNtfctn/{*}Ntfctn"):
        with _refusing(element, found):
            found.notices.append(_notice(element, found))
    if not found.statements and not found.notices and not found.rejections:
        raise UnreadableFile("no_statement")
    return found


@contextmanager
def _refusing(element: etree._Element, found: ParsedDocument) -> Iterator[None]:
    """A statement that cannot be taken is a rejection, and so is each of its rows."""
    try:
        yield
    except Invalid as refusal:
        rows = element.findall("{*}Ntry")
        reason = Reason.of(refusal)
        found.rejections.append(Rejection(element.sourceline or 0, reason, f"Stmt, {len(rows)} Ntry", is_row=False))
        found.rejections.extend(
            Rejection(row.sourceline or 0, Reason("statement_rejected"), _excerpt(row)) for row in rows
        )
        found.rows_read += len(rows)


def _root_of(data: bytes) -> etree._Element:
    if len(data) > LARGEST_DOCUMENT:
        raise UnreadableFile("document_too_large", megabytes=LARGEST_DOCUMENT >> 20)
    if b"<!DOCTYPE" in data[:65536]:
        raise UnreadableFile("doctype")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise UnreadableFile("xml", line=getattr(error, "lineno", None) or 1) from error
    if root.getroottree().docinfo.doctype:
        raise UnreadableFile("doctype")
    return _checked_root(root)


def _checked_root(root: etree._Element) -> etree._Element:
    match = _NAMESPACE.match(str(root.tag))
    if match is None:
        raise UnreadableFile("not_a_statement")
    if match[1] not in {"053", "054"}:
        raise UnreadableFile("other_camt", number=match[1])
    if not 2 <= int(match[2]) <= 14:
        raise UnreadableFile("camt_version", number=match[1], version=match[2], first="02", last="14")
    return root


def _statement(element: etree._Element, group_page: etree._Element | None, found: ParsedDocument) -> ParsedStatement:
    iban = _iban(element)
    currency = _currency(element)
    opening, opened_on = _balance(element, _OPENING, currency, first=True)
    closing, closed_on = _balance(element, _CLOSING, currency, first=False)
    entries, refused = _entries(element, currency)
    days = _days(element, opened_on, closed_on, [entry.booked_on for entry in entries])
    own = element.find("{*}StmtPgntn")
    page, last_page = _page(group_page if own is None else own)
    sequence = text_at(element, "ElctrncSeqNb") or text_at(element, "LglSeqNb") or ""
    statement = ParsedStatement(
        line=element.sourceline or 0,
        iban=iban,
        currency=currency,
        owner=text_at(element, "Acct/Ownr/Nm"),
        bic=text_at(element, "Acct/Svcr/FinInstnId/BICFI") or text_at(element, "Acct/Svcr/FinInstnId/BIC"),
        reference=text_at(element, "Id") or f"{iban}/{sequence or days[1].isoformat()}",
        page=page,
        last_page=last_page,
        sequence=int(sequence) if _SEQUENCE.match(sequence) else None,
        first_day=days[0],
        last_day=days[1],
        opening_minor=opening,
        closing_minor=closing,
        entries=tuple(entries),
    )
    found.rows_read += len(entries) + len(refused)
    found.rejections.extend(refused)
    return statement


def _notice(element: etree._Element, found: ParsedDocument) -> ParsedNotice:
    iban = _iban(element)
    entries, refused = _entries(element, currency := _currency(element))
    found.rows_read += len(entries) + len(refused)
    found.rejections.extend(refused)
    return ParsedNotice(
        line=element.sourceline or 0,
        iban=iban,
        currency=currency,
        reference=text_at(element, "Id") or "CAMT.054",
        entries=tuple(entries),
    )


def _iban(element: etree._Element) -> str:
    iban = text_at(element, "Acct/Id/IBAN") or text_at(element, "Acct/Id/Othr/Id")
    if not iban:
        raise RejectedRow("no_account")
    return iban.replace(" ", "").upper()[:40]


def _entries(element: etree._Element, currency: str) -> tuple[list[ParsedEntry], list[Rejection]]:
    own_iban = text_at(element, "Acct/Id/IBAN") or ""
    taken: list[ParsedEntry] = []
    refused: list[Rejection] = []
    for row in element.iterfind("{*}Ntry"):
        try:
            taken.append(entry_of(row, currency=currency, own_iban=own_iban))
        except Invalid as refusal:
            refused.append(Rejection(row.sourceline or 0, Reason.of(refusal), _excerpt(row)))
    return taken, refused


def _currency(element: etree._Element) -> str:
    amount = element.find("{*}Bal/{*}Amt")
    if amount is None:
        amount = element.find("{*}Ntry/{*}Amt")
    currency = text_at(element, "Acct/Ccy") or (amount.get("Ccy") if amount is not None else None)
    if not currency:
        raise RejectedRow("no_currency")
    return known_currency(currency)


def _balance(
    element: etree._Element, kinds: tuple[str, ...], currency: str, *, first: bool
) -> tuple[int | None, tuple[str, dt.date] | None]:
    """The balance of the best kind given; of several intermediate ones the first opens and the last closes."""
    for kind in kinds:
        found = [balance for balance in element.iterfind("{*}Bal") if text_at(balance, "Tp/CdOrPrtry/Cd") == kind]
        if kind == "ITBD" and len(found) < 2:
            found = [] if first else found
        if found:
            chosen = found[0 if first else -1]
            minor = signed(chosen, money_of(chosen.find("{*}Amt"), currency))
            day = booked(chosen, "Dt")
            return minor, None if day is None else (kind, day)
    return None, None


def _days(
    element: etree._Element,
    opened: tuple[str, dt.date] | None,
    closed: tuple[str, dt.date] | None,
    booked_days: list[dt.date],
) -> tuple[dt.date, dt.date]:
    """First and last day the statement speaks of: its period, its balances, or what was booked."""
    period_from, period_to = _period(element)
    last = (closed[1] if closed else None) or period_to or max(booked_days, default=None)
    if last is None:
        raise RejectedRow("no_day")
    first = period_from or (_opening_day(*opened) if opened else None) or min(booked_days, default=last)
    return min(first, last), last


def _opening_day(kind: str, day: dt.date) -> dt.date:
    return day + dt.timedelta(days=1) if kind == "PRCD" else day


def _period(element: etree._Element) -> tuple[dt.date | None, dt.date | None]:
    start, end = text_at(element, "FrToDt/FrDtTm"), text_at(element, "FrToDt/ToDtTm")
    first, last = the_day(start) if start else None, the_day(end) if end else None
    if first and last and first < last and "T00:00:00" in (end or ""):
        last -= dt.timedelta(days=1)  # an end at midnight excludes the day it names
    return first, last


def _page(element: etree._Element | None) -> tuple[int, bool]:
    if element is None:
        return 1, True
    number = text_at(element, "PgNb") or "1"
    if not number.isascii() or not number.isdigit() or len(number) > 6:
        raise RejectedRow("page_number")
    return int(number), text_at(element, "LastPgInd") != "false"


def _excerpt(row: etree._Element) -> str:
    """The row on one line, at most 300 characters, so that a person can find it."""
    return " ".join(" ".join(_texts(row)).split())[:300]


def _texts(row: etree._Element) -> Iterator[str]:
    for part in row.iter():
        tag: Any = part.tag
        if isinstance(tag, str) and part.text and part.text.strip():
            yield f"{etree.QName(tag).localname}={part.text.strip()}"
