"""States of the lists of payouts and customers."""

from __future__ import annotations

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.payments.rows import customer_row, payout_row
from services import payments
from services.core.permissions import Permission


class PayoutList(ListState, rx.State):
    """Payouts of the chosen entities."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        query = self._query()
        found = await backend.load(
            self,
            payments.payout_list,
            currency=query.get("currency"),
            status=query.get("status"),
            text=query.get("q"),
            sort=query.get("sort", "created"),
            descending=query.get("dir", "desc") != "asc",
            after=query.get("after"),
            before=query.get("before"),
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        self.rows = [payout_row(row, reader) for row in found.items]
        self._listed(
            range_label=reader.text("payments.payout_range", count=reader.number(found.total)),
            newer=found.newer or "",
            older=found.older or "",
        )


class CustomerList(ListState, rx.State):
    """Customers of the chosen entities."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.PAYMENT_READ)
    async def load(self) -> None:
        query = self._query()
        found = await backend.load(
            self,
            payments.customer_list,
            text=query.get("q"),
            after=query.get("after"),
            before=query.get("before"),
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        self.rows = [customer_row(row, reader) for row in found.items]
        self._listed(
            range_label=reader.text("payments.customer_range", count=reader.number(found.total)),
            newer=found.newer or "",
            older=found.older or "",
        )
