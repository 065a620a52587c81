"""Figures for charts, from the hourly rollup alone: milliseconds over any number of payments."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_

from services.core.db import UnitOfWork
from services.core.money import Money
from services.core.permissions import Permission
from services.payments.models import PaymentRollup, StripeAccount
from services.payments.selection import Period, Selection, Step, local_weeks_before
from services.payments.vocabulary import PaymentStatus

_WEEKS = 8
_FEW = 4  # weeks of data below which nothing can be called usual
_LISTED = 12
_DEFAULT_ZONE = "Europe/Berlin"
R = PaymentRollup
_DIMENSIONS = {0b011: "method", 0b101: "country", 0b110: "failure", 0b111: "currency"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Payments of a stretch of time: how many, how they ended, what came in and went back, per currency."""

    count: int = 0
    succeeded: int = 0
    failed: int = 0
    first_try: int = 0
    received: tuple[Money, ...] = ()
    refunded: tuple[Money, ...] = ()

    @property
    def success_rate(self) -> float | None:
        """Succeeded of those that ended, 0 to 1; None when none ended."""
        return self.succeeded / (self.succeeded + self.failed) if self.succeeded + self.failed else None

    @property
    def first_try_rate(self) -> float | None:
        """Succeeded at the first charge, of those that ended."""
        return self.first_try / (self.succeeded + self.failed) if self.succeeded + self.failed else None


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the chart. `usual` are 10th percentile, median and 90th of the same steps of the last 8 weeks."""

    start: dt.datetime
    totals: Totals
    running: bool
    usual: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Share:
    """One value of a dimension and what it stands for; `value` filters the list to exactly these payments."""

    value: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class DashboardView:
    """Everything the payments page shows above its table."""

    period: Period
    points: list[Point]
    totals: Totals
    former: Totals
    methods: list[Share]
    currencies: list[Share]
    countries: list[Share]
    failures: list[Share]


def payment_dashboard(uow: UnitOfWork, *, selection: Selection, zone: str | None = None) -> DashboardView:
    """The chart's points, the totals against as many days before, and the largest values of each dimension."""
    zone = zone or merchant_zone(uow)
    period = selection.period(uow.clock.today(zone), zone)
    points = _points(uow, selection, period)
    chosen = period.bucket(selection.at) if selection.at else period.bounds
    shares = _shares(uow, selection, chosen)
    return DashboardView(
        period=period,
        points=points,
        totals=_totals(uow, selection, chosen),
        former=_totals(uow, selection, period.former.bounds),
        methods=shares["method"],
        currencies=shares["currency"],
        countries=shares["country"],
        failures=[share for share in shares["failure"] if share.value],
    )


def usual_day(
    uow: UnitOfWork, *, day: dt.date, zone: str | None = None
) -> dict[dt.datetime, tuple[float, float, float]]:
    """10th percentile, median and 90th of payments in each hour of `day`, from the same hours of the last 8 weeks.

    Hours still to come are there too. Empty when fewer than four weeks of payments are known.
    """
    selection = Selection(first=day, last=day, step=Step.HOUR)
    period = selection.period(day, zone or merchant_zone(uow))
    return _usual(uow, selection, period, period.buckets())


def payment_totals(uow: UnitOfWork, *, selection: Selection, zone: str | None = None) -> Totals:
    """The sums of a selection, for tiles."""
    zone = zone or merchant_zone(uow)
    period = selection.period(uow.clock.today(zone), zone)
    return _totals(uow, selection, period.bucket(selection.at) if selection.at else period.bounds)


def merchant_zone(uow: UnitOfWork) -> str:
    """The zone days are counted in: that of the first account the reader sees."""
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    query = select(StripeAccount.time_zone).where(scope.allows(StripeAccount.entity_id)).order_by(StripeAccount.code)
    return uow.session.scalar(query.limit(1)) or _DEFAULT_ZONE


def rollup_conditions(uow: UnitOfWork, selection: Selection) -> list[ColumnElement[bool]]:
    """What narrows the rollup: the reader's entities and the dimensions of the selection."""
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    wanted = (
        (R.currency, selection.currency),
        (R.method, selection.method),
        (R.country, selection.country),
        (R.status, selection.status),
        (R.failure_reason, selection.failure),
    )
    return [scope.allows(R.entity_id), *(column == value for column, value in wanted if value is not None)]


def _sums() -> list[Any]:
    def of(status: PaymentStatus) -> Any:
        return func.coalesce(func.sum(R.count).filter(R.status == status.value), 0)

    return [
        func.sum(R.count),
        of(PaymentStatus.SUCCEEDED),
        of(PaymentStatus.FAILED),
        func.sum(R.first_try_count),
        R.currency,
        func.sum(R.received_minor),
        func.sum(R.refunded_minor),
    ]


