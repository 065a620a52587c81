"""Whose business days hold: an entity's country decides, euro money rests on TARGET days, and it may add its own."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from services import audit, identity
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.core.permissions import Permission
from services.identity import LegalEntityView
from services.reconciliation.models import Source
from services.reconciliation.models_rules import Holiday
from services.reconciliation.workdays import BusinessCalendar

_TARGET = "target"  # the days on which euro payments rest
_NAME = 80


@dataclass(frozen=True, slots=True)
class HolidayView:
    """A day of rest. `origin` says who: the country's law (`country`), euro payments (`target`), the entity (`own`)."""

    day: dt.date
    name: str
    origin: str


def business_calendar(uow: UnitOfWork, *, entity_id: uuid.UUID) -> BusinessCalendar:
    """The business days of one legal entity, for ages, windows and what is still expected."""
    return _calendars(uow, [_entity(uow, entity_id, Permission.RECONCILIATION_READ)])[entity_id]


def calendars_of_reader(uow: UnitOfWork) -> list[tuple[LegalEntityView, BusinessCalendar]]:
    """Each legal entity the reader may see, with its business days."""
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    calendars = _calendars(uow, entities)
    return [(entity, calendars[entity.id]) for entity in entities]


def _calendars(uow: UnitOfWork, entities: Sequence[LegalEntityView]) -> dict[uuid.UUID, BusinessCalendar]:
    names = {entity.id: {str(entity.id), *([_TARGET] if entity.currency == "EUR" else [])} for entity in entities}
    wanted = select(Holiday.calendar, Holiday.day).where(Holiday.calendar.in_(set[str]().union(*names.values())))
    days = uow.session.execute(wanted).all()
    return {
        entity.id: BusinessCalendar(
            entity.country, frozenset(day for name, day in days if name in names[entity.id]), entity.time_zone
        )
        for entity in entities
    }


def holidays_of(uow: UnitOfWork, *, entity_id: uuid.UUID, year: int, locale: str = "en") -> list[HolidayView]:
    """The days of rest of a year in date order; each once, its own reason before the others. A country's holidays are
    named in `locale`."""
    entity = _entity(uow, entity_id, Permission.RECONCILIATION_READ)
    named = BusinessCalendar(entity.country).holidays(year, locale=locale)
    found = {day: HolidayView(day, name, "country") for day, name in named.items()}
    names = [*([_TARGET] if entity.currency == "EUR" else []), str(entity.id)]
    for calendar in names:
        rows = uow.session.scalars(
            select(Holiday).where(
                Holiday.calendar == calendar, Holiday.day.between(dt.date(year, 1, 1), dt.date(year, 12, 31))
            )
        )
        origin = "own" if calendar == str(entity.id) else "target"
        found |= {
            row.day: HolidayView(row.day, row.name, origin) for row in rows if origin == "own" or row.day not in found
        }
    return [found[day] for day in sorted(found)]


def add_holiday(uow: UnitOfWork, *, entity_id: uuid.UUID, day: dt.date, name: str) -> None:
    """Lets a day rest in one legal entity; runs from now on count without it. Raises Conflict when it rests already."""
    entity = _entity(uow, entity_id, Permission.RULES_EDIT)
    if not 1 <= len(name.strip()) <= _NAME:
        raise Invalid(f"Give the day a name of up to {_NAME} characters.")
    if uow.session.get(Holiday, (str(entity.id), day)) is not None:
        raise Conflict(f"{day} is a day of rest of {entity.name} already.", day=str(day))
    uow.session.add(Holiday(calendar=str(entity.id), day=day, name=name.strip()))
    _look_at_everything(uow, entity)
    _audit(uow, entity, "day_added", after={"day": day.isoformat(), "name": name.strip()})


def remove_holiday(uow: UnitOfWork, *, entity_id: uuid.UUID, day: dt.date) -> None:
    """Takes an entity's own day of rest away; those of its country stay. Raises NotFound for a day it did not add."""
    entity = _entity(uow, entity_id, Permission.RULES_EDIT)
    row = uow.session.get(Holiday, (str(entity.id), day))
    if row is None:
        raise NotFound(f"{entity.name} has no day of rest of its own on {day}.", day=str(day))
    uow.session.delete(row)
    _look_at_everything(uow, entity)
    _audit(uow, entity, "day_removed", before={"day": day.isoformat(), "name": row.name})


def _entity(uow: UnitOfWork, entity_id: uuid.UUID, permission: Permission) -> LegalEntityView:
    uow.actor.require(permission, entity_id)
    for entity in identity.legal_entities(uow, permission=permission):
        if entity.id == entity_id:
            return entity
    raise NotFound("There is no such legal entity among those you may see.", entity_id=str(entity_id))


def _look_at_everything(uow: UnitOfWork, entity: LegalEntityView) -> None:
    """What is expected and what is missing may change for any entry, so the next runs compare all."""
    uow.session.execute(update(Source).where(Source.entity_id == entity.id).values(all_dirty=True))
    uow.session.flush()


def _audit(uow: UnitOfWork, entity: LegalEntityView, verb: str, **more: object) -> None:
    audit.record(
        uow,
        action=f"reconciliation.calendar.{verb}",
        subject_type="reconciliation_calendar",
        subject_id=entity.id,
        entity_id=entity.id,
        **more,  # pyright: ignore[reportArgumentType]
    )
