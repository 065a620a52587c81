"""The dunning dashboard in one currency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from console.components import line_chart
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.dunning.rows import (
    age_label,
    attempts_label,
    figure_rows,
    month_name,
    month_row,
    reason_word,
    recovered_tile,
    tile,
)
from services import dunning
from services.core.permissions import Permission


class DunningDashboard(ListState, rx.State):
    """Unpaid invoices and what became of failed ones."""

    as_of: str = ""
    currency: str = ""
    currencies: rx.Field[list[str]] = rx.field(default_factory=list)
    empty: bool = False
    unpaid: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    at_risk: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    returned: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    recovered: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    ages: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    attempts: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    reasons: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    returns: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    months: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    figure: rx.Field[dict[str, Any]] = rx.field(default_factory=dict)

    @event(Permission.DUNNING_READ)
    async def load(self) -> None:
        found = await backend.load(self, dunning.overview, currency=self._query().get("currency") or None)
        reader = await self._reader()
        of = found.currency
        self.as_of = reader.text("dunning.as_of", moment=reader.moment(found.as_of))
        self.currency, self.currencies = of, list(found.currencies)
        self.empty = not found.unpaid.count and not found.failed.count
        self.unpaid, self.at_risk = tile(found.unpaid, of, reader), tile(found.at_risk, of, reader)
        self.at_risk["note"] = reader.text("dunning.at_risk_note", count=reader.number(found.at_risk.count))
        self.returned, self.recovered = tile(found.returned, of, reader), recovered_tile(found, reader)
        self.ages = figure_rows(found.by_age, [age_label(dunning.Age(f.key), reader) for f in found.by_age], of, reader)
        self.attempts = figure_rows(
            found.by_attempts, [attempts_label(int(f.key), reader) for f in found.by_attempts], of, reader
        )
        self.reasons = figure_rows(found.by_reason[:8], [reason_word(f.key) for f in found.by_reason[:8]], of, reader)
        self.returns = figure_rows(found.returns[:8], [reason_word(f.key) for f in found.returns[:8]], of, reader)
        self._show_recovery(found.recovery, reader)
        self._listed()

    def _show_recovery(self, recovery: Sequence[dunning.RecoveryMonth], reader: Reader) -> None:
        """From the first month with a failure on; the running month is a hollow dot, for it is not finished."""
        first = next((number for number, month in enumerate(recovery) if month.failed.count), len(recovery) - 1)
        shown = recovery[first:]
        self.months = [month_row(month, reader) for month in reversed(shown)]
        rates = [None if month.rate is None else month.rate / 100 for month in shown]
        self.figure = line_chart(
            [month_name(month.month, reader) for month in shown],
            rates[:-1],
            locale=reader.locale,
            so_far=rates[-1],
            hover="%{y:.1%}",
            percent=True,
        )
