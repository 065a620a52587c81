"""Objects that may have changed since they were made, although no list by creation shows it.

Two reasons to look again: the object is in a state that still moves (a pending charge, an open invoice), or money
moved for it (a balance transaction, a refund or a dispute that arrived names an older charge).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, text

from services.core.db import UnitOfWork
from services.core.ids import new_id
from services.core.permissions import Permission
from services.integrations.stripe_gateway import PAGE
from services.payments.checking import TABLES
from services.payments.models import BalanceTransaction, Charge, Dispute, Invoice, Payment, Payout, Refund
from services.payments.views import AccountView, WindowView
from services.payments.vocabulary import PayoutStatus, StripeObject

_MOVING_FOR = dt.timedelta(days=120)
_PAYOUT_MAY_FAIL_FOR = dt.timedelta(days=10)
_GIVEN_UP_WITHIN = dt.timedelta(days=7)
_PAGE_COSTS = 3  # a page of a list against one object, in time
_FINAL_DISPUTES = ("won", "lost", "warning_closed", "prevented")

Moving = tuple[Any, ColumnElement[bool]]


def _payments(before: dt.datetime) -> Moving:
    """A failed one moves on by a new charge, which is noticed; only giving it up leaves no other trace."""
    young = Payment.created_at >= before - _GIVEN_UP_WITHIN
    going_on = Payment.intent_status.in_(("processing", "requires_action", "requires_capture"))
    waiting = Payment.intent_status.in_(("requires_payment_method", "requires_confirmation"))
    return Payment, Payment.stripe_id.startswith("pi_") & (going_on | (waiting & young))


def _payouts(before: dt.datetime) -> Moving:
    may_fail = Payout.created_at >= before - _PAYOUT_MAY_FAIL_FOR
    return Payout, Payout.status.in_((PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT)) | may_fail


_MOVING: dict[StripeObject, Callable[[dt.datetime], Moving]] = {
    StripeObject.CHARGE: lambda _: (Charge, Charge.status == "pending"),
    StripeObject.INVOICE: lambda _: (Invoice, Invoice.status.in_(("draft", "open", "uncollectible"))),
    StripeObject.PAYMENT_INTENT: _payments,
    StripeObject.REFUND: lambda _: (Refund, Refund.status.in_(("pending", "requires_action"))),
    StripeObject.DISPUTE: lambda _: (Dispute, Dispute.status.not_in(_FINAL_DISPUTES)),
    StripeObject.PAYOUT: _payouts,
}

# Charges that are new, or whose money moved, since `since`; with the payments and invoices they belong to.
_TOUCHED = """
    WITH moved AS (
        SELECT source_ref AS ref FROM balance_transaction
        WHERE entity_id = :entity AND account_id = :account AND created_at >= :since AND source_ref IS NOT NULL
    ), charges AS (
        SELECT ref FROM moved
        UNION SELECT stripe_id FROM charge
              WHERE entity_id = :entity AND account_id = :account AND created_at >= :since
        UNION SELECT charge_ref FROM refund
              WHERE entity_id = :entity AND account_id = :account AND created_at >= :since
        UNION SELECT charge_ref FROM dispute
              WHERE entity_id = :entity AND account_id = :account AND created_at >= :since
        UNION SELECT r.charge_ref FROM moved JOIN refund r ON r.account_id = :account AND r.stripe_id = moved.ref
        UNION SELECT d.charge_ref FROM moved JOIN dispute d ON d.account_id = :account AND d.stripe_id = moved.ref
    )
    SELECT CASE WHEN c.created_at < :since THEN c.stripe_id END AS charge,
           CASE WHEN p.created_at < :since AND p.stripe_id LIKE 'pi%' THEN p.stripe_id END AS payment,
           CASE WHEN p.created_at < :since THEN p.invoice_ref END AS invoice
    FROM charges JOIN charge c ON c.account_id = :account AND c.stripe_id = charges.ref
    LEFT JOIN payment p ON p.account_id = :account AND p.stripe_id = c.payment_ref
"""


def moving_refs(uow: UnitOfWork, *, account: AccountView, kind: StripeObject, before: dt.datetime) -> list[str]:
    """Ids of objects made before `before` (the lists did not show them) whose state may still change."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    if kind not in _MOVING:
        return []
    table, moving = _MOVING[kind](before)
    return list(
        uow.session.scalars(
            select(table.stripe_id).where(
                table.entity_id == account.entity_id,
                table.account_id == account.id,
                table.created_at < before,
                table.created_at >= before - _MOVING_FOR,
                moving,
            )
        )
    )


def touched_refs(uow: UnitOfWork, *, account: AccountView, since: dt.datetime) -> dict[StripeObject, list[str]]:
    """Charges, payments, invoices and refunds older than `since` for which something happened after it."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    older = (Charge.entity_id == account.entity_id, Charge.account_id == account.id, Charge.created_at < since)
    if uow.session.scalar(select(Charge.id).where(*older).limit(1)) is None:
        return {}
    rows = uow.session.execute(
        text(_TOUCHED), {"entity": account.entity_id, "account": account.id, "since": since}
    ).all()
    returned = select(BalanceTransaction.source_ref).where(
        BalanceTransaction.entity_id == account.entity_id,
        BalanceTransaction.account_id == account.id,
        BalanceTransaction.created_at >= since,
        BalanceTransaction.reporting_category == "refund_failure",
    )
    return {
        StripeObject.REFUND: _unique(uow.session.scalars(returned)),
        StripeObject.CHARGE: _unique(row.charge for row in rows),
        StripeObject.INVOICE: _unique(row.invoice for row in rows),
        StripeObject.PAYMENT_INTENT: _unique(row.payment for row in rows),
    }


def _unique(refs: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(ref for ref in refs if ref is not None))


def stretch_over(
    uow: UnitOfWork, *, account: AccountView, kind: StripeObject, refs: Sequence[str]
) -> WindowView | None:
    """The stretch of creation time that holds all of `refs`, if listing it asks Stripe less than fetching each."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    table = TABLES[kind]
    mine = (table.entity_id == account.entity_id, table.account_id == account.id)
    first, last = uow.session.execute(
        select(func.min(table.created_at), func.max(table.created_at)).where(*mine, table.stripe_id.in_(refs))
    ).one()
    if first is None:
        return None
    within = (table.created_at >= first, table.created_at <= last)
    count = uow.session.scalar(select(func.count()).select_from(table).where(*mine, *within)) or 0
    if count / PAGE * _PAGE_COSTS > len(refs):
        return None
    return WindowView(new_id(), account, kind, first, last + dt.timedelta(seconds=1), None)


def unlinked_payouts(uow: UnitOfWork, *, account: AccountView) -> list[str]:
    """Automatic payouts whose parts Stripe has settled and which were not read yet, oldest first."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    settled = (Payout.reconciliation_status == "completed") | (
        Payout.reconciliation_status.is_(None) & (Payout.status == PayoutStatus.PAID)
    )
    return list(
        uow.session.scalars(
            select(Payout.stripe_id)
            .where(Payout.account_id == account.id, Payout.automatic, settled, Payout.composed_at.is_(None))
            .order_by(Payout.created_at)
        )
    )


def unknown_transactions(uow: UnitOfWork, *, account: AccountView, refs: list[str]) -> set[str]:
    """Those of `refs` that are not stored yet."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    known = select(BalanceTransaction.stripe_id).where(
        BalanceTransaction.account_id == account.id, BalanceTransaction.stripe_id.in_(refs)
    )
    return set(refs) - set(uow.session.scalars(known))
