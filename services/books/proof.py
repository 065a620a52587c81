"""Whether a ledger delivered every day it has to."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from services import identity
from services.books.models import LedgerDay, LedgerFile
from services.books.policy import day_state, holes_of
from services.books.queries import source_by_id, sources
from services.books.views import LedgerDayView, LedgerGap, LedgerSourceView
from services.core.db import UnitOfWork
from services.core.inbox import FileStatus
from services.core.permissions import Permission

_DAY = dt.timedelta(days=1)
_LONGEST_CALENDAR = 400


def gaps(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID | None = None,
    from_day: dt.date | None = None,
    to_day: dt.date,
) -> list[LedgerGap]:
    """The stretches of days up to `to_day` for which a ledger of the entity (or of all the reader may see) has not
    delivered, or of which rows were rejected; oldest first. With `from_day` only those that reach it."""
    found = []
    for source in sources(uow):
        if entity_id is None or source.entity_id == entity_id:
            found += [gap for gap in _gaps_of(uow, source, to_day) if from_day is None or gap.last_day >= from_day]
    return sorted(found, key=lambda gap: (gap.first_day, gap.source.code))


def calendar(uow: UnitOfWork, *, source_id: uuid.UUID, first: dt.date, last: dt.date) -> list[LedgerDayView]:
    """Each day from `first` to `last` with what is known of it; at most 400 days, the later ones."""
    source = source_by_id(uow, source_id=source_id)
    through = _yesterday(uow, source)
    first = max(first, last - _LONGEST_CALENDAR * _DAY)
    holes = [(gap.kind, gap.first_day, gap.last_day) for gap in _gaps_of(uow, source, through)]
    files = _delivered(uow, source.id)
    days = []
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        state = day_state(day, delivered=files, holes=holes, through=through)
        days.append(LedgerDayView(day, state, files.get(day)))
    return days


def _gaps_of(uow: UnitOfWork, source: LedgerSourceView, through: dt.date) -> list[LedgerGap]:
    holes = holes_of(
        _delivered(uow, source.id),
        _rejected(uow, source.id),
        expects=source.expects,
        through=through,
        awaited_from=source.opened_on,
    )
    return [LedgerGap(source, kind, first, last) for kind, first, last in holes]


def _delivered(uow: UnitOfWork, source_id: uuid.UUID) -> dict[dt.date, uuid.UUID]:
    """Each day that some file of the ledger speaks for, and the newest such file."""
    uow.actor.require(Permission.BOOKS_READ)
    rows = uow.session.execute(
        select(LedgerDay.day, LedgerDay.file_id)
        .join(LedgerFile, LedgerFile.id == LedgerDay.file_id)
        .where(LedgerDay.source_id == source_id)
        .order_by(LedgerFile.imported_at)
    )
    return {row.day: row.file_id for row in rows}


def _rejected(uow: UnitOfWork, source_id: uuid.UUID) -> set[dt.date]:
    """Days of files with rejected rows, unless a later file of the same name or content was taken whole."""
    newer = aliased(LedgerFile)
    amended = (
        select(newer.id)
        .where(
            newer.source_id == source_id,
            newer.id != LedgerFile.id,
            newer.imported_at >= LedgerFile.imported_at,
            newer.status == FileStatus.IMPORTED,
            (newer.name == LedgerFile.name) | (newer.sha256 == LedgerFile.sha256),
        )
        .exists()
    )
    return set(
        uow.session.scalars(
            select(func.distinct(LedgerDay.day))
            .join(LedgerFile, LedgerFile.id == LedgerDay.file_id)
            .where(LedgerDay.source_id == source_id, LedgerFile.rows_rejected > 0, ~amended)
        )
    )


def _yesterday(uow: UnitOfWork, source: LedgerSourceView) -> dt.date:
    zones = {entity.id: entity.time_zone for entity in identity.legal_entities(uow)}
    return uow.clock.today(zones[source.entity_id]) - _DAY
