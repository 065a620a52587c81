"""Bank statements for tests: CAMT.053 documents, ZIPs of them, files on disk."""

from __future__ import annotations

import datetime as dt
import functools
import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.core.inbox import IncomingFile

IBAN = "DE89370400440532013000"
MONDAY = dt.date(2026, 3, 16)


@dataclass(frozen=True)
class Row:
    """A booking of `amount` (signed, major units as text) with the bank's reference."""

    amount: str
    reference: str | None
    counterparty: str = "Stripe Technology Europe Ltd"
    remittance: str = "STRIPE PAYOUT"
    day: dt.date | None = None
    status: str = "BOOK"


@dataclass(frozen=True)
class Statement:
    """A statement of one day; `closing` is computed unless given."""

    sequence: int
    day: dt.date
    opening: str
    closing: str | None
    rows: Sequence[Row] = field(default_factory=tuple)
    iban: str = IBAN
    currency: str = "EUR"
    reference: str | None = None
    page: int = 1
    last_page: bool = True


def camt(*statements: Statement, version: str = "08", prolog: str = "") -> bytes:
    """A CAMT.053 document of the version with these statements."""
    body = "".join(_statement(statement, version) for statement in statements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId></GrpHdr>{body}</BkToCstmrStmt></Document>"
    ).encode()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def on_disk(data: bytes, name: str = "statement.xml") -> IncomingFile:
    """The bytes as a file that came in; it is gone when the tests end."""
    path = Path(tempfile.mkdtemp(dir=_folder().name)) / name
    path.write_bytes(data)
    return IncomingFile.at(path)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="kontor-files-")


def _statement(statement: Statement, version: str) -> str:
    balances = _balance("OPBD", statement.opening, statement) + (
        _balance("CLBD", statement.closing, statement) if statement.closing is not None else ""
    )
    reference = statement.reference or f"{statement.iban[-4:]}-{statement.sequence}"
    pages = (
        f"<StmtPgntn><PgNb>{statement.page}</PgNb><LastPgInd>{str(statement.last_page).lower()}</LastPgInd></StmtPgntn>"
    )
    return (
        f"<Stmt><Id>{reference}</Id>{pages}<ElctrncSeqNb>{statement.sequence}</ElctrncSeqNb>"
        f"<Acct><Id><IBAN>{statement.iban}</IBAN></Id><Ccy>{statement.currency}</Ccy></Acct>{balances}"
        + "".join(f"\n{_row(row, statement, version)}" for row in statement.rows)
        + "</Stmt>"
    )


def _balance(kind: str, amount: str, statement: Statement) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_signed(amount, statement.currency)}"
        f"<Dt><Dt>{statement.day}</Dt></Dt></Bal>"
    )


def _signed(amount: str, currency: str) -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return f'<Amt Ccy="{currency}">{amount.removeprefix("-")}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def _row(row: Row, statement: Statement, version: str) -> str:
    status = row.status if version == "02" else f"<Cd>{row.status}</Cd>"
    name = f"<Nm>{row.counterparty}</Nm>" if version == "02" else f"<Pty><Nm>{row.counterparty}</Nm></Pty>"
    role = "Cdtr" if row.amount.startswith("-") else "Dbtr"
    reference = f"<AcctSvcrRef>{row.reference}</AcctSvcrRef>" if row.reference else ""
    return (
        f"<Ntry>{_signed(row.amount, statement.currency)}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{row.day or statement.day}</Dt></BookgDt>{reference}<NtryDtls><TxDtls>"
        f"<RltdPties><{role}>{name}</{role}></RltdPties><RmtInf><Ustrd>{row.remittance}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>"
    )
