"""What the payments page shows: figures and chart of a selection, and exactly its rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.payments import figures
from console.pages.payments.rows import payment_row, share_rows, shown, tiles
from services import payments
from services.core.permissions import Permission
from services.payments import DashboardView, Selection

Rows = list[dict[str, str]]
_SHOWN = ("count", "rate", "volume")


class PaymentList(ListState, rx.State):
    """Payments as the address selects them."""

    rows: rx.Field[Rows] = rx.field(default_factory=list)
    figure: rx.Field[dict[str, Any]] = rx.field(default_factory=dict)
    tiles: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    methods: rx.Field[Rows] = rx.field(default_factory=list)
    currencies: rx.Field[Rows] = rx.field(default_factory=list)
    countries: rx.Field[Rows] = rx.field(default_factory=list)
    failures: rx.Field[Rows] = rx.field(default_factory=list)
    first: str = ""
    last: str = ""
    step: str = "day"
    shown: str = "count"
    period: str = ""
    zone: str = ""
    currency: str = ""
    total: str = ""
    point: str = ""
    has_usual: bool = False

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        query = self._query()
        page = await backend.load(self, payments.payment_page, query=query, limit=PAGE_SIZE)
        found = page.rows
        reader = await self._reader()
        self.shown = query.get("show", "count") if query.get("show") in _SHOWN else "count"
        await self._show(page.view, page.selection)
        self.rows = [payment_row(row, reader) for row in found.items]
        self._listed(
            range_label=reader.text("payments.range", count=reader.number(found.total)),
            newer=found.newer or "",
            older=found.older or "",
        )

    async def _show(self, view: DashboardView, selection: Selection) -> None:
        reader, period = await self._reader(), view.period
        self.first, self.last, self.step = period.first.isoformat(), period.last.isoformat(), period.step.value
        self.period = reader.text(
            "payments.period", first=reader.short_date(period.first), last=reader.date(period.last)
        )
        self.zone, self.currency = period.zone, figures.main_currency(view)
        self.point = figures.label(selection.at, period.step, reader, period.zone) if selection.at else ""
        self.total = reader.number(view.totals.count)
        self.tiles = tiles(view.totals, view.former, reader)
        self.figure = figures.figure(view, self.shown, reader)
        self.has_usual = self.shown == "count" and bool(view.points) and view.points[-1].usual is not None
        query = {name: value for name, value in self._unplaced().items() if name != "sort"}
        self.methods = share_rows(view.methods, "method", query, reader)
        self.currencies = share_rows(view.currencies, "currency", query, reader)
        self.countries = share_rows(view.countries, "country", query, reader)
        self.failures = share_rows(view.failures, "failure", query, reader)
        self._options(reader, view)

    def _options(self, reader: Any, view: DashboardView) -> None:
        """Values for the filters: `key` beside the words."""
        for rows, shares in (
            (self.methods, view.methods),
            (self.currencies, view.currencies),
            (self.countries, view.countries),
            (self.failures, view.failures),
        ):
            for row, share in zip(rows, shares, strict=True):
                row["key"] = share.value
                row["text"] = shown(share.value, reader)

    @event(Permission.PAYMENT_READ)
    async def pick(self, points: list[dict[str, Any]]) -> Any:
        """A click into the chart: only the rows of that point."""
        key = points[0].get("customdata") if points and isinstance(points[0], dict) else None
        if not isinstance(key, str):
            return None
        try:
            at = dt.datetime.fromisoformat(key)
        except ValueError:
            return None
        return self._go({**self._unplaced(), "at": at.isoformat()})

    @event(Permission.SELF)
    async def set_days(self, name: str, value: str) -> Any:
        """Other days: the point of the chart that was picked is given up."""
        given = {**self._unplaced(), "from": self.first, "to": self.last, "at": ""}
        if name in ("from", "to"):
            given[name] = str(value)[:10]
        return self._go(given)

    @event(Permission.SELF)
    async def set_step(self, step: str) -> Any:
        return self._go({**self._unplaced(), "step": str(step)[:5], "at": ""})

    @event(Permission.SELF)
    async def whole_period(self) -> Any:
        return self._go({**self._unplaced(), "at": ""})