def _gathered(rows: Iterable[Sequence[Any]]) -> Totals:
    """Adds rows of (count, succeeded, failed, first try, currency, received, refunded)."""
    figures = [0, 0, 0, 0]
    received: dict[str, int] = {}
    refunded: dict[str, int] = {}
    for row in rows:
        figures = [int(a + b) for a, b in zip(figures, row[:4], strict=True)]
        received[row[4]] = received.get(row[4], 0) + int(row[5])
        refunded[row[4]] = refunded.get(row[4], 0) + int(row[6])
    return Totals(*figures, received=_money(received), refunded=_money(refunded))


def _money(sums: dict[str, int]) -> tuple[Money, ...]:
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items(), key=lambda one: -one[1]))


def _within(bounds: tuple[dt.datetime, dt.datetime]) -> list[ColumnElement[bool]]:
    return [R.hour >= bounds[0], R.hour < bounds[1]]


def _totals(uow: UnitOfWork, selection: Selection, bounds: tuple[dt.datetime, dt.datetime]) -> Totals:
    query = select(*_sums()).where(*rollup_conditions(uow, selection), *_within(bounds)).group_by(R.currency)
    return _gathered(tuple(row) for row in uow.session.execute(query))


def _shares(uow: UnitOfWork, selection: Selection, bounds: tuple[dt.datetime, dt.datetime]) -> dict[str, list[Share]]:
    """The largest values of each dimension, from one pass over the rollup.

    Every group holds a currency and at most one other dimension; the bits of GROUPING say which (a 1 is left out).
    """
    left_out = func.grouping(R.method, R.country, R.failure_reason)
    values = func.coalesce(R.method, R.country, R.failure_reason, R.currency)
    sets = func.grouping_sets(
        tuple_(R.method, R.currency),
        tuple_(R.country, R.currency),
        tuple_(R.failure_reason, R.currency),
        tuple_(R.currency),
    )
    query = select(left_out, values, *_sums()).where(*rollup_conditions(uow, selection), *_within(bounds))
    groups: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for bits, value, *row in uow.session.execute(query.group_by(sets)):
        groups.setdefault((_DIMENSIONS[bits], value), []).append(row)
    shares: dict[str, list[Share]] = {name: [] for name in _DIMENSIONS.values()}
    for (name, value), rows in groups.items():
        shares[name].append(Share(value, _gathered(rows)))
    return {
        name: sorted((one for one in found if one.totals.count), key=lambda one: -one.totals.count)[:_LISTED]
        for name, found in shares.items()
    }


def _points(uow: UnitOfWork, selection: Selection, period: Period) -> list[Point]:
    buckets, now = period.buckets(), uow.clock.now()
    if not buckets:
        return []
    per_bucket = _by_bucket(uow, selection, period)
    usual = _usual(uow, selection, period, buckets) if period.step is not Step.WEEK else {}
    ends = [*buckets[1:], period.bounds[1]]
    return [
        Point(start, per_bucket.get(start, Totals()), start <= now < end, usual.get(start))
        for start, end in zip(buckets, ends, strict=True)
        if start <= now
    ]


def _by_bucket(uow: UnitOfWork, selection: Selection, period: Period) -> dict[dt.datetime, Totals]:
    start = func.greatest(func.date_trunc(period.step.value, R.hour, period.zone), period.bounds[0])
    groups: dict[dt.datetime, list[Sequence[Any]]] = {}
    query = select(start.label("bucket"), *_sums()).where(*rollup_conditions(uow, selection), *_within(period.bounds))
    for bucket, *rest in uow.session.execute(query.group_by("bucket", R.currency)):
        groups.setdefault(bucket, []).append(rest)
    return {bucket: _gathered(rows) for bucket, rows in groups.items()}


def _usual(
    uow: UnitOfWork, selection: Selection, period: Period, buckets: list[dt.datetime]
) -> dict[dt.datetime, tuple[float, float, float]]:
    """Same hour (or day) of the week, last eight weeks; weeks before the first payment do not count as empty ones."""
    conditions = rollup_conditions(uow, selection)
    step = func.date_trunc(period.step.value, R.hour, period.zone).label("step")
    oldest = local_weeks_before(buckets[0], _WEEKS, period.zone)
    query = select(step, func.sum(R.count)).where(*conditions, R.hour >= oldest, R.hour < period.bounds[1])
    counts = {start: int(count) for start, count in uow.session.execute(query.group_by(step))}
    scope = uow.actor.scope(Permission.PAYMENT_READ)
    began = uow.session.scalar(select(func.min(R.hour)).where(scope.allows(R.entity_id)))
    found = {}
    for start in buckets:
        before = [local_weeks_before(start, weeks, period.zone) for weeks in range(1, _WEEKS + 1)]
        past = [counts.get(one, 0) for one in before if began is not None and one >= began]
        if len(past) >= _FEW:
            deciles = statistics.quantiles(past, n=10, method="inclusive")
            found[start] = (deciles[0], float(statistics.median(past)), deciles[8])
    return found
