"""Files that came in, of bank and books alike: their table columns, their lists, what was rejected of them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ForeignKey, Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from services.core.ids import new_id
from services.core.inbox import FileMark, FileOrigin, FileStatus
from services.core.reasons import Reason, ReasonColumn

MOST_REJECTIONS = 1000  # kept per file; the count goes on
_FIGURES = ("rows_read", "rows_new", "rows_unchanged", "rows_rejected")


class FileColumns:
    """A file and what was made of it: rows read = new (+ changed) + unchanged + rejected."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    name: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    origin: Mapped[str]
    status: Mapped[str]
    problem: Mapped[Reason | None] = mapped_column(ReasonColumn)
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_new: Mapped[int] = mapped_column(default=0)
    rows_unchanged: Mapped[int] = mapped_column(default=0)
    rows_rejected: Mapped[int] = mapped_column(default=0)
    imported_by: Mapped[str]
    imported_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class RejectionColumns:
    """A row of a file that could not be taken: the document inside the file, the line there, why, how it reads."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    member: Mapped[str] = mapped_column(default="")
    line: Mapped[int]
    reason: Mapped[Reason] = mapped_column(ReasonColumn)
    excerpt: Mapped[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file and its report. `known` says that it was taken before."""

    id: uuid.UUID
    entity_id: uuid.UUID
    name: str
    sha256: str
    size_bytes: int
    origin: FileOrigin
    status: FileStatus
    problem: Reason | None
    rows_read: int
    rows_new: int
    rows_unchanged: int
    rows_rejected: int
    imported_by: str
    imported_at: dt.datetime
    known: bool = False


@dataclass(frozen=True, slots=True)
class RejectionView:
    """A row that was not taken: the document it stands in (empty for a plain file), its line, why, how it reads."""

    member: str
    line: int
    reason: Reason
    excerpt: str


FileRow = TypeVar("FileRow", bound=FileColumns)


def file_hashes(session: Session, visible: Select[Any], model: Any, entity_id: uuid.UUID) -> list[tuple[str, str]]:
    """Name and SHA-256 of every file of an entity among those that are `visible`."""
    rows = session.execute(visible.with_only_columns(model.name, model.sha256).where(model.entity_id == entity_id))
    return [(name, sha256) for name, sha256 in rows]


def newest_files(
    session: Session,
    query: Select[FileRow],
    table: type[FileRow],
    *,
    status: FileStatus | None,
    before: FileMark | None,
    limit: int,
) -> Sequence[FileRow]:
    """Files of `query` newest first; `before` marks the last one of the page above."""
    if status is not None:
        query = query.where(table.status == status)
    if before is not None:
        query = query.where(tuple_(table.imported_at, table.id) < tuple_(*before))
    return session.scalars(query.order_by(table.imported_at.desc(), table.id.desc()).limit(limit)).all()


def rejections(
    session: Session,
    table: type[RejectionColumns],
    file_column: InstrumentedAttribute[uuid.UUID],
    file_id: uuid.UUID,
) -> list[RejectionView]:
    """What was rejected of a file (the first thousand), in its order."""
    rows = session.scalars(select(table).where(file_column == file_id).order_by(table.member, table.line, table.id))
    return [RejectionView(row.member, row.line, row.reason, row.excerpt) for row in rows]


def file_fields(row: FileColumns, *, known: bool) -> dict[str, Any]:
    """The fields of `FileView`, for the views that add to it."""
    plain = ("id", "entity_id", "name", "sha256", "size_bytes", "problem", *_FIGURES, "imported_by", "imported_at")
    return {name: getattr(row, name) for name in plain} | {
        "origin": FileOrigin(row.origin),
        "status": FileStatus(row.status),
        "known": known,
    }
