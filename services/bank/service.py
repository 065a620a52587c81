"""Changing the bank: files in, settings of accounts."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DataError

from services import audit, identity, runs
from services.bank import archive, camt
from services.bank.errors import NoSuchBankRecord, RejectedRow, StaleAccount, UnreadableFile
from services.bank.events import FILE_IMPORTED, PATTERN_CHANGED
from services.bank.load import load_statement
from services.bank.models import CHANGED_SEQ, BankAccount, BankFile, BankLine, BankRejection
from services.bank.queries import file_view
from services.bank.views import BankFileView, StatementReport
from services.bank.vocabulary import IMPORT, ImportParams
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.inbox import FileOrigin, FileStatus, IncomingFile
from services.core.incoming import MOST_REJECTIONS
from services.core.permissions import Permission
from services.core.reasons import Reason

LARGEST_FILE = 128 << 20


def import_file(uow: UnitOfWork, *, entity_id: uuid.UUID, file: IncomingFile, origin: FileOrigin) -> BankFileView:
    """Takes a CAMT.053 file (or a ZIP of them) into the entity's bank; the same file again changes nothing.

    The answer is the file's report. A bad row is rejected with its line and the others are taken; a file that
    cannot be read at all is kept as rejected with the reason, and may come again. Loads hold one lock, so that
    `changed_seq` grows in the order of commits.
    """
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    uow.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('bank.import'))"))
    stored = uow.session.scalar(select(BankFile).where(BankFile.entity_id == entity_id, BankFile.sha256 == file.sha256))
    if stored is not None and stored.status != FileStatus.REJECTED:
        return file_view(stored, known=True)
    row = stored or BankFile(entity_id=entity_id, sha256=file.sha256)
    row.name, row.size_bytes, row.origin = file.name, file.size_bytes, origin
    row.status, row.imported_by = FileStatus.REJECTED, uow.actor.on_behalf_of or uow.actor.name
    uow.session.add(row)
    uow.session.flush()
    uow.session.execute(delete(BankRejection).where(BankRejection.file_id == row.id))
    reports = _import_documents(uow, row, file)
    file.check_unchanged()
    _conclude(uow, row, reports)
    return file_view(row)


def set_provider_pattern(uow: UnitOfWork, *, account_id: uuid.UUID, pattern: str, version: int) -> None:
    """Says which counterparties of the account are the payment provider (a regular expression, any case).

    Every line of the account counts as changed, so that the next reconciliation looks at all of them. Raises
    Invalid for an unusable pattern and StaleAccount when somebody else changed the account since `version`.
    """
    account = _account_to_import(uow, account_id)
    if account.version != version:
        raise StaleAccount("Somebody else changed this account meanwhile. Look at it again.", version=account.version)
    _check_pattern(uow, pattern)
    before, account.provider_pattern, account.version = account.provider_pattern, pattern, version + 1
    uow.session.flush()
    uow.session.execute(
        update(BankLine).where(BankLine.account_id == account.id).values(changed_seq=CHANGED_SEQ.next_value())
    )
    audit.record(
        uow,
        action="bank.account.changed",
        subject_type="bank_account",
        subject_id=account.id,
        entity_id=account.entity_id,
        before={"provider_pattern": before},
        after={"provider_pattern": pattern},
    )
    changed = events.DomainEvent(PATTERN_CHANGED, "bank_account", str(account.id), account.entity_id, {"from": before})
    events.emit(uow, changed)


def upload_place(uow: UnitOfWork, *, entity_id: uuid.UUID) -> str:
    """The code of the entity whose inbox the actor may fill with bank files."""
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    return _entity(uow, entity_id).code


def start_import(uow: UnitOfWork, *, entity_id: uuid.UUID) -> uuid.UUID:
    """Starts the run that takes what waits in the entity's inbox."""
    uow.actor.require(Permission.BANK_IMPORT, entity_id)
    return runs.enqueue(uow, kind=IMPORT, params=ImportParams(entity_id=entity_id))


