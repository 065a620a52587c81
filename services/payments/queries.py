"""Reading payments."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.payments.models import StripeAccount
from services.payments.views import AccountView


def accounts(
    uow: UnitOfWork, *, entity_id: uuid.UUID | None = None, permission: Permission = Permission.PAYMENT_READ
) -> list[AccountView]:
    """The connected Stripe accounts of the entities the actor may see, or of one of them, by code."""
    scope = uow.actor.scope(permission)
    query = select(StripeAccount).where(scope.allows(StripeAccount.entity_id)).order_by(StripeAccount.code)
    if entity_id is not None:
        query = query.where(StripeAccount.entity_id == entity_id)
    rows = uow.session.scalars(query)
    return [
        AccountView(row.id, row.entity_id, row.code, row.time_zone, row.stripe_account_id, row.connected_at)
        for row in rows
    ]
