"""Whether the files and mirrors a run stands on are whole."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services import bank, books
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Source
from services.reconciliation.vocabulary import SIDES, Definition, SourceKind


@dataclass(frozen=True, slots=True)
class Problem:
    """A hole in what one account or file says: what kind, and the days it concerns."""

    where: str
    kind: str
    first_day: dt.date
    last_day: dt.date

    def document(self) -> dict[str, str]:
        days = {"first_day": self.first_day.isoformat(), "last_day": self.last_day.isoformat()}
        return {"where": self.where, "kind": self.kind} | days


@dataclass(frozen=True, slots=True)
class Input:
    """One feed: when it was last taken in, and what keeps it from being relied on."""

    kind: str
    refreshed_at: dt.datetime | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    feeds: tuple[Input, ...]

    @property
    def as_of(self) -> dt.datetime | None:
        """The older of the two refreshes: what the whole comparison may claim to know."""
        return min((feed.refreshed_at for feed in self.feeds if feed.refreshed_at), default=None)

    def document(self) -> dict[str, Any]:
        return {
            feed.kind: {
                "refreshed_at": feed.refreshed_at.isoformat() if feed.refreshed_at else None,
                "problems": [problem.document() for problem in feed.problems],
            }
            for feed in self.feeds
        }


def inputs_of(uow: UnitOfWork, *, definition: Definition, entity_id: uuid.UUID, through: dt.date) -> Inputs:
    """The feeds of a definition with their problems up to and including `through`."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    rows = {row.kind: row for row in uow.session.scalars(select(Source).where(Source.entity_id == entity_id))}
    feeds = []
    for kind in SIDES[Definition(definition)]:
        refreshed = rows[kind].refreshed_at if kind in rows else None
        feeds.append(Input(kind.value, refreshed, _problems(uow, kind, entity_id, through)))
    return Inputs(tuple(feeds))


def _problems(uow: UnitOfWork, kind: SourceKind, entity_id: uuid.UUID, through: dt.date) -> tuple[Problem, ...]:
    """What keeps the feed from proving every day up to `through`: holes of bank statements, missing days of books."""
    if kind is SourceKind.BANK:
        return tuple(
            Problem(item.account.iban, item.gap.kind.value, item.gap.first_day, item.gap.last_day)
            for item in bank.gaps(uow, entity_id=entity_id, to_day=through)
        )
    if kind is SourceKind.BOOKS:
        return tuple(
            Problem(gap.source.code, gap.kind.value, gap.first_day, gap.last_day)
            for gap in books.gaps(uow, entity_id=entity_id, to_day=through)
        )
    return ()
