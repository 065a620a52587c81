"""Taking a delivery into a ledger, whichever way it came: a file, an HTTP request, the rows of a query."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services import audit, identity
from services.books.errors import NoSuchLedgerRecord
from services.books.events import FILE_IMPORTED
from services.books.load import Loaded, load_rows
from services.books.models import LedgerDay, LedgerFile, LedgerMapping, LedgerRejection, LedgerSource
from services.books.queries import file_view
from services.books.reading import LedgerRow
from services.books.views import LedgerFileView
from services.books.vocabulary import Mapping
from services.core import events
from services.core.db import UnitOfWork
from services.core.delimited import RejectedLine
from services.core.inbox import FileOrigin, FileStatus
from services.core.locks import take_turn
from services.core.reasons import Reason, UnreadableFile

_DAY_IN_NAME = re.compile(r"(?<![0-9])(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])(?![0-9])")
_MOST_DAYS = 4000

Rows = Iterable[LedgerRow | RejectedLine]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in. `rows` reads it by a mapping in the entity's zone; `days` are those it says it speaks for,
    None when its rows say so; `through` makes it speak for every day from its first row to that one."""

    name: str
    sha256: str
    size_bytes: int
    origin: FileOrigin
    rows: Callable[[Mapping, str], Rows]
    days: tuple[dt.date, ...] | None = None
    through: dt.date | None = None
    check: Callable[[], None] = lambda: None


def take(
    uow: UnitOfWork,
    source: LedgerSource,
    delivery: Delivery,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> LedgerFileView:
    """Loads the delivery and returns its report; the same content again changes no row. Loads hold one lock, so
    that `changed_seq` grows in the order of commits. The caller has checked the right."""
    take_turn(uow.session, "books/import")
    stored = uow.session.scalar(
        select(LedgerFile).where(
            LedgerFile.source_id == source.id,
            LedgerFile.sha256 == delivery.sha256,
            LedgerFile.mapping_version == source.mapping_version,
        )
    )
    if stored is not None and stored.status != FileStatus.REJECTED:
        _cover(uow, stored, delivery.days or ())
        _cover_through(uow, stored, delivery.through)
        return file_view(stored, known=True)
    row = stored or LedgerFile(
        entity_id=source.entity_id,
        source_id=source.id,
        sha256=delivery.sha256,
        mapping_version=source.mapping_version,
    )
    row.name, row.size_bytes, row.origin = delivery.name, delivery.size_bytes, delivery.origin
    row.status, row.imported_by = FileStatus.REJECTED, uow.actor.on_behalf_of or uow.actor.name
    uow.session.add(row)
    uow.session.flush()
    loaded = _load(uow, row, delivery, progress)
    delivery.check()
    _conclude(uow, row, loaded, delivery)
    return file_view(row)


def days_in_name(name: str) -> tuple[dt.date, ...] | None:
    """The days a file's name speaks for: one day, or the first two as a period; None when it names none."""
    found = []
    for year, month, day in _DAY_IN_NAME.findall(name)[:2]:
        try:
            found.append(dt.date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return tuple(each_day(min(found), max(found))) if found else None


def each_day(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The days from first to last, both included; at most 4,000."""
    for number in range(min((last - first).days + 1, _MOST_DAYS)):
        yield first + dt.timedelta(days=number)


def zone_of(uow: UnitOfWork, entity_id: uuid.UUID) -> str:
    return entity_of(uow, entity_id).time_zone


def entity_of(uow: UnitOfWork, entity_id: uuid.UUID) -> identity.LegalEntityView:
    for entity in identity.legal_entities(uow):
        if entity.id == entity_id:
            return entity
    raise NoSuchLedgerRecord("There is no such legal entity among those you may see.")


def _load(uow: UnitOfWork, row: LedgerFile, delivery: Delivery, progress: Callable[[int], None]) -> Loaded:
    stored = uow.session.get_one(LedgerMapping, (row.source_id, row.mapping_version))
    try:
        with uow.session.begin_nested():
            return load_rows(
                uow,
                file_id=row.id,
                source_id=row.source_id,
                entity_id=row.entity_id,
                rows=delivery.rows(Mapping.model_validate(stored.mapping), zone_of(uow, row.entity_id)),
                progress=progress,
            )
    except UnreadableFile as unreadable:
        row.problem = unreadable.reason
        return Loaded()


def _conclude(uow: UnitOfWork, row: LedgerFile, loaded: Loaded, delivery: Delivery) -> None:
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
    if row.status != FileStatus.REJECTED:
        _cover(uow, row, delivery.days if delivery.days is not None else loaded.days)
        _cover_through(uow, row, delivery.through)
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


def _cover(uow: UnitOfWork, row: LedgerFile, days: Iterable[dt.date]) -> None:
    values = [{"file_id": row.id, "source_id": row.source_id, "day": day} for day in days]
    if values:
        uow.session.execute(insert(LedgerDay).values(values).on_conflict_do_nothing())


def _cover_through(uow: UnitOfWork, row: LedgerFile, through: dt.date | None) -> None:
    first = uow.session.scalar(select(func.min(LedgerDay.day)).where(LedgerDay.file_id == row.id))
    if through is not None and first is not None:
        _cover(uow, row, each_day(first, through))
