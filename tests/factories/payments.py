"""Stripe objects as its API answers them (pinned version), with only what a test cares about to say."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid

from services import identity, payments
from services.core.db import UnitOfWork

_numbers = itertools.count(1)
START = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


def stamp(instant: dt.datetime) -> int:
    return int(instant.timestamp())


def connected_account(
    uow: UnitOfWork, *, code: str = "mh-de", currency: str = "EUR", time_zone: str = "Europe/Berlin"
) -> payments.AccountView:
    """A legal entity with its Stripe account."""
    entity_id = identity.create_legal_entity(
        uow, code=code, name=f"Musterhandel {code}", country="DE", currency=currency, time_zone=time_zone
    )
    payments.connect_account(uow, entity_id=entity_id, code=code)
    return next(account for account in payments.accounts(uow) if account.code == code)


def ref(prefix: str) -> str:
    return f"{prefix}_{next(_numbers):06d}{uuid.uuid4().hex[:10]}"
