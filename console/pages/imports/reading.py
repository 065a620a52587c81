"""What the pages of imports ask for in one crossing: bank and books together."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from console.design.texts import catalogue
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
    ledgers: list[books.LedgerSourceView]
    ledger_gaps: list[books.LedgerGap]
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
    days: list[bank.DayView]
    entity: str


@dataclass(frozen=True, slots=True)
class StatementDetail:
    sheet: bank.LineSheet
    records: bank.LineRecords | None
    entity: str


@dataclass(frozen=True, slots=True)
class LedgerDetail:
    source: books.LedgerSourceView
    gaps: list[books.LedgerGap]
    days: list[books.LedgerDayView]
    query: books.LedgerQueryView | None
    entity: str


@dataclass(frozen=True, slots=True)
class VoucherList:
    """A page of vouchers, how far the bookkeeping was read, and the kinds that have a name."""

    vouchers: list[books.VoucherView]
    older: books.VoucherMark | None
    synced: list[books.VoucherSyncView]
    codes: dict[uuid.UUID, str]
    kinds: frozenset[str]


def voucher_list(
    uow: UnitOfWork, *, text: str = "", status: str | None = None, after: str | None = None, limit: int
) -> VoucherList:
    """Vouchers newest first; `after` is the mark of the last one seen."""
    mark = books.VoucherMark.parse(after) if after else None
    found = books.vouchers(uow, text=text[:100], status=status, before=mark, limit=limit + 1)
    page = found[:limit]
    return VoucherList(
        page,
        books.VoucherMark(page[-1].voucher_on, page[-1].id) if len(found) > limit else None,
        books.voucher_syncs(uow),
        {entity.id: entity.code for entity in identity.legal_entities(uow)},
        frozenset(key for key in catalogue() if key.startswith("imports.voucher_")),
    )


def start_vouchers(uow: UnitOfWork, *, codes: list[str]) -> None:
    """A sync for every connected entity that the actor may import for."""
    for entity in identity.legal_entities(uow):
        if entity.code in codes and uow.actor.may(Permission.BOOKS_IMPORT, entity.id):
            books.start_voucher_sync(uow, entity_id=entity.id)


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
        ledgers=books.sources(uow) if uow.actor.may(Permission.BOOKS_READ) else [],
        ledger_gaps=_ledger_gaps(uow) if uow.actor.may(Permission.BOOKS_READ) else [],
        codes={entity.id: entity.code for entity in entities},
        targets=[entity for entity in entities if uow.actor.may(Permission.BANK_IMPORT, entity.id)],
    )


def _ledger_gaps(uow: UnitOfWork) -> list[books.LedgerGap]:
    yesterdays = {
        entity.id: uow.clock.today(entity.time_zone) - dt.timedelta(days=1) for entity in identity.legal_entities(uow)
    }
    return [gap for entity_id, day in yesterdays.items() for gap in books.gaps(uow, entity_id=entity_id, to_day=day)]


def import_report(uow: UnitOfWork, *, file_id: uuid.UUID) -> ImportReport:
    """The file's report, of bank or books. Raises NotFound outside the reader's entities."""
    try:
        file, rejections = bank.file_report(uow, file_id=file_id)
    except bank.NoSuchBankRecord:
        file, rejections = books.file_report(uow, file_id=file_id)
    return ImportReport(file, rejections, _name(uow, file.entity_id))


def account_detail(uow: UnitOfWork, *, account_id: uuid.UUID) -> AccountDetail:
    """One bank account: its proof through yesterday and its newest hundred statements."""
    proof = bank.completeness(uow, account_id=account_id)
    statements = bank.statements(uow, account_id=account_id, limit=100)
    first, last = _weeks(proof.through)
    days = bank.calendar(uow, account_id=account_id, first=first, last=last)
    return AccountDetail(proof, statements, days, _name(uow, proof.account.entity_id))


def statement_detail(
    uow: UnitOfWork, *, statement_id: uuid.UUID, text: str, after: str | None, line_id: uuid.UUID | None, limit: int
) -> StatementDetail:
    """A page of a statement's lines; `line_id` also asks for the records of that line."""
    mark = bank.LineMark.parse(after) if after else None
    sheet = bank.statement_lines(uow, statement_id=statement_id, text=text[:100], after=mark, limit=limit)
    records = bank.line_records(uow, line_id=line_id) if line_id else None
    return StatementDetail(sheet, records, _name(uow, sheet.account.entity_id))


def ledger_detail(uow: UnitOfWork, *, source_id: uuid.UUID) -> LedgerDetail:
    """One ledger: its days, its gaps through yesterday, its query."""
    source = books.source_by_id(uow, source_id=source_id)
    entity = next(found for found in identity.legal_entities(uow) if found.id == source.entity_id)
    yesterday = uow.clock.today(entity.time_zone) - dt.timedelta(days=1)
    first, last = _weeks(yesterday)
    return LedgerDetail(
        source,
        [gap for gap in books.gaps(uow, entity_id=entity.id, to_day=yesterday) if gap.source.id == source.id],
        books.calendar(uow, source_id=source.id, first=first, last=last),
        books.query_of(uow, source_id=source.id),
        entity.name,
    )


def _weeks(through: dt.date) -> tuple[dt.date, dt.date]:
    """The thirteen weeks, Monday to Sunday, that end with the week of `through`."""
    last = through + dt.timedelta(days=6 - through.weekday())
    return last - dt.timedelta(days=13 * 7 - 1), last


def _name(uow: UnitOfWork, entity_id: uuid.UUID) -> str:
    return next((entity.name for entity in identity.legal_entities(uow) if entity.id == entity_id), "")
