"""What the pages of imports ask for in one crossing: bank and books together."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from services import bank, books, identity
from services.core.db import UnitOfWork
from services.core.inbox import FileMark, FileStatus
from services.core.incoming import RejectionView
from services.core.permissions import Permission

File = bank.BankFileView | books.LedgerFileView


@dataclass(frozen=True, slots=True)
class ImportList:
    """A page of files, what the statements prove, and the entities the reader may import for."""

    files: list[File]
    older: FileMark | None
    proofs: list[bank.CompletenessView]
    codes: dict[uuid.UUID, str]
    targets: list[identity.LegalEntityView]


@dataclass(frozen=True, slots=True)
class ImportReport:
    file: File
    rejections: list[RejectionView]
    entity: str


@dataclass(frozen=True, slots=True)
class AccountDetail:
    proof: bank.CompletenessView
    statements: list[bank.StatementView]
    entity: str


def import_list(
    uow: UnitOfWork, *, kind: str | None = None, status: FileStatus | None = None, after: str | None = None, limit: int
) -> ImportList:
    """Files of bank and books in one list, newest first; `after` is the mark of the last one seen."""
    mark = FileMark.parse(after) if after else None
    found: list[File] = []
    if kind != "books":
        found += bank.files(uow, status=status, before=mark, limit=limit + 1)
    if kind != "bank" and uow.actor.may(Permission.BOOKS_READ):
        found += books.files(uow, status=status, before=mark, limit=limit + 1)
    found.sort(key=lambda file: (file.imported_at, file.id), reverse=True)
    page = found[:limit]
    entities = identity.legal_entities(uow)
    return ImportList(
        files=page,
        older=FileMark(page[-1].imported_at, page[-1].id) if len(found) > limit else None,
        proofs=bank.completeness_of_all(uow),
        codes={entity.id: entity.code for entity in entities},
        targets=[entity for entity in entities if uow.actor.may(Permission.BANK_IMPORT, entity.id)],
    )


def import_report(uow: UnitOfWork, *, file_id: uuid.UUID) -> ImportReport:
    """The file's report, of bank or books. Raises NotFound outside the reader's entities."""
    try:
        file, rejections = bank.file_report(uow, file_id=file_id)
    except bank.NoSuchBankRecord:
        file, rejections = books.file_report(uow, file_id=file_id)
    return ImportReport(file, rejections, _name(uow, file.entity_id))


def account_detail(uow: UnitOfWork, *, account_id: uuid.UUID) -> AccountDetail:
    """One bank account: its proof through yesterday and its newest hundred statements."""
    proofs = [proof for proof in bank.completeness_of_all(uow) if proof.account.id == account_id]
    if not proofs:
        raise bank.NoSuchBankRecord("There is no such bank account in the entities you may see.")
    statements = bank.statements(uow, account_id=account_id, limit=100)
    return AccountDetail(proofs[0], statements, _name(uow, proofs[0].account.entity_id))


def _name(uow: UnitOfWork, entity_id: uuid.UUID) -> str:
    return next((entity.name for entity in identity.legal_entities(uow) if entity.id == entity_id), "")
