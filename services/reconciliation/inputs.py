"""Whether the files and mirrors a run stands on are whole."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Source
from services.reconciliation.vocabulary import SIDES, Definition


@dataclass(frozen=True, slots=True)
class Input:
    """One feed: when it was last taken in, and what keeps it from being relied on."""

    kind: str
    refreshed_at: dt.datetime | None
    problems: tuple[str, ...] = ()


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
                "problems": list(feed.problems),
            }
            for feed in self.feeds
        }


def inputs_of(uow: UnitOfWork, *, definition: Definition, entity_id: uuid.UUID, through: dt.date) -> Inputs:
    """The feeds of a definition with their problems up to and including `through`."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    rows = {row.kind: row for row in uow.session.scalars(select(Source).where(Source.entity_id == entity_id))}
    return Inputs(
        tuple(
            Input(kind.value, rows[kind].refreshed_at if kind in rows else None)
            for kind in SIDES[Definition(definition)]
        )
    )
