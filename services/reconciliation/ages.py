"""How old breaks are: business days of their own legal entity, up to its own today."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from services import identity
from services.core.clock import business_day
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.policy import business_day_before, business_days_between

AGE_BANDS = ((0, 3), (4, 7), (8, None))
"""Ages in business days, both ends inclusive."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Today in each legal entity the reader may see."""

    todays: dict[uuid.UUID, dt.date]

    @classmethod
    def of_reader(cls, uow: UnitOfWork) -> Ages:
        """Reads the entities once; ask it for every row then."""
        entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
        return cls({entity.id: business_day(uow.clock.now(), entity.time_zone) for entity in entities})

    def of(self, entity_id: uuid.UUID, booked_on: dt.date) -> int:
        """Business days from the day of a break up to today; 0 in an entity that the reader cannot see."""
        today = self.todays.get(entity_id)
        return business_days_between(booked_on, today) if today else 0

    def within(self, entity_id: Any, booked_on: Any, low: int, high: int | None) -> ColumnElement[bool]:
        """The condition that an age lies from `low` to `high`, both inclusive; None is no end."""
        conditions = [
            and_(entity_id == one, *self._bounds(today, booked_on, low, high)) for one, today in self.todays.items()
        ]
        return or_(*conditions) if conditions else false()

    def _bounds(self, today: dt.date, booked_on: Any, low: int, high: int | None) -> list[ColumnElement[bool]]:
        young = [] if high is None else [booked_on > business_day_before(today, high + 1)]
        return young + ([booked_on <= business_day_before(today, low)] if low else [])
