"""Reading dunning: the figures, and the invoices behind each of them by the same filter."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Subquery, and_, case, cast, func, literal, select, tuple_

from services import identity, payments
from services.core.clock import business_day
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.dunning import policy
from services.dunning.views import DunningOverview, Figure, InvoiceFilter, InvoicePage, InvoiceRow, RecoveryMonth
from services.dunning.vocabulary import AGE_LIMITS, MOST_ATTEMPTS, RECOVERY_MONTHS, RETURN_DAYS, Age, Outcome
from services.payments import InvoicePopulation


def overview(uow: UnitOfWork, *, currency: str | None = None) -> DunningOverview:
    """The dashboard in `currency`, by default that of most unpaid invoices.

    Unpaid: open with something left. At risk: unpaid, failed at least once, and no attempt under way.
    """
    groups = _unpaid_groups(uow)
    currencies = tuple(sorted({group.currency for group in groups}))
    chosen = currency or policy.leading_currency(groups) or "EUR"
    base = InvoiceFilter(currency=chosen)
    returns, months = _returns(uow, chosen), _recovery(uow, chosen)
    returned = InvoiceFilter(InvoicePopulation.RETURNED, currency=chosen)
    failed = InvoiceFilter(InvoicePopulation.FAILED, currency=chosen)
    mine = [group for group in groups if group.currency == chosen]
    at_risk = InvoiceFilter(currency=chosen, at_risk=True)
    return DunningOverview(
        as_of=uow.clock.now(),
        currency=chosen,
        currencies=currencies or (chosen,),
        unpaid=policy.figure("unpaid", mine, base),
        at_risk=policy.figure("at_risk", (group for group in mine if group.at_risk), at_risk),
        by_age=policy.by_age(mine, base),
        by_attempts=policy.by_attempts(mine, base),
        by_reason=policy.by_reason(mine, base),
        returns=returns,
        returned=policy.figure("returned", returns, returned),
        failed=policy.figure("failed", (month.failed for month in months), failed),
        recovered=policy.figure(
            "recovered", (month.recovered for month in months), replace(failed, outcome=Outcome.RECOVERED)
        ),
        recovery=months,
    )


def invoices(uow: UnitOfWork, *, filter_: InvoiceFilter, after: str | None = None, limit: int = 50) -> list[InvoiceRow]:
    """The invoices a figure counts, longest due first; `after` is the cursor of the last row of the page above."""
    facts = _facts(uow, filter_.population)
    query = _filtered(uow, facts, filter_).order_by(facts.c.due_at, facts.c.invoice_id).limit(limit)
    if after is not None:
        query = query.where(tuple_(facts.c.due_at, facts.c.invoice_id) > tuple_(*_read_cursor(after)))
    return [_row(row) for row in uow.session.execute(query)]


def invoice_page(uow: UnitOfWork, *, filter_: InvoiceFilter, after: str | None = None, limit: int = 50) -> InvoicePage:
    """A page of the list with what stands under all of it."""
    rows = invoices(uow, filter_=filter_, after=after, limit=limit + 1)
    return InvoicePage(tuple(rows[:limit]), len(rows) > limit, tuple(totals(uow, filter_=filter_)))


def totals(uow: UnitOfWork, *, filter_: InvoiceFilter) -> list[tuple[str, int, int]]:
    """(currency, count, owed in minor units) of the filtered invoices: what stands under their list."""
    listed = _filtered(uow, _facts(uow, filter_.population), filter_).subquery()
    rows = uow.session.execute(
        select(listed.c.currency, func.count(), func.sum(listed.c.owed_minor))
        .group_by(listed.c.currency)
        .order_by(listed.c.currency)
    )
    return [(currency, count, int(owed)) for currency, count, owed in rows]


def _facts(uow: UnitOfWork, population: InvoicePopulation) -> Subquery:
    """Invoices of the population in the reader's entities."""
    scope = uow.actor.scope(Permission.DUNNING_READ)
    found = payments.invoice_facts(population, since=_since(uow, population)).subquery("found")
    return select(found).where(scope.allows(found.c.entity_id)).subquery("facts")


