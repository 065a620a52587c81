"""The invoices behind a figure of dunning."""

from __future__ import annotations

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.dunning.rows import amounts, invoice_row, month_name, reason_word
from services import dunning
from services.core.permissions import Permission
from services.dunning import InvoiceFilter


class DunningInvoices(ListState, rx.State):
    """Invoices by the filter of the address, longest due first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    population: str = "unpaid"
    said: str = ""

    @event(Permission.DUNNING_READ)
    async def load(self) -> None:
        query = self._query()
        found = await backend.load(
            self,
            dunning.invoice_page,
            filter_=InvoiceFilter.from_address(query),
            after=query.get("after"),
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        self.rows = [invoice_row(row, reader) for row in found.rows]
        self.population = query.get("population", "unpaid")
        said = []
        if query.get("month"):
            said.append(reader.text("dunning.filter_month", month=month_name(query["month"], reader)))
        if query.get("reason"):
            said.append(reader.text("dunning.filter_reason", reason=reason_word(query["reason"])))
        self.said = " · ".join(said)
        count = sum(number for _, number, _ in found.totals)
        self._listed(
            range_label=reader.text(
                "dunning.range", count=reader.number(count), amounts=amounts(found.totals, reader) or "—"
            ),
            older=found.rows[-1].cursor if found.more else "",
        )
