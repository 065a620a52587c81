"""From one look to the chart and the rows below the tiles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from console import routes
from console.components import line_chart
from console.components.chart import Figure
from console.design.format import Reader
from console.pages.overview.glance import Glance
from services import payments, reconciliation, runs
from services.reconciliation import BreakClass
from services.runs import RunState

_PPM = 1_000_000
Range = tuple[float, float, float]


def hourly_chart(view: payments.DashboardView, usual: Mapping[dt.datetime, Range], reader: Reader) -> Figure:
    """Payments of each hour of today against the usual of the whole day; the running hour is a hollow dot."""
    zone = ZoneInfo(view.period.zone)
    buckets = view.period.buckets()
    labels = [f"{bucket.astimezone(zone):%H:%M}" for bucket in buckets]
    known = {point.start: point for point in view.points}
    shown = [usual[bucket] for bucket in buckets if bucket in usual]
    whole = len(shown) == len(buckets)
    return line_chart(
        labels,
        [_finished(known.get(bucket)) for bucket in buckets],
        locale=reader.locale,
        usual=[item[1] for item in shown] if whole else None,
        band=([item[0] for item in shown], [item[2] for item in shown]) if whole else None,
        so_far=next((float(point.totals.count) for point in view.points if point.running), None),
        keys=[bucket.isoformat() for bucket in buckets],
    )


def _finished(point: payments.Point | None) -> float | None:
    return float(point.totals.count) if point is not None and not point.running else None


def reconciliation_rows(glance: Glance, reader: Reader) -> list[dict[str, str]]:
    """The newest run of each definition and entity."""
    return [_reconciliation_row(run, glance, reader) for run in glance.reconciliations]


def _reconciliation_row(run: reconciliation.RunView, glance: Glance, reader: Reader) -> dict[str, str]:
    share = run.deviation_ppm / (run.limit_ppm or 1)
    return {
        "href": routes.to(routes.RECONCILIATION_RUN, reconciliation_id=run.id),
        "name": reader.text(f"overview.definition_{run.definition}"),
        "sides": reader.text(f"overview.sides_{run.definition}"),
        "entity": glance.entities.get(run.entity_id, ""),
        "through": reader.short_date(run.through),
        "entries": reader.number(run.entries_left),
        "breaks": reader.number(run.breaks),
        "deviation": reader.percent(run.deviation_ppm / _PPM),
        "width": f"{min(100.0, share * 50):.1f}%",
        "tone": "bad" if run.over_limit else "ok",
        "state": "signed" if run.signature else "above_limit" if run.over_limit else "in_review",
    }


def troubled_rows(glance: Glance, reader: Reader) -> list[dict[str, str]]:
    """Runs that gave up or wait for another attempt, the newest first."""
    return [_troubled_row(row, reader) for row in glance.troubled]


def _troubled_row(row: runs.RunRow, reader: Reader) -> dict[str, str]:
    dead = row.state is RunState.DEAD
    when = row.finished_at or row.started_at or row.created_at
    key = "overview.gave_up" if dead else "overview.tries_again"
    return {
        "id": str(row.id),
        "href": routes.to(routes.RUN, run_id=row.id),
        "name": f"{row.kind} #{row.number}",
        "state": row.state.value,
        "said": reader.text(key, failures=row.failures, most=row.max_attempts) + (f" {row.error}" if row.error else ""),
        "when": reader.moment(when),
    }


def class_bars(glance: Glance, reader: Reader) -> list[dict[str, Any]]:
    """Open breaks by class, the most frequent first; what is missing is named by the side it is missing on."""
    counts: dict[str, int] = {}
    for definition, sums in (glance.breaks or {}).items():
        for item in sums.classes:
            missing = item.break_class in (BreakClass.MISSING_LEFT, BreakClass.MISSING_RIGHT)
            name = f"{definition}_{item.break_class}" if missing else item.break_class.value
            counts[name] = counts.get(name, 0) + item.breaks
    most = max(counts.values(), default=1)
    return [
        {
            "label": reader.text(f"overview.class_{name}"),
            "width": f"{count / most * 100:.0f}%",
            "value": reader.number(count),
        }
        for name, count in sorted(counts.items(), key=lambda item: -item[1])
    ]
