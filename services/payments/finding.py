"""Records by the id that people copy from elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.money import Money
from services.core.permissions import Permission
from services.payments.models import Charge, Customer, Payment, Payout, StripeAccount
from services.payments.views import FoundRecord


def find_records(uow: UnitOfWork, *, text: str) -> list[FoundRecord]:
    """The payment, payout or customer of the actor's entities with this Stripe id; a charge's id finds its payment.

    Answered by unique indexes alone, so that it can be asked at every keystroke.
    """
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    accounts = list(uow.session.scalars(select(StripeAccount.id).where(scope.allows(StripeAccount.entity_id))))
    of_charge = uow.session.scalars(
        select(Charge.payment_ref).where(
            Charge.account_id.in_(accounts), Charge.stripe_id == text, Charge.payment_ref.is_not(None)
        )
    )
    payments = _named(uow, Payment, accounts, [text, *of_charge])
    payouts, customers = (_named(uow, table, accounts, [text]) for table in (Payout, Customer))
    return [
        *_amounts("payment", payments),
        *_amounts("payout", payouts),
        *(FoundRecord("customer", row.id, row.stripe_id, None, row.name or row.email) for row in customers),
    ]


def _amounts(kind: str, rows: Sequence[Any]) -> list[FoundRecord]:
    return [FoundRecord(kind, row.id, row.stripe_id, Money(row.amount_minor, row.currency), None) for row in rows]


def _named(uow: UnitOfWork, table: Any, accounts: Sequence[uuid.UUID], ids: Sequence[str | None]) -> Sequence[Any]:
    return uow.session.scalars(select(table).where(table.account_id.in_(accounts), table.stripe_id.in_(ids))).all()
