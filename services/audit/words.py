"""Full text: the words of entries in a table of their own, filled behind the sealer so that appending stays cheap."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, UUID, Select, TextClause, bindparam, select, text, union
from sqlalchemy import func as sql

from services.audit.models import AuditEntry, AuditPersonal, AuditSearch
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_WORD = re.compile(r"[^\W_]+")
_SIGNS = r"""._:;-/@%#|=+*'`~^$&<>(){}[]",\?!"""
_MOST_WORDS = 20
_LONGEST = 20_000  # characters of an entry that are indexed
_BATCH = 5_000
# What the sealer may not have indexed yet is searched as it stands.
_LAG = "10 minutes"

_TEXT = (
    "translate(left(concat_ws(' ', e.action, e.subject_type, e.subject_id, e.outcome, e.request_id,"
    " convert_from(e.canonical, 'UTF8')::jsonb ->> 'before', convert_from(e.canonical, 'UTF8')::jsonb ->> 'after',"
    " convert_from(p.data, 'UTF8')::jsonb ->> 'actor_name', convert_from(p.data, 'UTF8')::jsonb ->> 'on_behalf_of',"
    " convert_from(p.data, 'UTF8')::jsonb ->> 'address', convert_from(p.data, 'UTF8')::jsonb ->> 'reason',"
    " convert_from(p.data, 'UTF8')::jsonb ->> 'before', convert_from(p.data, 'UTF8')::jsonb ->> 'after'"
    f"), {_LONGEST}), :signs, repeat(' ', length(:signs)))"
)
_INDEX = (
    "INSERT INTO audit_search (index, entry_id, document)"
    f" SELECT l.index, e.id, to_tsvector('simple', {_TEXT}) FROM audit_leaf l"
    " JOIN audit_entry e ON e.id = l.entry_id LEFT JOIN audit_personal p ON p.entry_id = e.id"
)
_NEXT = text(
    f"{_INDEX} WHERE l.index >= (SELECT coalesce(max(index) + 1, 0) FROM audit_search)"
    " ORDER BY l.index LIMIT :limit ON CONFLICT DO NOTHING"
)
_AGAIN = text(
    f"{_INDEX} WHERE e.id = ANY (:entries) AND l.index <= (SELECT coalesce(max(index), -1) FROM audit_search)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("entries", type_=ARRAY(UUID())))


def index_words(uow: UnitOfWork) -> bool:
    """Indexes the next sealed entries; says whether more may wait."""
    uow.actor.require(Permission.AUDIT_SEAL)
    done: Any = uow.session.execute(_NEXT, {"signs": _SIGNS, "limit": _BATCH})
    return done.rowcount == _BATCH


def index_again(uow: UnitOfWork, entries: Sequence[uuid.UUID]) -> None:
    """Indexes what is left of entries whose words were taken out."""
    uow.session.execute(_AGAIN, {"signs": _SIGNS, "entries": list(entries)})


def entries_with_words(wanted: str) -> Select[Any] | Any | None:
    """The ids of entries that hold every word of `wanted`, or one that begins with it; None when it has no word."""
    words = _WORD.findall(wanted)[:_MOST_WORDS]
    if not words:
        return None
    query = sql.to_tsquery("simple", " & ".join(f"'{word}':*" for word in words))
    indexed = select(AuditSearch.entry_id).where(AuditSearch.document.op("@@")(query))
    fresh = (
        select(AuditEntry.id)
        .outerjoin(AuditPersonal, AuditPersonal.entry_id == AuditEntry.id)
        .where(AuditEntry.recorded_at > _horizon(), sql.to_tsvector("simple", _as_it_stands()).op("@@")(query))
    )
    return union(indexed, fresh)


def _as_it_stands() -> TextClause:
    named = _TEXT.replace("e.", "audit_entry.").replace("p.", "audit_personal.")
    return text(named).bindparams(signs=_SIGNS)


def _horizon() -> Any:
    newest = select(AuditSearch.entry_id).order_by(AuditSearch.index.desc()).limit(1).scalar_subquery()
    when = select(AuditEntry.recorded_at).where(AuditEntry.id == newest).scalar_subquery()
    return sql.coalesce(when - text(f"interval '{_LAG}'"), text("'-infinity'::timestamptz"))
