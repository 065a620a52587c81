"""Settings of ledgers: opened by hand, how their columns are read, which days they owe, which query reads them."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select

from services import audit
from services.books.deliveries import entity_of, zone_of
from services.books.errors import InvalidMapping, InvalidSource, NoSuchLedgerRecord, StaleSource
from services.books.models import LedgerMapping, LedgerQuery, LedgerSource
from services.books.reading import ledger_row, query_rows, shown, texts_of
from services.books.vocabulary import COLUMN_NAMES, DEFAULT_SOURCE, Expectation, Mapping
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.sampling import SAMPLE_BYTES, Preview, guess, preview, sampled

_CODE = re.compile(r"[a-z][a-z0-9-]{1,30}\Z")


def open_source(uow: UnitOfWork, *, entity_id: uuid.UUID, code: str, name: str) -> uuid.UUID:
    """Opens a ledger before its first delivery. Raises InvalidSource for a code that is none or is taken."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    entity_of(uow, entity_id)
    if not _CODE.match(code) or not 1 <= len(name.strip()) <= 100:
        raise InvalidSource("Write a code of small letters, digits and dashes, and a name.", code=code[:40])
    taken = select(LedgerSource.id).where(LedgerSource.entity_id == entity_id, LedgerSource.code == code)
    if uow.session.scalar(taken) is not None:
        raise InvalidSource("The entity has a ledger of this code already.", code=code)
    return opened_source(uow, entity_id, code, name=name.strip()).id


def set_expectation(uow: UnitOfWork, *, source_id: uuid.UUID, expects: Expectation) -> None:
    """Says for which days the ledger has to deliver before they may be signed off."""
    source = changeable(uow, source_id)
    before, source.expects = source.expects, Expectation(expects)
    _told(uow, source, {"expects": before}, {"expects": source.expects})


def set_mapping(
    uow: UnitOfWork, *, entity_id: uuid.UUID, mapping: dict[str, Any], source_code: str = DEFAULT_SOURCE
) -> int:
    """Gives the ledger its next mapping version and returns the number; files read by then may be read again.

    Raises InvalidMapping with each wrong field.
    """
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    checked = checked_mapping(mapping)
    source = opened_source(uow, entity_id, source_code)
    uow.session.refresh(source, with_for_update=True)
    source.mapping_version += 1
    add_mapping(uow, source, checked)
    audit.record(
        uow,
        action="books.mapping.changed",
        subject_type="ledger_source",
        subject_id=source.id,
        entity_id=entity_id,
        after={"version": source.mapping_version, "mapping": checked.model_dump()},
    )
    return source.mapping_version


def set_mapping_json(uow: UnitOfWork, *, entity_id: uuid.UUID, document: str, source_code: str = DEFAULT_SOURCE) -> int:
    """`set_mapping` from a JSON document. Raises InvalidMapping when it is none."""
    try:
        mapping = json.loads(document)
    except ValueError as error:
        raise InvalidMapping(f"The mapping is no JSON document: {error}.") from error
    if not isinstance(mapping, dict):
        raise InvalidMapping("The mapping is a JSON object of settings.")
    return set_mapping(uow, entity_id=entity_id, mapping=mapping, source_code=source_code)


def preview_mapping(uow: UnitOfWork, *, entity_id: uuid.UUID, sample: bytes, mapping: dict[str, Any]) -> Preview:
    """What the mapping makes of the first rows of a ledger file. Nothing is stored."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    zone = zone_of(uow, entity_id)
    return preview(sample[:SAMPLE_BYTES], checked_mapping(mapping), zone=zone, row=ledger_row, shown=shown)


def preview_query(uow: UnitOfWork, *, source_id: uuid.UUID, columns: list[str], rows: list[tuple[Any, ...]]) -> Preview:
    """What the ledger's mapping makes of the first rows of its query. Nothing is stored."""
    scope = uow.actor.scope(Permission.BOOKS_QUERY)
    source = uow.session.scalar(
        select(LedgerSource).where(LedgerSource.id == source_id, scope.allows(LedgerSource.entity_id))
    )
    if source is None:
        raise NoSuchLedgerRecord("There is no such ledger in the entities you may see.")
    stored = uow.session.get_one(LedgerMapping, (source.id, source.mapping_version))
    mapping, zone = Mapping.model_validate(stored.mapping), zone_of(uow, source.entity_id)
    return sampled(columns, lambda: query_rows(columns, rows, mapping, zone=zone), texts_of(rows), shown=shown)


