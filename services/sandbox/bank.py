"""The merchant's bank: one CAMT.053.001.08 statement per account and business day, each in a ZIP of its own."""

from __future__ import annotations

import datetime as dt
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree as Xml

import orjson

from services.sandbox.books import decimal
from services.sandbox.profile import BankAccountProfile, EntityProfile
from services.sandbox.store import Store
from services.sandbox.vocabulary import BankLineKind

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def write_statement(store: Store, account: BankAccountProfile, day: dt.date) -> sqlite3.Row:
    """Fixes the day's statement: the next number, opening at the former closing. The same one on a second call."""
    found = _statement(store, account, day)
    if found is not None:
        return found
    former = store.one("SELECT * FROM statement WHERE iban = ? ORDER BY day DESC LIMIT 1", account.iban)
    opening = former["closing"] if former else account.opening_minor
    booked = store.scalar(
        "SELECT coalesce(sum(amount), 0) FROM bank_line WHERE iban = ? AND day = ?", account.iban, day.isoformat()
    )
    store.connection.execute(
        "INSERT INTO statement VALUES (?,?,?,?,?)",
        (account.iban, day.isoformat(), former["sequence"] + 1 if former else 1, opening, opening + booked),
    )
    found = _statement(store, account, day)
    assert found is not None  # noqa: S101 - written just above
    return found


def _statement(store: Store, account: BankAccountProfile, day: dt.date) -> sqlite3.Row | None:
    return store.one("SELECT * FROM statement WHERE iban = ? AND day = ?", account.iban, day.isoformat())


def file_name(account: BankAccountProfile, day: dt.date) -> str:
    return f"camt053_{account.iban}_{account.currency}_{day.isoformat()}.zip"


def zipped(xml: bytes, name: str) -> bytes:
    """A ZIP with one member; its stamp is fixed, so that the same statement always gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        member = zipfile.ZipInfo(name.removesuffix(".zip") + ".xml", date_time=(2026, 1, 1, 0, 0, 0))
        member.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(member, xml)
    return buffer.getvalue()


def render(store: Store, entity: EntityProfile, account: BankAccountProfile, statement: sqlite3.Row) -> bytes:
    """The statement as CAMT.053.001.08, as German and Swiss banks write it since November 2025."""
    lines = store.all("SELECT * FROM bank_line WHERE iban = ? AND day = ? ORDER BY n", account.iban, statement["day"])
    day, created = statement["day"], f"{statement['day']}T23:30:00Z"
    document = Xml.Element("Document", {"xmlns": NAMESPACE})
    message = _add(document, "BkToCstmrStmt")
    header = _add(message, "GrpHdr")
    _add(header, "MsgId", f"{account.iban[-10:]}-{day}")
    _add(header, "CreDtTm", created)
    pages = _add(header, "MsgPgntn")
    _add(pages, "PgNb", "1")
    _add(pages, "LastPgInd", "true")
    body = _add(message, "Stmt")
    _add(body, "Id", f"{account.iban[-10:]}-{statement['sequence']:05d}")
    _add(body, "ElctrncSeqNb", str(statement["sequence"]))
    _add(body, "CreDtTm", created)
    period = _add(body, "FrToDt")
    _add(period, "FrDtTm", f"{day}T00:00:00Z")
    _add(period, "ToDtTm", f"{day}T23:59:59Z")
    _account(body, entity, account)
    _balance(body, "OPBD", statement["opening"], account.currency, day)
    _balance(body, "CLBD", statement["closing"], account.currency, day)
    for line in lines:
        _entry(body, account, line)
    Xml.indent(document)
    return Xml.tostring(document, encoding="UTF-8", xml_declaration=True) + b"\n"


def _account(body: Xml.Element, entity: EntityProfile, account: BankAccountProfile) -> None:
    element = _add(body, "Acct")
    _add(_add(element, "Id"), "IBAN", account.iban)
    _add(element, "Ccy", account.currency)
    _add(element, "Nm", account.name)
    _add(_add(element, "Ownr"), "Nm", entity.name)
    _add(_add(_add(element, "Svcr"), "FinInstnId"), "BICFI", account.bic)


def _balance(body: Xml.Element, kind: str, amount: int, currency: str, day: str) -> None:
    balance = _add(body, "Bal")
    _add(_add(_add(balance, "Tp"), "CdOrPrtry"), "Cd", kind)
    _money(balance, amount, currency)
    _add(_add(balance, "Dt"), "Dt", day)


def _entry(body: Xml.Element, account: BankAccountProfile, line: sqlite3.Row) -> None:
    entry = _add(body, "Ntry")
    _money(entry, line["amount"], account.currency)
    _add(_add(entry, "Sts"), "Cd", "BOOK")
    for name in ("BookgDt", "ValDt"):
        _add(_add(entry, name), "Dt", line["day"])
    _add(entry, "AcctSvcrRef", line["ref"])
    code = _add(entry, "BkTxCd")
    domain = _add(code, "Domn")
    _add(domain, "Cd", "PMNT")
    family = _add(domain, "Fmly")
    _add(family, "Cd", "RCDT" if line["amount"] > 0 else "ICDT")
    _add(family, "SubFmlyCd", "ESCT")
    proprietary = _add(code, "Prtry")
    _add(proprietary, "Cd", "NTRF+166" if line["amount"] > 0 else "NTRF+177")
    _add(proprietary, "Issr", "DK")
    details = _add(entry, "NtryDtls")
    records = list(_records(line))
    if len(records) > 1:
        batch = _add(details, "Btch")
        _add(batch, "NbOfTxs", str(len(records)))
    for end_to_end, amount, text in records:
        _record(details, account.currency, line["party"], (end_to_end, amount, text))
    if len(records) > 1:
        _add(entry, "AddtlNtryInf", "SAMMELGUTSCHRIFT")


def _records(line: sqlite3.Row) -> Iterator[tuple[str | None, int, str]]:
    """The transactions behind an entry: one per payout in a batch, otherwise the entry itself."""
    if line["kind"] == BankLineKind.BATCH:
        for _, amount, trace in orjson.loads(line["payouts"]):
            yield trace, amount, f"STRIPE {trace}"
        return
    yield line["end_to_end"], line["amount"], line["text"]


def _record(details: Xml.Element, currency: str, party: str, record: tuple[str | None, int, str]) -> None:
    end_to_end, amount, text = record
    element = _add(details, "TxDtls")
    _add(_add(element, "Refs"), "EndToEndId", end_to_end or "NOTPROVIDED")
    _money(element, amount, currency)
    role = "Dbtr" if amount > 0 else "Cdtr"
    _add(_add(_add(_add(element, "RltdPties"), role), "Pty"), "Nm", party)
    _add(_add(element, "RmtInf"), "Ustrd", text)


def _money(parent: Xml.Element, amount: int, currency: str) -> None:
    _add(parent, "Amt", decimal(abs(amount), currency)).set("Ccy", currency)
    _add(parent, "CdtDbtInd", "CRDT" if amount >= 0 else "DBIT")


def _add(parent: Xml.Element, name: str, text: str | None = None) -> Xml.Element:
    element = Xml.SubElement(parent, name)
    element.text = text
    return element
