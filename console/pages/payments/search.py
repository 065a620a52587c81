"""What the command palette finds among payments."""

from __future__ import annotations

from console import routes
from console.design.format import money
from console.kit.palette import Hits, Search
from services import payments
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_PLACES = {
    "payment": lambda found: routes.to(routes.PAYMENT, payment_id=found),
    "payout": lambda found: routes.to(routes.PAYOUT, payout_id=found),
    "customer": lambda found: routes.to(routes.CUSTOMER, customer_id=found),
}


def _find(uow: UnitOfWork, text: str, locale: str) -> Hits:
    return [
        (one.stripe_id, money(one.amount, locale) if one.amount else one.name or "", _PLACES[one.kind](one.id))
        for one in payments.find_records(uow, text=text)
    ]


SEARCH = Search("shell.found_payments", "credit-card", Permission.PAYMENT_READ, _find)
