"""The chart over the table: points of the rollup as labels and values."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from console.components import line_chart
from console.design.format import Reader
from services.core.money import Money
from services.payments import DashboardView, Point, Step


def figure(view: DashboardView, show: str, reader: Reader) -> dict[str, Any]:
    """Payments against the usual range, the success rate, or what was received in the largest currency."""
    labels = [label(point.start, view.period.step, reader, view.period.zone) for point in view.points]
    keys = [point.start.isoformat() for point in view.points]
    if show == "rate":
        values = [point.totals.success_rate for point in view.points]
        return line_chart(labels, values, locale=reader.locale, keys=keys, percent=True, hover="%{y:.1%}")
    if show == "volume":
        currency = main_currency(view)
        values = [_received(point, currency) for point in view.points]
        return line_chart(labels, values, locale=reader.locale, keys=keys, hover="%{y:,.2f} " + currency)
    return _counts(view, labels, keys, reader)


def main_currency(view: DashboardView) -> str:
    """The one in which most came in."""
    return view.totals.received[0].currency if view.totals.received else ""


def label(start: dt.datetime, step: Step, reader: Reader, zone: str) -> str:
    """A point in words: 16 Mar 09:00 for an hour, 16 Mar for a day or the week that begins on it."""
    local = start.astimezone(ZoneInfo(zone))
    day = reader.short_date(local.date())
    # The hour that comes twice when clocks go back needs a name of its own, or both points fall together.
    return f"{day} {local:%H:%M}{' *' if local.fold else ''}" if step is Step.HOUR else day


def _counts(view: DashboardView, labels: list[str], keys: list[str], reader: Reader) -> dict[str, Any]:
    counts: list[float | None] = [point.totals.count for point in view.points]
    so_far = None
    if view.points and view.points[-1].running:
        so_far, counts[-1] = view.points[-1].totals.count, None
    usual = [point.usual for point in view.points if point.usual is not None]
    complete = len(usual) == len(view.points) and bool(usual)
    return line_chart(
        labels,
        counts,
        locale=reader.locale,
        keys=keys,
        so_far=so_far,
        usual=[middle for _, middle, _ in usual] if complete else None,
        band=([low for low, _, _ in usual], [high for _, _, high in usual]) if complete else None,
    )


def _received(point: Point, currency: str) -> float | None:
    for money in point.totals.received:
        if money.currency == currency:
            return float(money.major)
    return float(Money(0, currency).major) if currency else None
