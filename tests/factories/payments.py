"""Stripe objects as its API answers them (pinned version), with only what a test cares about to say."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

from services import identity, payments
from services.core.db import UnitOfWork
from services.payments.ingest import Snapshot, ingest
from services.payments.vocabulary import StripeObject

_numbers = itertools.count(1)
START = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
SEEN = START + dt.timedelta(days=60)


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


def intent(*, at: dt.datetime = START, status: str = "succeeded", amount: int = 1999, **extra: Any) -> dict[str, Any]:
    return {
        "id": ref("pi"),
        "object": "payment_intent",
        "created": stamp(at),
        "status": status,
        "amount": amount,
        "amount_received": amount if status == "succeeded" else 0,
        "currency": "eur",
        "payment_method_types": ["card"],
        "customer": None,
        "latest_charge": None,
        "last_payment_error": None,
        "description": None,
        "canceled_at": None,
    } | extra


def charge(
    *,
    intent: str | None = None,
    at: dt.datetime = START,
    status: str = "succeeded",
    amount: int = 1999,
    method: str = "card",
    country: str = "DE",
    decline: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    return {
        "id": ref("ch"),
        "object": "charge",
        "created": stamp(at),
        "status": status,
        "amount": amount,
        "amount_refunded": 0,
        "currency": "eur",
        "payment_intent": intent,
        "customer": None,
        "balance_transaction": None,
        "disputed": False,
        "payment_method_details": {"type": method, method: {"country": country, "brand": "visa", "last4": "4242"}},
        "failure_code": "card_declined" if decline else None,
        "outcome": {"reason": decline},
    } | extra


def balance_transaction(
    *, source: str | None, category: str = "charge", amount: int = 1999, fee: int = 58, at: dt.datetime = START
) -> dict[str, Any]:
    return {
        "id": ref("txn"),
        "object": "balance_transaction",
        "created": stamp(at),
        "type": category,
        "reporting_category": category,
        "source": source,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "eur",
        "available_on": stamp(at + dt.timedelta(days=2)),
        "description": None,
    }


def payout(*, amount: int, at: dt.datetime = START, status: str = "paid", **extra: Any) -> dict[str, Any]:
    return {
        "id": ref("po"),
        "object": "payout",
        "created": stamp(at),
        "arrival_date": stamp((at + dt.timedelta(days=1)).replace(hour=0, minute=0)),
        "amount": amount,
        "currency": "eur",
        "status": status,
        "automatic": True,
        "method": "standard",
        "trace_id": {"status": "supported", "value": f"TR{next(_numbers)}"},
        "statement_descriptor": "STRIPE",
        "reconciliation_status": "completed",
        "failure_code": None,
    } | extra


def refund(*, charge: str, amount: int, at: dt.datetime = START, status: str = "succeeded") -> dict[str, Any]:
    return {
        "id": ref("re"),
        "object": "refund",
        "created": stamp(at),
        "charge": charge,
        "payment_intent": None,
        "amount": amount,
        "currency": "eur",
        "status": status,
        "reason": "requested_by_customer",
        "failure_reason": None,
    }


def dispute(
    *, charge: str, amount: int, at: dt.datetime = START, status: str = "lost", reason: str = "debit_not_authorized"
) -> dict[str, Any]:
    return {
        "id": ref("dp"),
        "object": "dispute",
        "created": stamp(at),
        "charge": charge,
        "payment_intent": None,
        "amount": amount,
        "currency": "eur",
        "status": status,
        "reason": reason,
        "payment_method_details": None,
        "evidence_details": {"due_by": None},
    }


def stored(
    uow: UnitOfWork,
    account: payments.AccountView,
    kind: StripeObject,
    *raw: dict[str, Any],
    seen_at: dt.datetime = SEEN,
) -> int:
    """Brings the objects in as a sync would; how many rows were new or differed."""
    return ingest(uow, account=account, kind=kind, snapshots=[Snapshot(one, seen_at) for one in raw])
