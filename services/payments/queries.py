"""Reading payments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.payments.dashboard import DashboardView, merchant_zone, payment_dashboard
from services.payments.models import StripeAccount
from services.payments.records import payment_list
from services.payments.selection import Selection
from services.payments.views import AccountView, Listing, PaymentRow


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """What the payments page shows: a selection, its figures, and one page of its rows."""

    selection: Selection
    view: DashboardView
    rows: Listing[PaymentRow]


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


def payment_page(uow: UnitOfWork, *, query: dict[str, str], limit: int = 50) -> PaymentPage:
    """Chart, figures and rows of the selection an address names, seen in one moment. Raises Invalid for a bad one."""
    selection = Selection.from_address(query)
    zone = merchant_zone(uow)
    rows = payment_list(
        uow,
        selection=selection,
        zone=zone,
        sort=query.get("sort", "created"),
        descending=query.get("dir", "desc") != "asc",
        after=query.get("after"),
        before=query.get("before"),
        limit=limit,
    )
    return PaymentPage(selection, payment_dashboard(uow, selection=selection, zone=zone), rows)