def _since(uow: UnitOfWork, population: InvoicePopulation) -> dt.datetime | None:
    now = uow.clock.now()
    if population is InvoicePopulation.RETURNED:
        return now - dt.timedelta(days=RETURN_DAYS)
    if population is InvoicePopulation.FAILED:
        first = _months(uow)[0]
        return dt.datetime.fromisoformat(f"{first}-01T00:00:00+00:00") - dt.timedelta(days=1)
    return None


def _filtered(uow: UnitOfWork, facts: Subquery, filter_: InvoiceFilter) -> Select[*tuple[Any, ...]]:
    """The rows of a list and of its totals; each clause is the expression the figures group by."""
    query = select(
        facts,
        _age_days(uow, facts).label("age_days"),
        cast(func.timezone(facts.c.time_zone, facts.c.due_at), Date).label("due_on"),
        _owed(facts, filter_.population).label("owed_minor"),
        _reason(facts, filter_.population).label("reason"),
    )
    clauses: list[tuple[object, ColumnElement[Any]]] = [
        (filter_.currency, facts.c.currency),
        (filter_.age, _age(uow, facts)),
        (filter_.attempts, _attempts(facts)),
        (filter_.reason, _reason(facts, filter_.population)),
        (filter_.at_risk or None, _at_risk(facts)),
        (filter_.month, _month(facts)),
        (filter_.outcome, _outcome(facts)),
    ]
    query = query.where(*(column == value for value, column in clauses if value is not None))
    return query.where(_in_months(uow, facts)) if filter_.population is InvoicePopulation.FAILED else query


def _unpaid_groups(uow: UnitOfWork) -> list[policy.UnpaidGroup]:
    facts = _facts(uow, InvoicePopulation.UNPAID)
    keys = (facts.c.currency, _age(uow, facts), _attempts(facts), facts.c.last_reason, _at_risk(facts))
    inner = select(*(key.label(f"k{n}") for n, key in enumerate(keys)), facts.c.remaining_minor).subquery()
    rows = uow.session.execute(
        select(*inner.c[:5], func.count(), func.sum(inner.c.remaining_minor)).group_by(*inner.c[:5])
    )
    return [policy.UnpaidGroup(row[0], Age(row[1]), row[2], row[3], row[4], row[5], int(row[6])) for row in rows]


def _returns(uow: UnitOfWork, currency: str) -> tuple[Figure, ...]:
    """Invoices with a SEPA debit that came back in the last 90 days, by the reason of the last one."""
    facts = _facts(uow, InvoicePopulation.RETURNED)
    rows = uow.session.execute(
        select(facts.c.return_reason, func.count(), func.sum(facts.c.due_minor))
        .where(facts.c.currency == currency)
        .group_by(facts.c.return_reason)
        .order_by(func.count().desc(), facts.c.return_reason)
    )
    base = InvoiceFilter(InvoicePopulation.RETURNED, currency=currency)
    return tuple(
        Figure(reason, count, int(amount), InvoiceFilter(base.population, currency=currency, reason=reason))
        for reason, count, amount in rows
    )


def _recovery(uow: UnitOfWork, currency: str) -> tuple[RecoveryMonth, ...]:
    facts = _facts(uow, InvoicePopulation.FAILED)
    seconds = func.extract("epoch", facts.c.paid_at - facts.c.first_failed_at)
    inner = (
        select(
            _month(facts).label("month"),
            _outcome(facts).label("outcome"),
            facts.c.due_minor,
            seconds.label("seconds"),
        )
        .where(facts.c.currency == currency, _in_months(uow, facts))
        .subquery()
    )
    rows = uow.session.execute(
        select(
            inner.c.month,
            inner.c.outcome,
            func.count(),
            func.sum(inner.c.due_minor),
            func.percentile_cont(0.5).within_group(inner.c.seconds),
        ).group_by(inner.c.month, inner.c.outcome)
    ).all()
    groups = [
        policy.RecoveryGroup(month, Outcome(outcome), count, int(amount)) for month, outcome, count, amount, _ in rows
    ]
    medians = {
        month: float(median) / 86_400
        for month, outcome, _, _, median in rows
        if outcome == Outcome.RECOVERED and median is not None
    }
    return policy.recovery(_months(uow), groups, medians, InvoiceFilter(InvoicePopulation.FAILED, currency=currency))


