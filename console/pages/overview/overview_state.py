"""What the overview shows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import PageState
from console.pages.overview.glance import look
from console.pages.overview.rows import class_bars, hourly_chart, reconciliation_rows, troubled_rows
from console.pages.overview.tiles import Tile, day_address, tiles
from services.core.permissions import Permission


class Overview(PageState, rx.State):
    """Figures of today for the role that looks."""

    today: str = ""
    tiles: list[Tile] = []
    sees_payments: bool = False
    figure: dict[str, Any] = {}
    sum_line: str = ""
    day_href: str = ""
    sees_reconciliations: bool = False
    reconciliations: list[dict[str, str]] = []
    classes: list[dict[str, Any]] = []
    sees_runs: bool = False
    troubled: list[dict[str, str]] = []

    @event(Permission.OVERVIEW_READ)
    async def load(self) -> None:
        reader = await self._reader()
        glance = await backend.load(self, look, zone=reader.time_zone)
        self.today = reader.long_date(glance.today)
        self.tiles = tiles(glance, reader)
        self.sees_payments = glance.payments is not None
        if glance.payments is not None:
            self.figure = hourly_chart(glance.payments, glance.usual, reader)
            self.day_href = day_address(glance.payments)
            count = reader.number(glance.payments.totals.count)
            self.sum_line = reader.text("overview.until", count=count, time=reader.time(glance.now))
        self.sees_reconciliations = glance.breaks is not None
        self.reconciliations = reconciliation_rows(glance, reader)
        self.classes = class_bars(glance, reader)
        self.sees_runs = glance.run_counts is not None
        self.troubled = troubled_rows(glance, reader)
        self._done()
