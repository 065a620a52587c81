"""Facts of invoices for those who chase them: what is owed, how often collecting failed, and why."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, Subquery, and_, case, func, lateral, null, select, true, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.payments.models import BalanceTransaction, Charge, Customer, Dispute, Invoice, Payment, StripeAccount
from services.payments.vocabulary import ChargeStatus, InvoiceStatus

_SEPA = "sepa_debit"
_TOOK_MONEY = ("needs_response", "under_review", "lost")  # not while it is only an inquiry, nor once it is won
_REASON = func.coalesce(Charge.decline_code, Charge.failure_code, "unknown")
_RETURNED_AT = case((Charge.method == _SEPA, func.coalesce(BalanceTransaction.created_at, Charge.created_at)))


class InvoicePopulation(StrEnum):
    """Unpaid: open and something remains. Failed: the first failed attempt lies in the period. Returned: a SEPA
    direct debit came back in the period, as a failed charge or, after it had succeeded, as a dispute."""

    UNPAID = "unpaid"
    FAILED = "failed"
    RETURNED = "returned"


def invoice_facts(population: InvoicePopulation, *, since: dt.datetime | None = None) -> Select[*tuple[Any, ...]]:
    """One row for each invoice of the population, without a scope of its own: the caller applies one to `entity_id`.

    `failed_attempts`, `first_failed_at`, `last_failed_at` and `last_reason` (decline code, else failure code) tell of
    failed charges; `returned_at` and `return_reason` of the last SEPA debit that came back (the time Stripe took the
    money back). `in_collection` says that an attempt is under way. Amounts in minor units of `currency`.
    """
    failures = _failures(population, since)
    unpaid = population is InvoicePopulation.UNPAID
    joined = (
        true()
        if unpaid
        else and_(failures.c.account_id == Invoice.account_id, failures.c.payment_ref == Invoice.payment_ref)
    )
    query = (
        select(
            *_invoice_columns(), *(column for column in failures.c if column.name not in {"account_id", "payment_ref"})
        )
        .select_from(Invoice)
        .join(StripeAccount, StripeAccount.id == Invoice.account_id)
        .join(failures, joined)
        .outerjoin(Payment, and_(Payment.account_id == Invoice.account_id, Payment.stripe_id == Invoice.payment_ref))
        .outerjoin(
            Customer, and_(Customer.account_id == Invoice.account_id, Customer.stripe_id == Invoice.customer_ref)
        )
    )
    if unpaid:
        return query.where(Invoice.status == InvoiceStatus.OPEN, Invoice.remaining_minor > 0)
    return query


def _invoice_columns() -> list[Any]:
    return [
        Invoice.id.label("invoice_id"),
        Invoice.entity_id.label("entity_id"),
        StripeAccount.code.label("account"),
        StripeAccount.time_zone.label("time_zone"),
        Invoice.stripe_id.label("invoice_ref"),
        Invoice.number.label("number"),
        Invoice.customer_ref.label("customer_ref"),
        Customer.name.label("customer_name"),
        Payment.id.label("payment_id"),
        func.coalesce(Payment.method, "unknown").label("method"),
        func.coalesce(Payment.status == "processing", False).label("in_collection"),
        Invoice.status.label("status"),
        Invoice.currency.label("currency"),
        Invoice.due_minor.label("due_minor"),
        Invoice.remaining_minor.label("remaining_minor"),
        func.coalesce(Invoice.due_at, Invoice.finalized_at, Invoice.created_at).label("due_at"),
        Invoice.next_attempt_at.label("next_attempt_at"),
        Invoice.paid_at.label("paid_at"),
        func.coalesce(Invoice.uncollectible_at, Invoice.voided_at).label("closed_at"),
    ]


def _failures(population: InvoicePopulation, since: dt.datetime | None) -> Any:
    """Failed charges per payment; for unpaid invoices looked up one by one, else gathered once."""
    if population is InvoicePopulation.RETURNED:
        return _returns(since)
    latest = aggregate_order_by(_REASON, Charge.created_at.desc(), Charge.stripe_id)
    query: Select[*tuple[Any, ...]] = _failed_charges(
        func.count(Charge.id).label("failed_attempts"),
        func.min(Charge.created_at).label("first_failed_at"),
        func.max(Charge.created_at).label("last_failed_at"),
        func.array_agg(latest)[1].label("last_reason"),
        func.max(_RETURNED_AT).label("returned_at"),
        func.array_agg(latest).filter(Charge.method == _SEPA)[1].label("return_reason"),
    )
    if population is InvoicePopulation.UNPAID:
        own = and_(Charge.account_id == Invoice.account_id, Charge.payment_ref == Invoice.payment_ref)
        return lateral(query.where(own).correlate(Invoice), name="failures")
    grouped = query.add_columns(
        Charge.account_id.label("account_id"), Charge.payment_ref.label("payment_ref")
    ).group_by(Charge.account_id, Charge.payment_ref)
    return (grouped if since is None else grouped.having(func.min(Charge.created_at) >= since)).subquery("failures")


def _failed_charges(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Failed charges; a SEPA debit with the movement that took its money back."""
    taken_back = and_(
        Charge.method == _SEPA,
        BalanceTransaction.account_id == Charge.account_id,
        BalanceTransaction.source_ref == Charge.stripe_id,
        BalanceTransaction.reporting_category == "charge_failure",
    )
    query = select(*columns).select_from(Charge).outerjoin(BalanceTransaction, taken_back)
    return query.where(Charge.status == ChargeStatus.FAILED)


def _returns(since: dt.datetime | None) -> Subquery:
    """SEPA debits that came back, per payment: as a failure before Stripe counted them as paid, as a dispute after.

    A debit that succeeded may come back for eight weeks without a question, for thirteen months if it was not
    authorised; Stripe tells it as a dispute of the charge. One that was won back is none.
    """
    failed = _failed_charges(
        Charge.account_id,
        Charge.payment_ref,
        Charge.stripe_id.label("stripe_id"),
        Charge.created_at.label("failed_at"),
        _REASON.label("reason"),
        _RETURNED_AT.label("returned_at"),
    )
    debit = and_(Charge.account_id == Dispute.account_id, Charge.stripe_id == Dispute.charge_ref)
    disputed = (
        select(
            Dispute.account_id,
            Charge.payment_ref,
            Dispute.stripe_id,
            null(),
            func.coalesce(Dispute.network_reason_code, Dispute.reason),
            Dispute.created_at,
        )
        .join(Charge, debit)
        .where(Charge.method == _SEPA, Dispute.status.in_(_TOOK_MONEY))
    )
    one = union_all(failed, disputed).subquery("came_back")
    newest = aggregate_order_by(one.c.reason, one.c.failed_at.desc(), one.c.stripe_id)
    last = aggregate_order_by(one.c.reason, one.c.returned_at.desc(), one.c.stripe_id)
    returned_at = func.max(one.c.returned_at)
    return (
        select(
            one.c.account_id,
            one.c.payment_ref,
            func.count(one.c.failed_at).label("failed_attempts"),
            func.min(one.c.failed_at).label("first_failed_at"),
            func.max(one.c.failed_at).label("last_failed_at"),
            func.array_agg(newest).filter(one.c.failed_at.is_not(None))[1].label("last_reason"),
            returned_at.label("returned_at"),
            func.array_agg(last).filter(one.c.returned_at.is_not(None))[1].label("return_reason"),
        )
        .group_by(one.c.account_id, one.c.payment_ref)
        .having(returned_at.is_not(None) if since is None else returned_at >= since)
        .subquery("failures")
    )
