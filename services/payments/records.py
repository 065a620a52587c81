"""Lists and single records: payments, payouts, customers."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission
from services.payments.dashboard import R, merchant_zone, rollup_conditions
from services.payments.models import BalanceTransaction, Customer, Payment, Payout
from services.payments.selection import Selection
from services.payments.views import CustomerRow, Listing, PaymentRow, PayoutRow
from services.payments.vocabulary import PAYOUT_CATEGORIES

_EXPORTED_AT_ONCE = 2000
_SORTS = {"created": Payment.created_at, "amount": Payment.amount_minor}
_PAYOUT_SORTS = {"created": Payout.created_at, "amount": Payout.amount_minor, "arrival": Payout.arrival_at}


def payment_list(
    uow: UnitOfWork,
    *,
    selection: Selection,
    zone: str | None = None,
    sort: str = "created",
    descending: bool = True,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Listing[PaymentRow]:
    """One page of exactly the payments a chart over the same selection counted. Raises Invalid for a bad cursor."""
    zone = zone or merchant_zone(uow)
    conditions, bounds = _payment_conditions(uow, selection, zone)
    rows, older, newer = _page(
        uow,
        _with_customer().where(*conditions),
        by=(_column(_SORTS, sort), Payment.id),
        descending=descending,
        after=after,
        before=before,
        limit=limit,
    )
    return Listing([payment_row(*row) for row in rows], _counted(uow, selection, conditions, bounds), older, newer)


def payment_export(uow: UnitOfWork, *, selection: Selection, zone: str | None = None) -> Iterator[PaymentRow]:
    """Every payment of a selection, newest first, read in parts."""
    conditions, _ = _payment_conditions(uow, selection, zone or merchant_zone(uow))
    query = _with_customer().where(*conditions).order_by(Payment.created_at.desc(), Payment.id.desc())
    for row in uow.session.execute(query.execution_options(yield_per=_EXPORTED_AT_ONCE)):
        yield payment_row(*row)


def payout_list(
    uow: UnitOfWork,
    *,
    currency: str | None = None,
    status: str | None = None,
    text: str | None = None,
    sort: str = "created",
    descending: bool = True,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Listing[PayoutRow]:
    """Payouts with the sum of their balance transactions, where those were read."""
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    conditions: list[ColumnElement[bool]] = [scope.allows(Payout.entity_id)]
    conditions += [
        c for c, wanted in ((Payout.currency == currency, currency), (Payout.status == status, status)) if wanted
    ]
    if text:
        conditions.append(or_(Payout.stripe_id == text, Payout.trace_ref.ilike(f"%{_escaped(text)}%")))
    column = _column(_PAYOUT_SORTS, sort)
    rows, older, newer = _page(
        uow,
        select(Payout).where(*conditions),
        by=(column, Payout.id),
        descending=descending,
        after=after,
        before=before,
        limit=limit,
    )
    payouts = [row[0] for row in rows]
    sums = composed_sums(uow, payouts)
    total = uow.session.scalar(select(func.count()).select_from(Payout).where(*conditions)) or 0
    return Listing([payout_row(payout, sums.get(payout.id)) for payout in payouts], total, older, newer)


def customer_list(
    uow: UnitOfWork,
    *,
    text: str | None = None,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Listing[CustomerRow]:
    """Customers, newest first, found by id, by the beginning of their address or by a part of their name."""
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    conditions: list[ColumnElement[bool]] = [scope.allows(Customer.entity_id)]
    if text:
        like = f"%{_escaped(text)}%"
        conditions.append(or_(Customer.stripe_id == text, Customer.name.ilike(like), Customer.email.ilike(like)))
    query = select(Customer).where(*conditions)
    rows, older, newer = _page(
        uow, query, by=(Customer.created_at, Customer.id), descending=True, after=after, before=before, limit=limit
    )
    total = uow.session.scalar(select(func.count()).select_from(Customer).where(*conditions)) or 0
    return Listing([customer_row(row[0]) for row in rows], total, older, newer)


def payout_row(payout: Payout, composed: tuple[int, int] | None) -> PayoutRow:
    net, parts = composed or (None, 0)
    return PayoutRow(
        id=payout.id,
        entity_id=payout.entity_id,
        stripe_id=payout.stripe_id,
        created_at=payout.created_at,
        arrival_on=payout.arrival_on,
        amount=Money(payout.amount_minor, payout.currency),
        status=payout.status,
        automatic=payout.automatic,
        trace_ref=payout.trace_ref,
        composed=None if net is None or payout.composed_at is None else Money(net, payout.currency),
        parts=parts,
        failure_code=payout.failure_code,
    )


def customer_row(customer: Customer) -> CustomerRow:
    return CustomerRow(
        customer.id,
        customer.entity_id,
        customer.stripe_id,
        customer.name,
        customer.email,
        customer.country,
        customer.created_at,
        customer.delinquent,
        customer.deleted,
    )


def _with_customer() -> Any:
    mine = and_(Customer.account_id == Payment.account_id, Customer.stripe_id == Payment.customer_ref)
    return select(Payment, Customer.name).outerjoin(Customer, mine)


def payment_row(payment: Payment, customer: str | None) -> PaymentRow:
    return PaymentRow(
        id=payment.id,
        entity_id=payment.entity_id,
        stripe_id=payment.stripe_id,
        created_at=payment.created_at,
        amount=Money(payment.amount_minor, payment.currency),
        refunded=Money(payment.refunded_minor, payment.currency),
        status=payment.status,
        method=payment.method,
        country=payment.country,
        failure=payment.failure_reason,
        attempts=payment.attempts,
        disputed=payment.disputed,
        customer_ref=payment.customer_ref,
        customer=customer,
        invoice_ref=payment.invoice_ref,
    )


def _payment_conditions(
    uow: UnitOfWork, selection: Selection, zone: str
) -> tuple[list[ColumnElement[bool]], tuple[dt.datetime, dt.datetime]]:
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    period = selection.period(uow.clock.today(zone), zone)
    bounds = period.bucket(selection.at) if selection.at else period.bounds
    wanted = (
        (Payment.currency, selection.currency),
        (Payment.method, selection.method),
        (Payment.country, selection.country),
        (Payment.status, selection.status),
        (Payment.failure_reason, selection.failure),
        (Payment.customer_ref, selection.customer),
    )
    conditions = [
        scope.allows(Payment.entity_id),
        # An hour of the rollup belongs to a selection as a whole, so a payment does by its hour.
        Payment.created_at >= bounds[0],
        Payment.created_at < bounds[1],
        *(column == value for column, value in wanted if value is not None),
    ]
    if selection.text:
        conditions.append(_found_by(selection.text))
    return conditions, bounds


def _found_by(text: str) -> ColumnElement[bool]:
    """An id of the payment, its charge, invoice or customer; or a part of the customer's name or address."""
    like = f"%{_escaped(text)}%"
    known = aliased(Customer)
    named = select(known.account_id, known.stripe_id).where(or_(known.name.ilike(like), known.email.ilike(like)))
    ids = (Payment.stripe_id, Payment.charge_ref, Payment.invoice_ref, Payment.customer_ref)
    return or_(*(column == text for column in ids), tuple_(Payment.account_id, Payment.customer_ref).in_(named))


