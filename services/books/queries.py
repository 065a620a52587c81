"""Reading the books."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Select, String, cast, literal, select, tuple_

from services.books.errors import NoSuchLedgerRecord
from services.books.models import LedgerEntry, LedgerFile, LedgerMapping, LedgerRejection, LedgerSource
from services.books.views import LedgerFileView, LedgerRejectionView, LedgerSourceView
from services.books.vocabulary import Mapping
from services.core.db import UnitOfWork
from services.core.inbox import FileMark, FileOrigin, FileStatus
from services.core.permissions import Permission


def ledger_entries(after_seq: int = 0) -> Select[*tuple[Any, ...]]:
    """Lines of the books as reconciliation entries: one row per line, duplicates included (same `ext_key`).

    `ext_key` is `<reference>:<type>`, amounts gross and signed, fees positive, `origin` the file and line where
    the entry was first seen (stable). Only lines whose `changed_seq` is above `after_seq`.
    """
    origin = cast(LedgerEntry.file_id, String) + literal(":") + cast(LedgerEntry.line, String)
    return (
        select(
            LedgerEntry.entity_id.label("entity_id"),
            LedgerSource.code.label("account"),
            LedgerEntry.entry_key.label("ext_key"),
            LedgerEntry.amount_minor.label("amount_minor"),
            LedgerEntry.currency.label("currency"),
            LedgerEntry.fee_minor.label("fee_minor"),
            LedgerEntry.status.label("status"),
            LedgerEntry.posted_at.label("occurred_at"),
            LedgerEntry.booked_on.label("booked_on"),
            LedgerEntry.reference.label("reference"),
            LedgerEntry.payout.label("batch_ref"),
            origin.label("origin"),
            LedgerEntry.changed_seq.label("changed_seq"),
        )
        .join(LedgerSource, LedgerSource.id == LedgerEntry.source_id)
        .where(LedgerEntry.changed_seq > after_seq)
    )


def sources(uow: UnitOfWork) -> list[LedgerSourceView]:
    """The ledgers the reader may see with their present mapping, by entity and code."""
    scope = uow.actor.scope(Permission.BOOKS_READ)
    rows = uow.session.execute(
        select(LedgerSource, LedgerMapping.mapping)
        .join(
            LedgerMapping,
            (LedgerMapping.source_id == LedgerSource.id) & (LedgerMapping.version == LedgerSource.mapping_version),
        )
        .where(scope.allows(LedgerSource.entity_id))
        .order_by(LedgerSource.entity_id, LedgerSource.code)
    )
    return [
        LedgerSourceView(s.id, s.entity_id, s.code, s.name, s.mapping_version, Mapping.model_validate(mapping))
        for s, mapping in rows
    ]


def mapping_of(uow: UnitOfWork, *, entity_id: uuid.UUID) -> Mapping:
    """How the entity's ledger files are read; the default before its first file."""
    found = [source.mapping for source in sources(uow) if source.entity_id == entity_id]
    return found[0] if found else Mapping()


def files(
    uow: UnitOfWork, *, status: FileStatus | None = None, before: FileMark | None = None, limit: int = 50
) -> list[LedgerFileView]:
    """Files that came in, newest first; `before` marks the last one of the page above."""
    query = _visible_files(uow)
    if status is not None:
        query = query.where(LedgerFile.status == status)
    if before is not None:
        query = query.where(tuple_(LedgerFile.imported_at, LedgerFile.id) < tuple_(*before))
    newest = query.order_by(LedgerFile.imported_at.desc(), LedgerFile.id.desc()).limit(limit)
    return [file_view(row) for row in uow.session.scalars(newest)]


def file_report(uow: UnitOfWork, *, file_id: uuid.UUID) -> tuple[LedgerFileView, list[LedgerRejectionView]]:
    """A file's report and what was rejected of it (the first thousand), in the order of the file."""
    row = uow.session.scalar(_visible_files(uow).where(LedgerFile.id == file_id))
    if row is None:
        raise NoSuchLedgerRecord("There is no such file in the entities you may see.")
    rejections = uow.session.scalars(
        select(LedgerRejection).where(LedgerRejection.file_id == row.id).order_by(LedgerRejection.line)
    )
    return file_view(row), [LedgerRejectionView(r.line, r.reason, r.excerpt) for r in rejections]


def file_view(row: LedgerFile, *, known: bool = False) -> LedgerFileView:
    return LedgerFileView(
        id=row.id,
        entity_id=row.entity_id,
        source_id=row.source_id,
        mapping_version=row.mapping_version,
        name=row.name,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        origin=FileOrigin(row.origin),
        status=FileStatus(row.status),
        problem=row.problem,
        rows_read=row.rows_read,
        rows_new=row.rows_new,
        rows_changed=row.rows_changed,
        rows_unchanged=row.rows_unchanged,
        rows_rejected=row.rows_rejected,
        imported_by=row.imported_by,
        imported_at=row.imported_at,
        known=known,
    )


def _visible_files(uow: UnitOfWork) -> Select[LedgerFile]:
    scope = uow.actor.scope(Permission.BOOKS_READ)
    return select(LedgerFile).where(scope.allows(LedgerFile.entity_id))
