"""One record with everything that belongs to it."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.money import Money
from services.core.permissions import Permission
from services.payments.models import (
    BalanceTransaction,
    Charge,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Payout,
    Refund,
    StripeAccount,
    WebhookEvent,
)
from services.payments.records import composed_sums, customer_row, payment_row, payout_row
from services.payments.views import (
    ChargeView,
    CustomerStory,
    DisputeView,
    EventLine,
    InvoiceLine,
    MovementView,
    PaymentStory,
    PayoutStory,
    RefundView,
)

_MOST = 200
_T = TypeVar("_T")


def payment_story(uow: UnitOfWork, *, payment_id: uuid.UUID) -> PaymentStory:
    """A payment from its first try to the payout that paid it out. Raises NotFound outside the reader's entities."""
    payment = _visible(uow, Payment, payment_id)
    charges = _of_account(uow, Charge, payment, Charge.payment_ref == payment.stripe_id)
    charge_refs = [charge.stripe_id for charge in charges]
    refunds = _of_account(uow, Refund, payment, Refund.charge_ref.in_(charge_refs))
    disputes = _of_account(uow, Dispute, payment, Dispute.charge_ref.in_(charge_refs))
    refs = [payment.stripe_id, *charge_refs, *(r.stripe_id for r in refunds), *(d.stripe_id for d in disputes)]
    movements = _of_account(uow, BalanceTransaction, payment, BalanceTransaction.source_ref.in_(refs))
    payouts = _of_account(uow, Payout, payment, Payout.stripe_id.in_({m.payout_ref for m in movements if m.payout_ref}))
    customer = _of_account(uow, Customer, payment, Customer.stripe_id == payment.customer_ref)
    invoice = _of_account(uow, Invoice, payment, Invoice.stripe_id == payment.invoice_ref)
    sums = composed_sums(uow, payouts)
    return PaymentStory(
        payment=payment_row(payment, customer[0].name if customer else None),
        account=_code(uow, payment.account_id),
        received=Money(payment.received_minor, payment.currency),
        fees=_fees(movements),
        description=payment.description,
        canceled_at=payment.canceled_at,
        read_at=payment.source_at,
        customer=customer_row(customer[0]) if customer else None,
        invoice=_invoice(invoice[0]) if invoice else None,
        charges=[_charge(charge) for charge in charges],
        refunds=[_refund(refund) for refund in refunds],
        disputes=[_dispute(dispute) for dispute in disputes],
        movements=[_movement(movement) for movement in movements],
        payouts=[payout_row(payout, sums.get(payout.id)) for payout in payouts],
        events=_events(uow, payment.account_id, refs),
    )


def payout_story(uow: UnitOfWork, *, payout_id: uuid.UUID) -> PayoutStory:
    """A payout with its balance transactions (the first 200) and whether they add up to it."""
    payout = _visible(uow, Payout, payout_id)
    movements = _of_account(uow, BalanceTransaction, payout, BalanceTransaction.payout_ref == payout.stripe_id)
    own = [m for m in movements if m.source_ref != payout.stripe_id]
    return PayoutStory(
        payout=payout_row(payout, composed_sums(uow, [payout]).get(payout.id)),
        account=_code(uow, payout.account_id),
        method=payout.method,
        descriptor=payout.statement_descriptor,
        composed_at=payout.composed_at,
        movements=[_movement(movement) for movement in own],
        events=_events(uow, payout.account_id, [payout.stripe_id]),
    )


def customer_story(uow: UnitOfWork, *, customer_id: uuid.UUID) -> CustomerStory:
    """A customer with the newest payments and invoices."""
    customer = _visible(uow, Customer, customer_id)
    payments = _of_account(uow, Payment, customer, Payment.customer_ref == customer.stripe_id, newest=True)
    invoices = _of_account(uow, Invoice, customer, Invoice.customer_ref == customer.stripe_id, newest=True)
    return CustomerStory(
        customer=customer_row(customer),
        account=_code(uow, customer.account_id),
        payments=[payment_row(payment, customer.name) for payment in payments],
        invoices=[_invoice(invoice) for invoice in invoices],
    )


def _visible(uow: UnitOfWork, table: type[_T], record_id: uuid.UUID) -> _T:
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    model: Any = table
    row = uow.session.scalar(select(table).where(model.id == record_id, scope.allows(model.entity_id)))
    if row is None:
        raise NotFound("There is no such record in the entities you may see.")
    return row


def _of_account(uow: UnitOfWork, table: type[_T], owner: Any, condition: Any, *, newest: bool = False) -> list[_T]:
    model: Any = table
    order = model.created_at.desc() if newest else model.created_at
    query = select(table).where(model.account_id == owner.account_id, condition).order_by(order, model.id)
    return list(uow.session.scalars(query.limit(_MOST)))


def _code(uow: UnitOfWork, account_id: uuid.UUID) -> str:
    return uow.session.get_one(StripeAccount, account_id).code


def _events(uow: UnitOfWork, account_id: uuid.UUID, refs: list[str]) -> list[EventLine]:
    rows = uow.session.scalars(
        select(WebhookEvent)
        .where(WebhookEvent.account_id == account_id, WebhookEvent.object_ref.in_(refs))
        .order_by(WebhookEvent.made_at)
        .limit(_MOST)
    )
    return [EventLine(row.event_id, row.type, row.object_ref, row.made_at, row.state) for row in rows]


def _fees(movements: list[BalanceTransaction]) -> tuple[Money, ...]:
    sums: dict[str, int] = {}
    for movement in movements:
        sums[movement.currency] = sums.get(movement.currency, 0) + movement.fee_minor
    return tuple(Money(minor, currency) for currency, minor in sums.items())


def _charge(row: Charge) -> ChargeView:
    return ChargeView(
        row.stripe_id,
        row.created_at,
        Money(row.amount_minor, row.currency),
        row.status,
        row.method,
        row.country,
        row.instrument,
        row.decline_code or row.failure_code,
        row.failure_message,
    )


def _refund(row: Refund) -> RefundView:
    return RefundView(row.stripe_id, row.created_at, Money(row.amount_minor, row.currency), row.status, row.reason)


def _dispute(row: Dispute) -> DisputeView:
    money = Money(row.amount_minor, row.currency)
    return DisputeView(row.stripe_id, row.created_at, money, row.status, row.reason, row.evidence_due_at)


def _movement(row: BalanceTransaction) -> MovementView:
    return MovementView(
        row.stripe_id,
        row.created_at,
        row.reporting_category,
        row.source_ref,
        Money(row.amount_minor, row.currency),
        Money(row.fee_minor, row.currency),
        Money(row.net_minor, row.currency),
        row.payout_ref,
    )


def _invoice(row: Invoice) -> InvoiceLine:
    return InvoiceLine(
        row.id,
        row.stripe_id,
        row.number,
        row.created_at,
        row.status,
        Money(row.total_minor, row.currency),
        Money(row.remaining_minor, row.currency),
        row.attempt_count,
        row.due_at,
    )