def _counted(
    uow: UnitOfWork,
    selection: Selection,
    conditions: list[ColumnElement[bool]],
    bounds: tuple[dt.datetime, dt.datetime],
) -> int:
    """How many there are: from the rollup where it knows, counted otherwise."""
    if selection.text or selection.customer:
        return uow.session.scalar(select(func.count()).select_from(Payment).where(*conditions)) or 0
    within = (R.hour >= bounds[0], R.hour < bounds[1])
    return int(uow.session.scalar(select(func.sum(R.count)).where(*rollup_conditions(uow, selection), *within)) or 0)


def composed_sums(uow: UnitOfWork, payouts: Sequence[Payout]) -> dict[uuid.UUID, tuple[int, int]]:
    bt = BalanceTransaction
    parts = and_(bt.account_id == Payout.account_id, bt.payout_ref == Payout.stripe_id)
    rows = uow.session.execute(
        select(Payout.id, func.sum(bt.net_minor), func.count(bt.id))
        .join(bt, parts)
        .where(Payout.id.in_([payout.id for payout in payouts]), bt.reporting_category.not_in(PAYOUT_CATEGORIES))
        .group_by(Payout.id)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in rows}


def _page(
    uow: UnitOfWork,
    query: Select[Any],
    *,
    by: tuple[Any, Any],
    descending: bool,
    after: str | None,
    before: str | None,
    limit: int,
) -> tuple[Sequence[Any], str | None, str | None]:
    """Keyset paging: rows, the cursor of the next page and of the one before. `after` goes on in the list's order."""
    column, key = by
    back = before is not None and after is None
    cursor = before if back else after
    down = descending != back
    if cursor is not None:
        start = select(column, key).where(key == _id(cursor)).scalar_subquery()
        place = tuple_(column, key)
        query = query.where(place < start if down else place > start)
    order = (column.desc(), key.desc()) if down else (column.asc(), key.asc())
    rows = list(uow.session.execute(query.order_by(*order).limit(limit + 1)).all())
    more, rows = len(rows) > limit, rows[:limit]
    if back:
        rows.reverse()
    has_after, has_before = (True, more) if back else (more, cursor is not None)
    first, last = (str(rows[0][0].id), str(rows[-1][0].id)) if rows else (None, None)
    return rows, last if has_after else None, first if has_before else None


def _column(sorts: dict[str, Any], name: str) -> Any:
    if name not in sorts:
        raise Invalid(f"This list can be sorted by {', '.join(sorts)}.", sort=name)
    return sorts[name]


def _id(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(cursor)
    except ValueError:
        raise Invalid("This page of the list does not exist; go back to its start.") from None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
