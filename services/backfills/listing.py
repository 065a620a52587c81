"""Lists of backfills for people: narrowed, a page at a time, without the documents of each."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from services.backfills.definition import registered
from services.backfills.models import Backfill
from services.backfills.vocabulary import BackfillState
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.words import Words

S = BackfillState
_NUMBER = re.compile(r"(?:BF-)?0*(\d{1,9})", re.IGNORECASE)


class Stage(StrEnum):
    """States as people look for them."""

    PREPARING = "preparing"
    WAITING = "waiting"
    AT_WORK = "at_work"
    TROUBLED = "troubled"
    ENDED = "ended"


STAGES: Mapping[Stage, frozenset[BackfillState]] = MappingProxyType(
    {
        Stage.PREPARING: frozenset({S.DRAFT, S.DRY_RUNNING, S.DRY_RUN_READY}),
        Stage.WAITING: frozenset({S.AWAITING_APPROVAL, S.APPROVED, S.AWAITING_SIGNOFF}),
        Stage.AT_WORK: frozenset({S.RUNNING, S.PAUSED, S.VERIFYING, S.ROLLING_BACK}),
        Stage.TROUBLED: frozenset({S.FAILED, S.REJECTED, S.CANCELLED, S.ROLLED_BACK_WITH_CONFLICTS}),
        Stage.ENDED: frozenset({S.SIGNED_OFF, S.ROLLED_BACK, S.DISCARDED}),
    }
)


@dataclass(frozen=True, slots=True)
class BackfillFilter:
    """What a reader looks for; `text` is a number (BF-0012), or part of a definition's name, title or an author."""

    stage: Stage | None = None
    definition: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """One line of a list; `rows` are those the dry run counted."""

    id: uuid.UUID
    number: int
    definition: str
    title: Words
    state: BackfillState
    rows: int | None
    created_by_name: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None

    @property
    def label(self) -> str:
        return f"BF-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class BackfillPage:
    """Newest first, with the cursors of the neighbouring pages."""

    rows: tuple[BackfillRow, ...]
    newer: uuid.UUID | None
    older: uuid.UUID | None


def list_backfills(
    uow: UnitOfWork,
    *,
    filter: BackfillFilter | None = None,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
    limit: int = 50,
) -> BackfillPage:
    """Backfills newest first, by the cursors of a page before."""
    uow.actor.require(Permission.BACKFILL_READ)
    forward, cursor = newer_than is None, older_than or newer_than
    chosen = _rows().where(*_conditions(filter or BackfillFilter()))
    if cursor is not None:
        chosen = chosen.where(Backfill.id < cursor if forward else Backfill.id > cursor)
    found = uow.session.execute(chosen.order_by(Backfill.id.desc() if forward else Backfill.id).limit(limit + 1)).all()
    more, found = len(found) > limit, found[:limit]
    rows = [_row(one) for one in (found if forward else found[::-1])]
    has_newer, has_older = (cursor is not None, more) if forward else (more, True)
    newer = rows[0].id if rows and has_newer else None
    return BackfillPage(tuple(rows), newer=newer, older=rows[-1].id if rows and has_older else None)


def _rows() -> Select[tuple[Backfill, int | None]]:
    counted = Backfill.dry_run["frozen"]["rows"].as_integer()
    return select(
        Backfill.id,
        Backfill.number,
        Backfill.definition,
        Backfill.state,
        counted.label("rows"),
        Backfill.created_by_name,
        Backfill.created_at,
        Backfill.started_at,
        Backfill.ended_at,
    )  # pyright: ignore[reportReturnType]


def _row(found: Row) -> BackfillRow:
    titles = {one.name: one.title for one in registered()}
    values = found._asdict()
    title = titles.get(found.definition, Words(found.definition, found.definition))
    return BackfillRow(**{**values, "state": BackfillState(found.state)}, title=title)


def _conditions(given: BackfillFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if given.stage is not None:
        wanted.append(Backfill.state.in_([state.value for state in STAGES[given.stage]]))
    if given.definition:
        wanted.append(Backfill.definition == given.definition)
    if text := given.text.strip():
        wanted.append(_matches(text))
    return wanted


def _matches(text: str) -> ColumnElement[bool]:
    if number := _NUMBER.fullmatch(text):
        return Backfill.number == int(number[1])
    low = text.lower()
    titled = [one.name for one in registered() if low in one.title.en.lower() or low in one.title.de.lower()]
    return or_(
        func.strpos(func.lower(Backfill.definition), low) > 0,
        func.strpos(func.lower(Backfill.created_by_name), low) > 0,
        Backfill.definition.in_(titled),
    )