def guess_mapping(uow: UnitOfWork, *, entity_id: uuid.UUID, sample: bytes) -> dict[str, Any]:
    """A first mapping for a ledger file, by the usual names of its columns."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    return guess(sample[:SAMPLE_BYTES], COLUMN_NAMES)


def set_query(
    uow: UnitOfWork,
    *,
    source_id: uuid.UUID,
    database: str,
    statement: str,
    timeout_seconds: int,
    row_cap: int,
    version: int = 0,
) -> None:
    """Says from which database (named in the settings) and by which query the ledger is read.

    Raises StaleSource when somebody else changed it since `version` (0: there was none).
    """
    source = changeable(uow, source_id, permission=Permission.BOOKS_QUERY)
    if not 1 <= timeout_seconds <= 3600 or not 1 <= row_cap <= 50_000_000 or not 7 <= len(statement) <= 20_000:
        raise InvalidSource("A query takes 1 to 3,600 seconds and 1 to 50 million rows.")
    row = uow.session.get(LedgerQuery, source.id, with_for_update=True)
    if (row.version if row else 0) != version:
        raise StaleSource("Somebody else changed this query meanwhile. Look at it again.")
    before = {"database": row.database, "statement": row.statement} if row else {}
    row = row or LedgerQuery(source_id=source.id)
    row.database, row.statement, row.timeout_seconds, row.row_cap = database, statement, timeout_seconds, row_cap
    row.version, row.changed_by = version + 1, uow.actor.name
    uow.session.add(row)
    _told(uow, source, before, {"database": database, "statement": statement, "row_cap": row_cap})


def changeable(
    uow: UnitOfWork, source_id: uuid.UUID, *, permission: Permission = Permission.BOOKS_IMPORT
) -> LedgerSource:
    """The ledger, locked. Raises NoSuchLedgerRecord outside the entities the actor may change."""
    scope = uow.actor.scope(permission)
    source = uow.session.scalar(
        select(LedgerSource).where(LedgerSource.id == source_id, scope.allows(LedgerSource.entity_id)).with_for_update()
    )
    if source is None:
        raise NoSuchLedgerRecord("There is no such ledger in the entities you may see.")
    return source


def checked_mapping(mapping: dict[str, Any]) -> Mapping:
    try:
        return Mapping.model_validate(mapping)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'mapping'}: {item['msg']}" for item in error.errors())
        raise InvalidMapping(f"The mapping cannot be used. {wrong}.", wrong=wrong) from error


def _told(uow: UnitOfWork, source: LedgerSource, before: dict[str, Any], after: dict[str, Any]) -> None:
    uow.session.flush()
    audit.record(
        uow,
        action="books.ledger.changed",
        subject_type="ledger_source",
        subject_id=source.id,
        entity_id=source.entity_id,
        before=before,
        after=after,
    )


def opened_source(uow: UnitOfWork, entity_id: uuid.UUID, code: str, *, name: str = "") -> LedgerSource:
    """The ledger; opened (and audited) with the default mapping at its first file."""
    source = uow.session.scalar(
        select(LedgerSource).where(LedgerSource.entity_id == entity_id, LedgerSource.code == code)
    )
    if source is None:
        source = LedgerSource(entity_id=entity_id, code=code, name=name or code.capitalize(), mapping_version=1)
        uow.session.add(source)
        uow.session.flush()
        add_mapping(uow, source, Mapping())
        audit.record(
            uow,
            action="books.ledger.opened",
            subject_type="ledger_source",
            subject_id=source.id,
            entity_id=entity_id,
            after={"code": code},
        )
    return source


def add_mapping(uow: UnitOfWork, source: LedgerSource, mapping: Mapping) -> None:
    uow.session.add(
        LedgerMapping(
            source_id=source.id,
            version=source.mapping_version,
            mapping=mapping.model_dump(),
            created_by=uow.actor.name,
        )
    )
    uow.session.flush()
