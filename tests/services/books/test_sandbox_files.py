"""The files of the sandbox's merchant: all in, nothing refused, nothing missing."""

from pathlib import Path

from sqlalchemy import func, select

from services import bank, books, sandbox
from services.books.models import LedgerEntry
from services.core.clock import Clock
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, FileStatus, Inbox, InboxKind, IncomingFile
from tests.factories.identity import an_entity


def test_every_file_of_the_sandbox_is_taken_whole(uow: UnitOfWork, tmp_path: Path):
    sandbox.seed(tmp_path, seed="files", days=12, per_day=12)
    uow.clock = Clock(tmp_path / "sandbox" / "clock.json")
    inbox = Inbox(tmp_path)
    lines = 0
    for profile in sandbox.profile():
        entity = an_entity(
            uow, profile.code, country=profile.country, currency=profile.currency, time_zone=profile.zone
        )
        for kind, take in ((InboxKind.BANK, bank.import_file), (InboxKind.BOOKS, books.import_file)):
            for path in inbox.waiting(profile.code, kind):
                report = take(uow, entity_id=entity, file=IncomingFile.at(path), origin=FileOrigin.FOLDER)
                assert report.status is FileStatus.IMPORTED, report
                lines += report.rows_new
    assert lines > 100
    proofs = bank.completeness_of_all(uow)
    assert [proof.account.currency for proof in proofs if proof.complete] == [p.account.currency for p in proofs]
    planted = sandbox.truth(tmp_path)["definitions"]["settlement"]["counts"]
    doubled = uow.session.scalar(select(func.count()).where(LedgerEntry.occurrence > 0))
    assert doubled == planted.get("duplicate", 0)
    matched = sandbox.truth(tmp_path)["definitions"]["payouts"]["matches"]
    entries = {row.ext_key for row in uow.session.execute(bank.line_entries())}
    assert {match["bank"] for match in matched} <= entries