def _import_documents(uow: UnitOfWork, row: BankFile, file: IncomingFile) -> list[StatementReport]:
    entity = _entity(uow, row.entity_id)
    refused = _Refused(uow, row)
    reports: list[StatementReport] = []
    read = 0
    try:
        if file.size_bytes > LARGEST_FILE:
            raise UnreadableFile("file_too_large", megabytes=LARGEST_FILE >> 20)
        for member, content in archive.documents(file.path.read_bytes(), file.name):
            try:
                parsed = camt.read_document(_readable(content))
            except UnreadableFile as unreadable:
                refused.document(member, unreadable)
                continue
            read += parsed.rows_read
            for rejection in parsed.rejections:
                refused.row(member, rejection)
            for statement in parsed.statements:
                try:
                    with uow.session.begin_nested():
                        reports.append(load_statement(uow, file=row, entity=entity, parsed=statement))
                except RejectedRow as refusal:
                    refused.statement(member, statement, refusal)
    except UnreadableFile as unreadable:
        refused.document(file.name, unreadable)
    row.rows_read, row.rows_rejected, row.problem = read, refused.rows, refused.problem
    return reports


def _entity(uow: UnitOfWork, entity_id: uuid.UUID) -> identity.LegalEntityView:
    found = [entity for entity in identity.legal_entities(uow) if entity.id == entity_id]
    if not found:
        raise NoSuchBankRecord("There is no such legal entity among those you may see.")
    return found[0]


def _readable(content: bytes | UnreadableFile) -> bytes:
    if isinstance(content, UnreadableFile):
        raise content
    return content


class _Refused:
    """Keeps what was refused of a file, the first thousand rows of it."""

    def __init__(self, uow: UnitOfWork, row: BankFile) -> None:
        self._uow, self._row, self._kept = uow, row, 0
        self.rows = 0
        self.problem: Reason | None = None

    def document(self, member: str, refusal: UnreadableFile) -> None:
        self.problem = self.problem or refusal.reason
        self._keep(member, 0, refusal.reason, "")

    def row(self, member: str, rejection: camt.Rejection) -> None:
        self.rows += rejection.is_row
        self._keep(member, rejection.line, rejection.reason, rejection.excerpt)

    def statement(self, member: str, statement: camt.ParsedStatement, refusal: RejectedRow) -> None:
        self.rows += len(statement.entries)
        self.problem = self.problem or refusal.reason
        self._keep(member, statement.line, refusal.reason, f"{statement.reference}, {len(statement.entries)} Ntry")

    def _keep(self, member: str, line: int, reason: Reason, excerpt: str) -> None:
        self._kept += 1
        if self._kept <= MOST_REJECTIONS:
            self._uow.session.add(
                BankRejection(file_id=self._row.id, member=member, line=line, reason=reason, excerpt=excerpt)
            )


def _conclude(uow: UnitOfWork, row: BankFile, reports: list[StatementReport]) -> None:
    row.rows_new = sum(report.rows_new for report in reports)
    row.rows_unchanged = sum(report.rows_unchanged for report in reports)
    row.statements = [_plain(report) for report in reports]
    if reports:
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
        action="bank.file.imported" if reports else "bank.file.rejected",
        subject_type="bank_file",
        subject_id=row.id,
        entity_id=row.entity_id,
        after=figures,
    )
    if row.rows_new:
        events.emit(uow, events.DomainEvent(FILE_IMPORTED, "bank_file", str(row.id), row.entity_id, figures))


def _plain(report: StatementReport) -> dict[str, Any]:
    return asdict(report) | {"first_day": report.first_day.isoformat(), "last_day": report.last_day.isoformat()}


def _account_to_import(uow: UnitOfWork, account_id: uuid.UUID) -> BankAccount:
    scope = uow.actor.scope(Permission.BANK_IMPORT)
    account = uow.session.scalar(
        select(BankAccount).where(BankAccount.id == account_id, scope.allows(BankAccount.entity_id)).with_for_update()
    )
    if account is None:
        raise NoSuchBankRecord("There is no such bank account in the entities you may see.")
    return account


def _check_pattern(uow: UnitOfWork, pattern: str) -> None:
    if not 1 <= len(pattern.strip()) <= 200:
        raise Invalid("Write a pattern of 1 to 200 characters, such as STRIPE.")
    try:
        with uow.session.begin_nested():
            uow.session.execute(select(func.regexp_count("", pattern)))
    except DataError:
        raise Invalid(f"“{pattern}” is no regular expression. Plain words such as STRIPE are enough.") from None
