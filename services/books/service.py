"""Deliveries to the books: files, HTTP requests, queries."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Entry
from typing import Any

from sqlalchemy import select

from services import runs
from services.books.deliveries import Delivery, days_in_name, each_day, entity_of, take
from services.books.errors import InvalidDelivery
from services.books.models import LedgerQuery, LedgerSource
from services.books.reading import entry_rows, query_rows, read_ledger
from services.books.setup import changeable, opened_source
from services.books.views import LedgerFileView
from services.books.vocabulary import DEFAULT_SOURCE, IMPORT, PULL, ImportParams, PullParams
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, IncomingFile
from services.core.permissions import Permission

_DAY = dt.timedelta(days=1)
MOST_ENTRIES = 200_000  # of one HTTP request


def import_file(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID,
    file: IncomingFile,
    origin: FileOrigin,
    source_code: str = DEFAULT_SOURCE,
    progress: Callable[[int], None] = lambda _: None,
) -> LedgerFileView:
    """Takes a CSV file into the entity's ledger by its present mapping; the same file again changes no row.

    The answer is the file's report. A bad row is rejected with its line and the others are taken; a file that
    does not fit the mapping at all is kept as rejected with the reason, and may come again. It speaks for the day
    (or the period) in its name, else for the days of its rows. `progress` hears the rows read so far.
    """
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    delivery = Delivery(
        name=file.name,
        sha256=file.sha256,
        size_bytes=file.size_bytes,
        origin=origin,
        rows=lambda mapping, zone: read_ledger(file.path, mapping, entity_zone=zone),
        days=days_in_name(file.name),
        check=file.check_unchanged,
    )
    return take(uow, opened_source(uow, entity_id, source_code), delivery, progress=progress)


def ingest(
    uow: UnitOfWork,
    *,
    entity_id: uuid.UUID,
    entries: Iterable[Entry[str, Any]],
    source_code: str = DEFAULT_SOURCE,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
) -> LedgerFileView:
    """Takes entries that another system sends; a field is named as in the mapping, an amount is a decimal text.

    The answer is a report like that of a file, bad entries with their number from 1. `first_day` and `last_day`
    name the days the sender has finished with; without them its rows do. Raises InvalidDelivery above 200,000.
    """
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    found = list(entries)
    if len(found) > MOST_ENTRIES:
        raise InvalidDelivery(f"A request takes at most {MOST_ENTRIES:,} entries; send several.")
    if (first_day is None) != (last_day is None) or (first_day and last_day and first_day > last_day):
        raise InvalidDelivery("Name both the first and the last day, in this order, or neither.")
    content = json.dumps([found, str(first_day), str(last_day)], sort_keys=True, default=str).encode()
    digest = hashlib.sha256(content).hexdigest()
    delivery = Delivery(
        name=f"HTTP {digest[:12]}",
        sha256=digest,
        size_bytes=len(content),
        origin=FileOrigin.HTTP,
        rows=lambda _, zone: entry_rows(found, zone=zone),
        days=tuple(each_day(first_day, last_day)) if first_day and last_day else None,
    )
    return take(uow, opened_source(uow, entity_id, source_code), delivery)


def take_query_rows(
    uow: UnitOfWork,
    *,
    source_id: uuid.UUID,
    columns: list[str],
    rows: list[tuple[Any, ...]],
    progress: Callable[[int], None] = lambda _: None,
) -> LedgerFileView:
    """Takes what the ledger's query gave, by its mapping. It speaks for every day from its first row to yesterday."""
    source = changeable(uow, source_id)
    zone = entity_of(uow, source.entity_id).time_zone
    digest = hashlib.sha256(repr(columns).encode())
    for row in rows:
        digest.update(repr(row).encode())
    delivery = Delivery(
        name=f"SQL {source.code} {uow.clock.now():%Y-%m-%d %H:%M}Z",
        sha256=digest.hexdigest(),
        size_bytes=0,
        origin=FileOrigin.SQL,
        rows=lambda mapping, at: query_rows(columns, rows, mapping, zone=at),
        through=uow.clock.today(zone) - _DAY,
    )
    return take(uow, source, delivery, progress=progress)


def start_pull(uow: UnitOfWork, *, source_id: uuid.UUID) -> uuid.UUID:
    """Starts the run that asks the ledger's database."""
    source = changeable(uow, source_id)
    return runs.enqueue(uow, kind=PULL, params=PullParams(entity_id=source.entity_id, source_id=source.id))


def start_pulls(uow: UnitOfWork) -> list[uuid.UUID]:
    """Starts a pull of every ledger that has a query, within the entities the actor may import for."""
    scope = uow.actor.scope(Permission.BOOKS_IMPORT)
    asked = uow.session.scalars(
        select(LedgerQuery.source_id)
        .join(LedgerSource, LedgerSource.id == LedgerQuery.source_id)
        .where(scope.allows(LedgerSource.entity_id))
        .order_by(LedgerSource.entity_id, LedgerSource.code)
    )
    return [start_pull(uow, source_id=source_id) for source_id in asked.all()]


def upload_place(uow: UnitOfWork, *, entity_id: uuid.UUID) -> str:
    """The code of the entity whose inbox the actor may fill with ledger files."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    return entity_of(uow, entity_id).code


def start_import(uow: UnitOfWork, *, entity_id: uuid.UUID) -> uuid.UUID:
    """Starts the run that takes what waits in the entity's inbox."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    return runs.enqueue(uow, kind=IMPORT, params=ImportParams(entity_id=entity_id))
