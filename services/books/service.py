"""Changing the books: files in, mappings."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, func, select, text

from services import audit, identity, runs
from services.books.errors import InvalidMapping, NoSuchLedgerRecord
from services.books.events import FILE_IMPORTED
from services.books.load import Loaded, load_rows
from services.books.models import LedgerFile, LedgerMapping, LedgerRejection, LedgerSource
from services.books.queries import file_view
from services.books.reading import read_ledger
from services.books.views import LedgerFileView
from services.books.vocabulary import DEFAULT_SOURCE, IMPORT, ImportParams, Mapping
from services.core import events
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, FileStatus, IncomingFile
from services.core.permissions import Permission
from services.core.reasons import Reason, UnreadableFile


def import_file(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID,
    file: IncomingFile,
    origin: FileOrigin,
    source_code: str = DEFAULT_SOURCE,
    progress: Callable[[int], None] = lambda _: None,
) -> LedgerFileView:
    """Takes a CSV file into the entity's ledger by its present mapping; the same file again changes nothing.

    The answer is the file's report. A bad row is rejected with its line and the others are taken; a file that
    does not fit the mapping at all is kept as rejected with the reason, and may come again. `progress` hears the
    rows read so far. Loads hold one lock, so that `changed_seq` grows in the order of commits.
    """
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    uow.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('books.import'))"))
    source = _source(uow, entity_id, source_code)
    stored = uow.session.scalar(
        select(LedgerFile).where(
            LedgerFile.source_id == source.id,
            LedgerFile.sha256 == file.sha256,
            LedgerFile.mapping_version == source.mapping_version,
        )
    )
    if stored is not None and stored.status != FileStatus.REJECTED:
        return file_view(stored, known=True)
    row = stored or LedgerFile(
        entity_id=entity_id, source_id=source.id, sha256=file.sha256, mapping_version=source.mapping_version
    )
    row.name, row.size_bytes, row.origin = file.name, file.size_bytes, origin
    row.status, row.imported_by = FileStatus.REJECTED, uow.actor.on_behalf_of or uow.actor.name
    uow.session.add(row)
    uow.session.flush()
    loaded = _load(uow, row, file, progress)
    file.check_unchanged()
    _conclude(uow, row, loaded)
    return file_view(row)


def set_mapping(
    uow: UnitOfWork, *, entity_id: uuid.UUID, mapping: dict[str, Any], source_code: str = DEFAULT_SOURCE
) -> int:
    """Gives the ledger its next mapping version and returns the number; files read by then may be read again.

    Raises InvalidMapping with each wrong field.
    """
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    try:
        checked = Mapping.model_validate(mapping)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'mapping'}: {item['msg']}" for item in error.errors())
        raise InvalidMapping(f"The mapping cannot be used. {wrong}.") from error
    source = _source(uow, entity_id, source_code)
    uow.session.refresh(source, with_for_update=True)
    source.mapping_version += 1
    _add_mapping(uow, source, checked)
    audit.record(
        uow,
        action="books.mapping.changed",
        subject_type="ledger_source",
        subject_id=source.id,
        entity_id=entity_id,
        after={"version": source.mapping_version, "mapping": checked.model_dump()},
    )
    return source.mapping_version


def set_mapping_json(uow: UnitOfWork, *, entity_id: uuid.UUID, document: str) -> int:
    """`set_mapping` from a JSON document. Raises InvalidMapping when it is none."""
    try:
        mapping = json.loads(document)
    except ValueError as error:
        raise InvalidMapping(f"The mapping is no JSON document: {error}.") from error
    if not isinstance(mapping, dict):
        raise InvalidMapping("The mapping is a JSON object of settings.")
    return set_mapping(uow, entity_id=entity_id, mapping=mapping)


def upload_place(uow: UnitOfWork, *, entity_id: uuid.UUID) -> str:
    """The code of the entity whose inbox the actor may fill with ledger files."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    return _entity(uow, entity_id).code


