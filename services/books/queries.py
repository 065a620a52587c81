"""Reading the books."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Select, String, cast, literal, select

from services.books.errors import NoSuchLedgerRecord
from services.books.models import LedgerEntry, LedgerFile, LedgerMapping, LedgerQuery, LedgerRejection, LedgerSource
from services.books.views import LedgerFileView, LedgerQueryView, LedgerSourceView
from services.books.vocabulary import Expectation, Mapping
from services.core import incoming
from services.core.db import UnitOfWork
from services.core.inbox import FileMark, FileStatus
from services.core.incoming import RejectionView, file_fields, newest_files, rejections
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
        _with_mapping().where(scope.allows(LedgerSource.entity_id)).order_by(LedgerSource.entity_id, LedgerSource.code)
    )
    return [_source_view(source, mapping) for source, mapping in rows]


def source_by_id(uow: UnitOfWork, *, source_id: uuid.UUID) -> LedgerSourceView:
    """One ledger. Raises NoSuchLedgerRecord outside the reader's entities."""
    scope = uow.actor.scope(Permission.BOOKS_READ)
    row = uow.session.execute(
        _with_mapping().where(LedgerSource.id == source_id, scope.allows(LedgerSource.entity_id))
    ).one_or_none()
    if row is None:
        raise NoSuchLedgerRecord("There is no such ledger in the entities you may see.")
    return _source_view(*row)


def query_of(uow: UnitOfWork, *, source_id: uuid.UUID) -> LedgerQueryView | None:
    """How the ledger is read from a database; None where it is not."""
    source = source_by_id(uow, source_id=source_id)
    row = uow.session.get(LedgerQuery, source.id)
    if row is None:
        return None
    return LedgerQueryView(
        row.source_id,
        row.database,
        row.statement,
        row.timeout_seconds,
        row.row_cap,
        row.version,
        row.changed_by,
        row.changed_at,
    )


def _with_mapping() -> Select[LedgerSource, dict[str, Any]]:
    return select(LedgerSource, LedgerMapping.mapping).join(
        LedgerMapping,
        (LedgerMapping.source_id == LedgerSource.id) & (LedgerMapping.version == LedgerSource.mapping_version),
    )


def _source_view(source: LedgerSource, mapping: dict[str, Any]) -> LedgerSourceView:
    return LedgerSourceView(
        source.id,
        source.entity_id,
        source.code,
        source.name,
        source.mapping_version,
        Mapping.model_validate(mapping),
        Expectation(source.expects),
        source.created_at.astimezone(dt.UTC).date(),
    )


def mapping_of(uow: UnitOfWork, *, entity_id: uuid.UUID) -> Mapping:
    """How the entity's ledger files are read; the default before its first file."""
    found = [source.mapping for source in sources(uow) if source.entity_id == entity_id]
    return found[0] if found else Mapping()


def files(
    uow: UnitOfWork, *, status: FileStatus | None = None, before: FileMark | None = None, limit: int = 50
) -> list[LedgerFileView]:
    """Files that came in, newest first; `before` marks the last one of the page above."""
    rows = newest_files(uow.session, _visible_files(uow), LedgerFile, status=status, before=before, limit=limit)
    return [file_view(row) for row in rows]


def file_hashes(uow: UnitOfWork, *, entity_id: uuid.UUID) -> list[tuple[str, str]]:
    """Name and SHA-256 of every file of an entity."""
    return incoming.file_hashes(uow.session, _visible_files(uow), LedgerFile, entity_id)


def file_report(uow: UnitOfWork, *, file_id: uuid.UUID) -> tuple[LedgerFileView, list[RejectionView]]:
    """A file's report and what was rejected of it (the first thousand), in the order of the file."""
    row = uow.session.scalar(_visible_files(uow).where(LedgerFile.id == file_id))
    if row is None:
        raise NoSuchLedgerRecord("There is no such file in the entities you may see.")
    return file_view(row), rejections(uow.session, LedgerRejection, LedgerRejection.file_id, row.id)


def file_view(row: LedgerFile, *, known: bool = False) -> LedgerFileView:
    return LedgerFileView(
        **file_fields(row, known=known),
        source_id=row.source_id,
        mapping_version=row.mapping_version,
        rows_changed=row.rows_changed,
    )


def _visible_files(uow: UnitOfWork) -> Select[LedgerFile]:
    scope = uow.actor.scope(Permission.BOOKS_READ)
    return select(LedgerFile).where(scope.allows(LedgerFile.entity_id))
