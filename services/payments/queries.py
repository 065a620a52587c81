"""Reading payments."""

from __future__ import annotations

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.payments.models import StripeAccount
from services.payments.views import AccountView


def accounts(uow: UnitOfWork, *, permission: Permission = Permission.PAYMENT_READ) -> list[AccountView]:
    """The connected Stripe accounts of the entities the actor may see, by code."""
    scope = uow.actor.scope(permission)
    rows = uow.session.scalars(
        select(StripeAccount).where(scope.allows(StripeAccount.entity_id)).order_by(StripeAccount.code)
    )
    return [
        AccountView(row.id, row.entity_id, row.code, row.time_zone, row.stripe_account_id, row.connected_at)
        for row in rows
    ]
