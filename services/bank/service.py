"""Bank files in."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, func, select

from services import audit, identity, runs
from services.bank.advice import attach_waiting, load_notice
from services.bank.csv_accounts import csv_reader
from services.bank.documents import read_documents
from services.bank.errors import NoSuchBankRecord, RejectedRow, UnreadableFile
from services.bank.events import FILE_IMPORTED
from services.bank.load import load_statement
from services.bank.models import BankFile, BankRejection
from services.bank.queries import file_view
from services.bank.statement import ParsedNotice, ParsedStatement, Rejection
from services.bank.views import BankFileView, StatementReport
from services.bank.vocabulary import IMPORT, ImportParams
from services.core import events
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, FileStatus, IncomingFile
from services.core.incoming import MOST_REJECTIONS
from services.core.locks import take_turn
from services.core.permissions import Permission
from services.core.reasons import Reason

LARGEST_FILE = 128 << 20


def import_file(uow: UnitOfWork, *, entity_id: uuid.UUID, file: IncomingFile, origin: FileOrigin) -> BankFileView:
    """Takes a bank file (CAMT.053, CAMT.054, MT940, CSV by mapping, or a ZIP of them) into the entity's bank; the
    same file again changes nothing.

    The answer is the file's report. A bad row is rejected with its line and the others are taken; a file that
    cannot be read at all is kept as rejected with the reason, and may come again. Loads hold one lock, so that
    `changed_seq` grows in the order of commits.
    """
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    take_turn(uow.session, "bank/import")
    stored = uow.session.scalar(select(BankFile).where(BankFile.entity_id == entity_id, BankFile.sha256 == file.sha256))
    if stored is not None and stored.status != FileStatus.REJECTED:
        return file_view(stored, known=True)
    row = stored or BankFile(entity_id=entity_id, sha256=file.sha256)
    row.name, row.size_bytes, row.origin = file.name, file.size_bytes, origin
    row.status, row.imported_by = FileStatus.REJECTED, uow.actor.on_behalf_of or uow.actor.name
    uow.session.add(row)
    uow.session.flush()
    uow.session.execute(delete(BankRejection).where(BankRejection.file_id == row.id))
    taken = _import_documents(uow, row, file)
    file.check_unchanged()
    _conclude(uow, row, taken)
    return file_view(row)


def upload_place(uow: UnitOfWork, *, entity_id: uuid.UUID) -> str:
    """The code of the entity whose inbox the actor may fill with bank files."""
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    return _entity(uow, entity_id).code


def start_import(uow: UnitOfWork, *, entity_id: uuid.UUID) -> uuid.UUID:
    """Starts the run that takes what waits in the entity's inbox."""
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    return runs.enqueue(uow, kind=IMPORT, params=ImportParams(entity_id=entity_id))


def _import_documents(uow: UnitOfWork, row: BankFile, file: IncomingFile) -> _Taken:
    entity = _entity(uow, row.entity_id)
    refused = _Refused(uow, row)
    taken = _Taken()
    try:
        if file.size_bytes > LARGEST_FILE:
            raise UnreadableFile("file_too_large", megabytes=LARGEST_FILE >> 20)
        read_csv = csv_reader(uow, entity)
        for member, parsed in read_documents(file.path.read_bytes(), file.name, read_csv):
            if isinstance(parsed, UnreadableFile):
                refused.document(member, parsed)
                continue
            taken.rows_read += parsed.rows_read
            for rejection in parsed.rejections:
                refused.row(member, rejection)
            for item in (*parsed.statements, *parsed.notices):
                try:
                    with uow.session.begin_nested():
                        taken.load(uow, row, entity, item)
                except RejectedRow as refusal:
                    refused.statement(member, item, refusal)
    except UnreadableFile as unreadable:
        refused.document(file.name, unreadable)
    attach_waiting(uow, entity.id)
    row.rows_read, row.rows_rejected, row.problem = taken.rows_read, refused.rows, refused.problem
    return taken


@dataclass(slots=True)
class _Taken:
    """What of a file was taken: reports of statements, and details of notices."""

    rows_read: int = 0
    reports: list[StatementReport] = field(default_factory=list)
    notices: int = 0
    details_new: int = 0
    details_known: int = 0

    def load(
        self,
        uow: UnitOfWork,
        row: BankFile,
        entity: identity.LegalEntityView,
        item: ParsedStatement | ParsedNotice,
    ) -> None:
        if isinstance(item, ParsedStatement):
            self.reports.append(load_statement(uow, file=row, entity=entity, parsed=item))
            return
        new, known = load_notice(uow, file=row, entity=entity, parsed=item)
        self.notices, self.details_new, self.details_known = (
            self.notices + 1,
            self.details_new + new,
            self.details_known + known,
        )


def _entity(uow: UnitOfWork, entity_id: uuid.UUID) -> identity.LegalEntityView:
    found = [entity for entity in identity.legal_entities(uow) if entity.id == entity_id]
    if not found:
        raise NoSuchBankRecord("There is no such legal entity among those you may see.")
    return found[0]


class _Refused:
    """Keeps what was refused of a file, the first thousand rows of it."""

    def __init__(self, uow: UnitOfWork, row: BankFile) -> None:
        self._uow, self._row, self._kept = uow, row, 0
        self.rows = 0
        self.problem: Reason | None = None

    def document(self, member: str, refusal: UnreadableFile) -> None:
        self.problem = self.problem or refusal.reason
        self._keep(member, 0, refusal.reason, "")

    def row(self, member: str, rejection: Rejection) -> None:
        self.rows += rejection.is_row
        self._keep(member, rejection.line, rejection.reason, rejection.excerpt)

    def statement(self, member: str, statement: ParsedStatement | ParsedNotice, refusal: RejectedRow) -> None:
        self.rows += len(statement.entries)
        self.problem = self.problem or refusal.reason
        self._keep(member, statement.line, refusal.reason, f"{statement.reference}, {len(statement.entries)} Ntry")

    def _keep(self, member: str, line: int, reason: Reason, excerpt: str) -> None:
        self._kept += 1
        if self._kept <= MOST_REJECTIONS:
            self._uow.session.add(
                BankRejection(file_id=self._row.id, member=member, line=line, reason=reason, excerpt=excerpt)
            )


def _conclude(uow: UnitOfWork, row: BankFile, taken: _Taken) -> None:
    row.rows_new = sum(report.rows_new for report in taken.reports) + taken.details_new
    row.rows_unchanged = sum(report.rows_unchanged for report in taken.reports) + taken.details_known
    row.statements = [_plain(report) for report in taken.reports]
    if taken.reports or taken.notices:
        row.status = FileStatus.PARTIAL if row.rows_rejected or row.problem else FileStatus.IMPORTED
    row.imported_at = func.now()
    uow.session.flush()
    uow.session.refresh(row)
    figures = {
        "name": row.name,
        "sha256": row.sha256,
        "status": row.status,
        "read": row.rows_read,
        "new": row.rows_new,
        "unchanged": row.rows_unchanged,
        "rejected": row.rows_rejected,
    }
    audit.record(
        uow,
        action="bank.file.rejected" if row.status == FileStatus.REJECTED else "bank.file.imported",
        subject_type="bank_file",
        subject_id=row.id,
        entity_id=row.entity_id,
        after=figures,
    )
    if row.rows_new:
        events.emit(uow, events.DomainEvent(FILE_IMPORTED, "bank_file", str(row.id), row.entity_id, figures))


def _plain(report: StatementReport) -> dict[str, Any]:
    return asdict(report) | {"first_day": report.first_day.isoformat(), "last_day": report.last_day.isoformat()}
