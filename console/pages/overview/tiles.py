"""From one look to the tiles of the role that looks: each a figure, what it counts, and a way to its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from console import routes
from console.design.format import UNKNOWN, Reader, sparkline
from console.pages.overview.glance import Glance
from services import dunning, payments
from services.core.money import Money
from services.reconciliation import BreakSums, Definition
from services.runs import RunState

_PPM = 1_000_000


class Tile(TypedDict):
    label: str
    value: str
    unit: str
    note: str
    href: str
    alert: str
    spark: str
    spark_end: str


def tiles(glance: Glance, reader: Reader) -> list[Tile]:
    """At most five, first what waits for the reader; who runs the machinery sees failing runs, not receivables."""
    found: list[Tile] = [waiting_tile(glance, reader)] if glance.waiting else []
    if glance.payments is not None:
        found += [received_tile(glance.payments, reader), success_tile(glance.payments, reader)]
    if glance.run_counts is not None and glance.operates:
        found.append(runs_tile(glance, reader))
    if glance.breaks is not None:
        found += [breaks_tile(glance.breaks, reader), deviation_tile(glance, reader)]
    if glance.dunning is not None and not glance.operates:
        found.append(receivables_tile(glance.dunning, reader))
    return found[:5]


def waiting_tile(glance: Glance, reader: Reader) -> Tile:
    """Requests that only go on with the reader's vote, or that of a colleague."""
    return _tile(
        reader.text("approvals.tile"),
        reader.number(glance.waiting),
        note=reader.text("approvals.tile_note"),
        href=routes.APPROVALS,
        alert=True,
    )


def received_tile(view: payments.DashboardView, reader: Reader) -> Tile:
    """Money of today in the leading currency; currencies are never added up."""
    first, *others = view.totals.received or (None,)
    path, end = sparkline([point.totals.count for point in view.points])
    rest = ", ".join(reader.money(value) for value in others if value is not None and value.minor)
    note = against_usual(view, reader)
    return _tile(
        reader.text("overview.received"),
        reader.money(first) if first is not None else UNKNOWN,
        note=f"{reader.text('overview.besides', amounts=rest)} · {note}" if rest else note,
        href=day_address(view),
        spark=(path, end),
    )


def against_usual(view: payments.DashboardView, reader: Reader) -> str:
    """Payments of the finished hours against the median of the same hours of the last eight weeks."""
    finished = [point for point in view.points if not point.running and point.usual is not None]
    usual = sum(point.usual[1] for point in finished if point.usual is not None)
    count = sum(point.totals.count for point in finished)
    payments_said = reader.text("overview.payment_count", count=reader.number(view.totals.count))
    if not usual:
        return payments_said
    share = reader.percent(abs(count - usual) / usual, decimals=1)
    key = "overview.as_usual" if round(abs(count - usual) / usual, 3) == 0 else "overview.above_usual"
    key = "overview.below_usual" if count < usual and key != "overview.as_usual" else key
    return f"{payments_said}, {reader.text(key, share=share)}"


def day_address(view: payments.DashboardView) -> str:
    day = view.period.first.isoformat()
    return routes.to(routes.PAYMENTS, query={"from": day, "to": day, "step": "hour"})


def success_tile(view: payments.DashboardView, reader: Reader) -> Tile:
    """Succeeded at the first charge, of the payments of today that ended."""
    rate, before = view.totals.first_try_rate, view.former.first_try_rate
    note = reader.text("overview.no_end_yet")
    if rate is not None and before is not None:
        points = reader.signed_number(round((rate - before) * 100, 1), decimals=1)
        note = reader.text("overview.against_yesterday", points=points)
    elif rate is not None:
        note = reader.text("overview.of_ended", count=reader.number(view.totals.succeeded + view.totals.failed))
    value = reader.number(round(rate * 100, 1), decimals=1) if rate is not None else UNKNOWN
    return _tile(
        reader.text("overview.success"), value, unit="%" if rate is not None else "", note=note, href=day_address(view)
    )


def runs_tile(glance: Glance, reader: Reader) -> Tile:
    counts = glance.run_counts or {}
    dead, waiting = counts.get(RunState.DEAD, 0), counts.get(RunState.RETRY_WAIT, 0)
    done = reader.number(counts.get(RunState.SUCCEEDED, 0))
    return _tile(
        reader.text("overview.failing"),
        reader.number(dead + waiting),
        note=reader.text("overview.failing_note", dead=reader.number(dead), waiting=reader.number(waiting), done=done),
        href=routes.DEAD_LETTERS if dead else routes.RUNS,
        alert=dead > 0,
    )


def breaks_tile(breaks: Mapping[Definition, BreakSums], reader: Reader) -> Tile:
    bands = [band for sums in breaks.values() for band in sums.ages]
    count = sum(band.breaks for band in bands)
    old = sum(band.breaks for band in bands if band.high is None)
    days = max((band.low for band in bands), default=0)
    note = reader.text("overview.old_breaks", count=reader.number(old), days=days) if count else ""
    return _tile(
        reader.text("overview.open_breaks"),
        reader.number(count),
        note=note or reader.text("overview.no_breaks"),
        href=routes.BREAKS,
        alert=old > 0,
    )


def deviation_tile(glance: Glance, reader: Reader) -> Tile:
    worst = max(glance.reconciliations, key=lambda run: run.deviation_ppm / (run.limit_ppm or 1), default=None)
    if worst is None:
        return _tile(
            reader.text("overview.deviation"),
            UNKNOWN,
            note=reader.text("overview.never_reconciled"),
            href=routes.RECONCILIATION,
        )
    limit = reader.percent(worst.limit_ppm / _PPM, decimals=0)
    return _tile(
        reader.text("overview.deviation"),
        reader.number(worst.deviation_ppm / 10_000, decimals=2),
        unit="%",
        note=reader.text(
            "overview.deviation_note",
            definition=reader.text(f"overview.definition_{worst.definition}"),
            entity=glance.entities.get(worst.entity_id, ""),
            limit=limit,
        ),
        href=routes.to(routes.RECONCILIATION_RUN, reconciliation_id=worst.id),
        alert=worst.over_limit,
    )


def receivables_tile(view: dunning.DunningOverview, reader: Reader) -> Tile:
    return _tile(
        reader.text("overview.at_risk"),
        reader.money(Money(view.at_risk.amount_minor, view.currency)),
        note=reader.text(
            "overview.at_risk_note", count=reader.number(view.at_risk.count), unpaid=reader.number(view.unpaid.count)
        ),
        href=routes.DUNNING,
    )


def _tile(
    label: str,
    value: str,
    *,
    href: str,
    unit: str = "",
    note: str = "",
    alert: bool = False,
    spark: tuple[str, str] = ("", "0"),
) -> Tile:
    return Tile(
        label=label,
        value=value,
        unit=unit,
        note=note,
        href=href,
        alert="yes" if alert else "",
        spark=spark[0],
        spark_end=spark[1],
    )