def _age_days(uow: UnitOfWork, facts: Subquery) -> ColumnElement[int]:
    now = literal(uow.clock.now())
    return cast(func.timezone(facts.c.time_zone, now), Date) - cast(
        func.timezone(facts.c.time_zone, facts.c.due_at), Date
    )


def _age(uow: UnitOfWork, facts: Subquery) -> ColumnElement[str]:
    days = _age_days(uow, facts)
    return case(*((days <= limit, age.value) for age, limit in AGE_LIMITS), else_=Age.OLDER.value)


def _attempts(facts: Subquery) -> ColumnElement[int]:
    return func.least(facts.c.failed_attempts, MOST_ATTEMPTS)


def _at_risk(facts: Subquery) -> ColumnElement[bool]:
    return and_(facts.c.failed_attempts > 0, facts.c.in_collection.is_(False), facts.c.status == "open")


def _reason(facts: Subquery, population: InvoicePopulation) -> ColumnElement[str]:
    return facts.c.return_reason if population is InvoicePopulation.RETURNED else facts.c.last_reason


def _month(facts: Subquery) -> ColumnElement[str]:
    return func.to_char(func.timezone(facts.c.time_zone, facts.c.first_failed_at), "YYYY-MM")


def _months(uow: UnitOfWork) -> list[str]:
    """The last of them is the month that has begun in at least one of the reader's legal entities."""
    now = uow.clock.now()
    entities = identity.legal_entities(uow, permission=Permission.DUNNING_READ)
    today = max((business_day(now, entity.time_zone) for entity in entities), default=now.date())
    return policy.last_months(today, RECOVERY_MONTHS)


def _in_months(uow: UnitOfWork, facts: Subquery) -> ColumnElement[bool]:
    """The first failure lies in one of the months that are shown."""
    months = _months(uow)
    return _month(facts).between(months[0], months[-1])


def _outcome(facts: Subquery) -> ColumnElement[str]:
    return case(
        (facts.c.status == "paid", Outcome.RECOVERED.value),
        (facts.c.status.in_(("uncollectible", "void")), Outcome.LOST.value),
        else_=Outcome.OPEN.value,
    )


def _owed(facts: Subquery, population: InvoicePopulation) -> ColumnElement[int]:
    """What is still owed of an unpaid invoice; of one that failed or came back, what was to be collected."""
    return facts.c.remaining_minor if population is InvoicePopulation.UNPAID else facts.c.due_minor


def _read_cursor(cursor: str) -> tuple[dt.datetime, uuid.UUID]:
    due_at, _, invoice_id = cursor.partition("|")
    try:
        return dt.datetime.fromisoformat(due_at), uuid.UUID(invoice_id)
    except ValueError:
        raise Invalid("This page of the list does not exist; start again from its first one.") from None


def _row(row: Any) -> InvoiceRow:
    return InvoiceRow(
        invoice_id=row.invoice_id,
        payment_id=row.payment_id,
        entity_id=row.entity_id,
        invoice_ref=row.invoice_ref,
        number=row.number,
        customer_ref=row.customer_ref,
        customer_name=row.customer_name,
        currency=row.currency,
        owed_minor=row.owed_minor,
        status=row.status,
        method=row.method,
        age_days=row.age_days,
        due_on=row.due_on,
        failed_attempts=row.failed_attempts,
        last_failed_at=row.last_failed_at,
        reason=row.reason,
        in_collection=row.in_collection,
        next_attempt_at=row.next_attempt_at,
        paid_at=row.paid_at,
        cursor=f"{row.due_at.isoformat()}|{row.invoice_id}",
    )
