"""Reading the log: by filter, one entry, and the trail of one record."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Row, Select, false, or_, select, tuple_

from services.audit import policy
from services.audit.models import AuditEntry, AuditLeaf, AuditPersonal
from services.audit.views import AuditEntryView, AuditFilter, AuditPage
from services.audit.words import entries_with_words
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.permissions import Permission

_Reading = Select[AuditEntry, bytes | None, int]
_EVERYTHING = AuditFilter()
_OLDEST_FIRST = (AuditEntry.recorded_at, AuditEntry.id)
_NEWEST_FIRST = (AuditEntry.recorded_at.desc(), AuditEntry.id.desc())


def search(
    uow: UnitOfWork,
    *,
    filter: AuditFilter = _EVERYTHING,
    older_than: str | None = None,
    newer_than: str | None = None,
    limit: int = 50,
) -> AuditPage:
    """One page of the log, newest first; cursors come from the page before.

    Entries of an entity are shown within the reader's entities. Those of no entity (sign-ins, rights,
    the installation) are shown to whoever may read the log of all entities.
    """
    statement = visible(uow).where(*conditions(filter))
    forward = newer_than is None
    cursor = older_than or newer_than
    if cursor is not None:
        place = tuple_(*_OLDEST_FIRST)
        start = select(AuditEntry.recorded_at, AuditEntry.id).where(AuditEntry.id == _id(cursor)).scalar_subquery()
        statement = statement.where(place < start if forward else place > start)
    statement = statement.order_by(*(_NEWEST_FIRST if forward else _OLDEST_FIRST)).limit(limit + 1)
    rows = list(uow.session.execute(statement))
    more, rows = len(rows) > limit, rows[:limit]
    if not forward:
        rows.reverse()
    has_newer, has_older = (cursor is not None, more) if forward else (more, True)
    return AuditPage(
        tuple(_view(row) for row in rows),
        older=str(rows[-1][0].id) if rows and has_older else None,
        newer=str(rows[0][0].id) if rows and has_newer else None,
    )


def entry(uow: UnitOfWork, *, entry_id: uuid.UUID) -> AuditEntryView:
    """One entry in full. Raises NotFound, also for one the reader may not see."""
    row = uow.session.execute(visible(uow).where(AuditEntry.id == entry_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such entry among those you may see.")
    return _view(row)


def trail(
    uow: UnitOfWork,
    subject_type: str,
    subject_id: uuid.UUID | str,
    *,
    permission: Permission = Permission.AUDIT_READ,
    limit: int = 200,
) -> list[AuditEntryView]:
    """What was done to one record, newest first, at most `limit` entries.

    A page that shows the record passes the right to read that record, so that its history is shown to
    whoever may see it.
    """
    statement = _of(uow, permission, subject_type, [str(subject_id)]).order_by(*_NEWEST_FIRST)
    return [_view(row) for row in uow.session.execute(statement.limit(limit))]


def trail_of_many(
    uow: UnitOfWork,
    subject_type: str,
    subject_ids: Sequence[str],
    *,
    permission: Permission = Permission.AUDIT_READ,
    limit: int = 200,
) -> list[AuditEntryView]:
    """What was done to several records of a kind, oldest first; `permission` as in `trail`."""
    statement = _of(uow, permission, subject_type, subject_ids).order_by(*_OLDEST_FIRST)
    return [_view(row) for row in uow.session.execute(statement.limit(limit))]


def _of(uow: UnitOfWork, permission: Permission, subject_type: str, subject_ids: Sequence[str]) -> _Reading:
    return visible(uow, permission).where(
        AuditEntry.subject_type == subject_type, AuditEntry.subject_id.in_(subject_ids)
    )


def export(uow: UnitOfWork, *, filter: AuditFilter = _EVERYTHING) -> Iterator[AuditEntryView]:
    """All entries of the filter, oldest first, streamed."""
    statement = visible(uow).where(*conditions(filter)).order_by(*_OLDEST_FIRST)
    for row in uow.session.execute(statement.execution_options(yield_per=1000)):
        yield _view(row)


def visible(uow: UnitOfWork, permission: Permission = Permission.AUDIT_READ) -> _Reading:
    """Entries of the reader's entities; those of no entity for whoever may read of all."""
    scope = uow.actor.scope(permission)
    allowed: ColumnElement[bool] = scope.allows(AuditEntry.entity_id)
    if uow.actor.grants[permission].ids is None:
        allowed = or_(AuditEntry.entity_id.is_(None), allowed)
    return (
        select(AuditEntry, AuditPersonal.data, AuditLeaf.index)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .outerjoin(AuditLeaf, AuditLeaf.entry_id == AuditEntry.id)
        .where(allowed)
    )


def conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    """What a filter asks of an entry."""
    same = {
        AuditEntry.actor_id: wanted.actor_id,
        AuditEntry.actor_kind: wanted.actor_kind,
        AuditEntry.subject_type: wanted.subject_type,
        AuditEntry.subject_id: wanted.subject_id,
        AuditEntry.entity_id: wanted.entity_id,
        AuditEntry.outcome: wanted.outcome,
    }
    conditions = [column == value for column, value in same.items() if value is not None]
    if wanted.since is not None:
        conditions.append(AuditEntry.recorded_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.recorded_at < wanted.until)
    if wanted.action:
        prefix = wanted.action.rstrip(".") + "."
        conditions.append(
            or_(AuditEntry.action == wanted.action, AuditEntry.action.startswith(prefix, autoescape=True))
        )
    if wanted.text:
        found = entries_with_words(wanted.text)
        conditions.append(AuditEntry.id.in_(found) if found is not None else false())
    return conditions


def _id(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(cursor)
    except ValueError:
        raise Invalid("This page of the log does not exist; start again from the newest entry.") from None


def _view(row: Row[AuditEntry, bytes | None, int]) -> AuditEntryView:
    entry, personal, leaf = row
    fields = policy.read(entry.canonical, personal)
    return AuditEntryView(
        id=entry.id,
        recorded_at=entry.recorded_at,
        action=fields["action"],
        outcome=fields["outcome"],
        actor_kind=fields["actor_kind"],
        actor_id=entry.actor_id,
        actor_name=fields["actor_name"],
        on_behalf_of=fields["on_behalf_of"],
        entity_id=entry.entity_id,
        subject_type=fields["subject_type"],
        subject_id=fields["subject_id"],
        reason=fields["reason"],
        before=fields["before"],
        after=fields["after"],
        session_id=entry.session_id,
        address=fields["address"],
        request_id=fields["request_id"],
        leaf=leaf,
        is_erased=personal is None,
    )
