"""How figures are made of grouped counts: pure rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.dunning.views import Figure, InvoiceFilter, RecoveryMonth
from services.dunning.vocabulary import MOST_ATTEMPTS, Age, Outcome


@dataclass(frozen=True, slots=True)
class UnpaidGroup:
    """Unpaid invoices that agree in everything a figure asks for."""

    currency: str
    age: Age
    attempts: int
    reason: str | None
    at_risk: bool
    count: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RecoveryGroup:
    month: str
    outcome: Outcome
    count: int
    amount_minor: int


def figure(key: str, groups: Iterable[UnpaidGroup | RecoveryGroup | Figure], filter_: InvoiceFilter) -> Figure:
    """Adds up the groups; the filter is the one that lists what they count."""
    listed = list(groups)
    return Figure(key, sum(g.count for g in listed), sum(g.amount_minor for g in listed), filter_)


def by_age(groups: Sequence[UnpaidGroup], base: InvoiceFilter) -> tuple[Figure, ...]:
    """Every age in its order, also the empty ones."""
    return tuple(figure(age, (g for g in groups if g.age is age), replace(base, age=age)) for age in Age)


def by_attempts(groups: Sequence[UnpaidGroup], base: InvoiceFilter) -> tuple[Figure, ...]:
    """0, 1, 2, 3 failed attempts, and 4 for four and more."""
    return tuple(
        figure(str(number), (g for g in groups if g.attempts == number), replace(base, attempts=number))
        for number in range(MOST_ATTEMPTS + 1)
    )


def by_reason(groups: Sequence[UnpaidGroup], base: InvoiceFilter) -> tuple[Figure, ...]:
    """Reasons of the last failure, the most frequent first; invoices that never failed have none."""
    reasons = {g.reason for g in groups if g.reason is not None}
    figures = [
        figure(reason, (g for g in groups if g.reason == reason), replace(base, reason=reason)) for reason in reasons
    ]
    return tuple(sorted(figures, key=lambda found: (-found.count, found.key)))


def leading_currency(groups: Sequence[UnpaidGroup]) -> str | None:
    """The currency of most unpaid invoices."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group.currency] = counts.get(group.currency, 0) + group.count
    return max(sorted(counts), key=lambda currency: counts[currency], default=None)


def recovery(
    months: Sequence[str], groups: Sequence[RecoveryGroup], medians: dict[str, float], base: InvoiceFilter
) -> tuple[RecoveryMonth, ...]:
    """One row for each month, also for one without failures."""
    return tuple(_month(month, [g for g in groups if g.month == month], medians.get(month), base) for month in months)


def _month(
    month: str, groups: Sequence[RecoveryGroup], median_days: float | None, base: InvoiceFilter
) -> RecoveryMonth:
    whole = replace(base, month=month)

    def part(outcome: Outcome) -> Figure:
        return figure(outcome, (g for g in groups if g.outcome is outcome), replace(whole, outcome=outcome))

    failed, recovered = figure(month, groups, whole), part(Outcome.RECOVERED)
    rate = 100 * recovered.count / failed.count if failed.count else None
    return RecoveryMonth(
        month, failed, recovered, part(Outcome.OPEN), part(Outcome.LOST), rate, median_days if recovered.count else None
    )


def last_months(today: dt.date, count: int) -> list[str]:
    """The month of `today` and those before it, oldest first, as YYYY-MM."""
    number = today.year * 12 + today.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(number - count + 1, number + 1)]
