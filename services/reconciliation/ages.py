"""How old breaks are: business days of their own legal entity, up to its own today."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from services.core.clock import business_day
from services.core.db import UnitOfWork
from services.reconciliation.calendars import calendars_of_reader
from services.reconciliation.workdays import BusinessCalendar

AGE_BANDS = ((0, 3), (4, 7), (8, None))
"""Ages in business days, both ends inclusive."""


@dataclass(frozen=True, slots=True)
class Ages:
    """Today and the business days of each legal entity the reader may see."""

    todays: dict[uuid.UUID, tuple[dt.date, BusinessCalendar]]

    @classmethod
    def of_reader(cls, uow: UnitOfWork) -> Ages:
        """Reads the entities once; ask it for every row then."""
        now = uow.clock.now()
        return cls(
            {
                entity.id: (business_day(now, entity.time_zone), calendar)
                for entity, calendar in calendars_of_reader(uow)
            }
        )

    def of(self, entity_id: uuid.UUID, booked_on: dt.date) -> int:
        """Business days from the day of a break up to today; 0 in an entity that the reader cannot see."""
        if entity_id not in self.todays:
            return 0
        today, calendar = self.todays[entity_id]
        return calendar.between(booked_on, today)

    def within(self, entity_id: Any, booked_on: Any, low: int, high: int | None) -> ColumnElement[bool]:
        """The condition that an age lies from `low` to `high`, both inclusive; None is no end."""
        conditions = []
        for one, (today, calendar) in self.todays.items():
            bounds = [] if high is None else [booked_on > calendar.before(today, high + 1)]
            bounds += [booked_on <= calendar.before(today, low)] if low else []
            conditions.append(and_(entity_id == one, *bounds))
        return or_(*conditions) if conditions else false()