def start_import(uow: UnitOfWork, *, entity_id: uuid.UUID) -> uuid.UUID:
    """Starts the run that takes what waits in the entity's inbox."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    return runs.enqueue(uow, kind=IMPORT, params=ImportParams(entity_id=entity_id))


def _source(uow: UnitOfWork, entity_id: uuid.UUID, code: str) -> LedgerSource:
    """The ledger; opened (and audited) with the default mapping at its first file."""
    source = uow.session.scalar(
        select(LedgerSource).where(LedgerSource.entity_id == entity_id, LedgerSource.code == code)
    )
    if source is None:
        source = LedgerSource(entity_id=entity_id, code=code, name=code.capitalize(), mapping_version=1)
        uow.session.add(source)
        uow.session.flush()
        _add_mapping(uow, source, Mapping())
        audit.record(
            uow,
            action="books.ledger.opened",
            subject_type="ledger_source",
            subject_id=source.id,
            entity_id=entity_id,
            after={"code": code},
        )
    return source


def _add_mapping(uow: UnitOfWork, source: LedgerSource, mapping: Mapping) -> None:
    uow.session.add(
        LedgerMapping(
            source_id=source.id,
            version=source.mapping_version,
            mapping=mapping.model_dump(),
            created_by=uow.actor.name,
        )
    )
    uow.session.flush()


def _load(uow: UnitOfWork, row: LedgerFile, file: IncomingFile, progress: Callable[[int], None]) -> Loaded:
    stored = uow.session.get_one(LedgerMapping, (row.source_id, row.mapping_version))
    zone = _entity(uow, row.entity_id).time_zone
    try:
        with uow.session.begin_nested():
            return load_rows(
                uow,
                file_id=row.id,
                source_id=row.source_id,
                entity_id=row.entity_id,
                rows=read_ledger(file.path, Mapping.model_validate(stored.mapping), entity_zone=zone),
                progress=progress,
            )
    except UnreadableFile as unreadable:
        row.problem = unreadable.reason
        return Loaded()


def _entity(uow: UnitOfWork, entity_id: uuid.UUID) -> identity.LegalEntityView:
    for entity in identity.legal_entities(uow):
        if entity.id == entity_id:
            return entity
    raise NoSuchLedgerRecord("There is no such legal entity among those you may see.")


def _conclude(uow: UnitOfWork, row: LedgerFile, loaded: Loaded) -> None:
    row.rows_read, row.rows_new, row.rows_changed = loaded.read, loaded.new, loaded.changed
    row.rows_unchanged, row.rows_rejected = loaded.unchanged, loaded.rejected
    if loaded.read and loaded.rejected == loaded.read:
        row.problem = Reason("nothing_taken")
    elif row.problem is None or loaded.read:
        row.status = FileStatus.PARTIAL if loaded.rejected else FileStatus.IMPORTED
        row.problem = None
    row.imported_at = func.now()
    uow.session.execute(delete(LedgerRejection).where(LedgerRejection.file_id == row.id))
    uow.session.add_all(
        LedgerRejection(file_id=row.id, line=item.line, reason=item.reason, excerpt=item.excerpt)
        for item in loaded.rejections
    )
    uow.session.flush()
    uow.session.refresh(row)
    _tell(uow, row)


def _tell(uow: UnitOfWork, row: LedgerFile) -> None:
    figures = {
        "name": row.name,
        "sha256": row.sha256,
        "status": row.status,
        "mapping_version": row.mapping_version,
        "read": row.rows_read,
        "new": row.rows_new,
        "changed": row.rows_changed,
        "unchanged": row.rows_unchanged,
        "rejected": row.rows_rejected,
    }
    audit.record(
        uow,
        action="books.file.rejected" if row.status == FileStatus.REJECTED else "books.file.imported",
        subject_type="ledger_file",
        subject_id=row.id,
        entity_id=row.entity_id,
        after=figures,
    )
    if row.rows_new or row.rows_changed:
        events.emit(uow, events.DomainEvent(FILE_IMPORTED, "ledger_file", str(row.id), row.entity_id, figures))
