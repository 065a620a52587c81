"""Changing identity."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import exponent
from services.core.permissions import Permission
from services.identity.models import LegalEntity


def create_legal_entity(
    uow: UnitOfWork, *, code: str, name: str, country: str, currency: str, time_zone: str
) -> uuid.UUID:
    """Adds a company to the group. Raises Invalid for an unknown time zone or currency code."""
    uow.actor.require(Permission.SETUP_MANAGE)
    exponent(currency)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise Invalid(f"“{time_zone}” is not a time zone; write it like Europe/Berlin.") from None
    entity = LegalEntity(code=code, name=name, country=country, currency=currency, time_zone=time_zone)
    uow.session.add(entity)
    uow.session.flush()
    audit.record(
        uow,
        action="identity.legal_entity.created",
        subject_type="legal_entity",
        subject_id=entity.id,
        entity_id=entity.id,
        after={"code": code, "name": name, "currency": currency, "time_zone": time_zone},
    )
    return entity.id
