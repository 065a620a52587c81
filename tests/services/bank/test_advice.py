"""Details that wait for their line: any number of them is put in place by the same few questions to the database."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import event, text

from services import bank, identity
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin
from tests.factories.bank import IBAN, MONDAY, Row, Statement, camt, on_disk
from tests.factories.identity import an_entity


def notice(*rows: tuple[str, str, str]) -> bytes:
    """A CAMT.054 with one detail for each (amount, reference, text)."""
    entries = "".join(
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{MONDAY}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>E-{said}</EndToEndId></Refs><RmtInf><Ustrd>{said}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for amount, reference, said in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>N</MsgId></GrpHdr><Ntfctn><Id>N</Id>"
        f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def take(uow: UnitOfWork, data: bytes) -> bank.BankFileView:
    known = identity.legal_entities(uow)
    entity = known[0].id if known else an_entity(uow)
    return bank.import_file(uow, entity_id=entity, file=on_disk(data), origin=FileOrigin.UPLOAD)


def statement(count: int, sequence: int = 1) -> bytes:
    rows = [Row("10.00", f"R{sequence}-{number}", remittance="") for number in range(count)]
    return camt(Statement(sequence, MONDAY, "0.00", None, rows))


@contextlib.contextmanager
def asked(uow: UnitOfWork) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    said: list[str] = []

    def note(_c: object, _cursor: object, words: str, *_rest: object) -> None:
        said.append(words)

    connection = uow.session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_a_hundred_details_ask_no_more_often_than_two(uow: UnitOfWork):
    counts = []
    for sequence, many in enumerate((2, 100), start=1):
        take(uow, notice(*(("10.00", f"R{sequence}-{number}", f"Invoice {number}") for number in range(many))))
        with asked(uow) as said:
            take(uow, statement(many, sequence))
        counts.append(len(said))
    assert counts[0] == counts[1]
    texts = uow.session.scalars(text("SELECT remittance FROM bank_line WHERE ext_key LIKE 'R2-%' ORDER BY file_line"))
    assert list(texts) == [f"Invoice {number}" for number in range(100)]


def test_two_details_of_one_line_are_both_told_and_it_changes_once(uow: UnitOfWork):
    take(uow, statement(1))
    before = uow.session.scalar(text("SELECT changed_seq FROM bank_line"))
    take(uow, notice(("10.00", "R1-0", "Invoice 7"), ("10.00", "R1-0", "Invoice 8")))
    line = uow.session.execute(text("SELECT remittance, end_to_end_id, changed_seq FROM bank_line")).one()
    assert (line.remittance, line.end_to_end_id) == ("Invoice 7 Invoice 8", "E-Invoice 7")
    assert line.changed_seq == before + 1


def test_a_detail_that_two_lines_fit_waits(uow: UnitOfWork):
    take(uow, statement(2))
    uow.session.execute(text("UPDATE bank_line SET batch_reference = 'BOTH'"))
    take(uow, notice(("10.00", "BOTH", "Whose?")))
    assert uow.session.scalars(text("SELECT line_id FROM bank_advice")).all() == [None]
    assert uow.session.scalar(text("SELECT count(*) FROM bank_line WHERE remittance LIKE '%Whose%'")) == 0
