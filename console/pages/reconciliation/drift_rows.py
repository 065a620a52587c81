"""Drift as charts, sentences and lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babel.dates import format_date

from console import routes
from console.components.chart import Figure, bar_chart, line_chart
from console.design.format import Reader
from console.pages.reconciliation.rows import class_name, percent
from services.core.money import Money
from services.reconciliation import DriftDay, DriftRun, DriftView

ALL = "all"


def deviation_figure(view: DriftView, reader: Reader) -> Figure:
    """The deviation after each day's last run, with the limit."""
    return line_chart(
        [reader.short_date(run.day) for run in view.runs],
        [run.deviation_ppm / 1_000_000 for run in view.runs],
        locale=reader.locale,
        limit=view.limit_ppm / 1_000_000,
        hover="%{y:.2%}",
        keys=[str(run.run_id) for run in view.runs],
        percent=True,
    )


def days_figure(days: Sequence[DriftDay], reader: Reader) -> Figure:
    """Breaks of each day as bars against its weekday; a day that stands out has a triangle."""
    return bar_chart(
        [reader.short_date(day.day) for day in days],
        [day.breaks for day in days],
        locale=reader.locale,
        compare=[day.usual for day in days],
        band=([day.low for day in days], [day.high for day in days]),
        keys=[day.day.isoformat() for day in days],
        outliers=[index for index, day in enumerate(days) if day.outlier],
    )


def of_class(view: DriftView, break_class: str) -> list[DriftDay]:
    return [day for day in view.days if day.break_class == break_class]


def queue_of(view: DriftView, day: DriftDay) -> str:
    """The breaks of one day, of one class or of all."""
    query = {"definition": view.definition.value, "entity": str(view.entity_id), "currency": view.currency}
    query |= {"from": day.day.isoformat(), "to": day.day.isoformat()}
    return routes.to(routes.BREAKS, query=query | ({} if day.break_class == ALL else {"class": day.break_class}))


def outlier_row(view: DriftView, day: DriftDay, reader: Reader) -> dict[str, str]:
    """What stands out, in a sentence with the threshold."""
    kind = reader.text("drift.outlier_all")
    usual = f"{day.usual:g}" if day.usual is not None else ""
    return {
        "href": queue_of(view, day),
        "text": reader.text(
            "drift.outlier",
            weekday=format_date(day.day, "EEEE", locale=reader.locale),
            day=reader.date(day.day),
            breaks=reader.number(day.breaks),
            usual=usual.replace(".", ",") if reader.locale == "de" else usual,
            low=day.low,
            high=day.high,
            weeks=day.weeks,
            bound=day.bound,
            **{"class": kind if day.break_class == ALL else class_name(day.break_class, view.definition, reader)},
        ),
        "amount": reader.amount(Money(day.open_minor, view.currency)),
        "currency": view.currency,
    }


def above_row(run: DriftRun, view: DriftView, reader: Reader) -> dict[str, str]:
    return {
        "href": routes.to(routes.RECONCILIATION_RUN, reconciliation_id=run.run_id),
        "day": reader.date(run.day),
        "deviation": percent(run.deviation_ppm, reader),
        "open": reader.amount(Money(run.open_minor, view.currency)),
        "currency": view.currency,
    }


def class_rows(view: DriftView, reader: Reader) -> list[dict[str, Any]]:
    """Each class over the whole time: breaks, differences, and their share of the left side."""
    left = sum(day.left_minor for day in of_class(view, ALL))
    rows = []
    for name in sorted({day.break_class for day in view.days} - {ALL}):
        days = of_class(view, name)
        breaks, minor = sum(day.breaks for day in days), sum(day.open_minor for day in days)
        if breaks:
            rows.append((breaks, minor, name))
    return [
        {
            "name": class_name(name, view.definition, reader),
            "breaks": reader.number(breaks),
            "amount": reader.amount(Money(minor, view.currency)),
            "currency": view.currency,
            "share": percent(-(-minor * 1_000_000 // left) if left else 0, reader),
            "code": name,
        }
        for breaks, minor, name in sorted(rows, reverse=True)
    ]
