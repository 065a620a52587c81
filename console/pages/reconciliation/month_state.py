"""A month of one legal entity, and the items of the step that is open."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.reconciliation.month_rows import currency_block, item_row, step_name
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import MonthView

MOST = 100


class ReconciliationMonth(ListState, rx.State):
    """The four sides of the month in the address; the present month of the first entity unless it says more."""

    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    blocks: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    title: str = ""
    standing: str = ""
    earlier: str = ""
    later: str = ""
    chosen: str = ""
    listed: str = ""
    close_href: str = ""
    connected: bool = True

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query = self._query()
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        self.chosen = query.get("entity") or (self.entities[0]["value"] if self.entities else "")
        if self.chosen:
            view = await backend.load(
                self, reconciliation.month_view, entity_id=self.chosen, month=query.get("month") or None
            )
            await self._show(view)
            await self._list(view, query)
        self._listed()
        if self.chosen:
            self.query_string = f"entity={self.chosen}&month={self.close_href.rpartition('=')[2]}"

    async def _show(self, view: MonthView) -> None:
        reader = await self._reader()
        self.title = reader.text("month.heading", month=reader.whole_month(view.first_day), entity=view.entity_name)
        self.blocks = [currency_block(block, view, reader) for block in view.currencies]
        states = [
            reader.text(f"month.period_{definition.value}", state=reader.text(f"periods.state_{state.value}"))
            for definition, state in sorted(view.states.items())
        ]
        rolled = view.rolled_at
        told = reader.text("month.as_of", moment=reader.moment(rolled)) if rolled else reader.text("month.not_yet")
        self.standing = " · ".join([told, *states])
        self.connected = view.vouchers
        self.earlier = self._at(view.first_day - dt.timedelta(days=1))
        self.later = self._at(view.last_day + dt.timedelta(days=1))
        self.close_href = self._at(view.first_day)

    async def _list(self, view: MonthView, query: dict[str, str]) -> None:
        """The items of the step in the address; none when it names no step."""
        self.rows, self.listed = [], ""
        source, part, currency = query.get("source", ""), query.get("part", ""), query.get("currency", "")
        if not (source and part and currency):
            return
        reader = await self._reader()
        found = await backend.load(
            self,
            reconciliation.month_items,
            entity_id=self.chosen,
            month=f"{view.first_day:%Y-%m}",
            source=source,
            part=part,
            currency=currency,
            limit=MOST,
        )
        self.rows = [item_row(item, reader) for item in found]
        if found:
            self.listed = reader.text("month.list_title", part=step_name(source, part, reader), currency=currency)

    def _at(self, day: dt.date) -> str:
        return routes.to(routes.RECONCILIATION_MONTH, query={"entity": self.chosen, "month": f"{day:%Y-%m}"})
