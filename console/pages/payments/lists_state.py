"""States of the lists of payouts and customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reflex as rx

from console.components import PAGE_SIZE
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.payments.rows import customer_row, payout_row
from services import payments
from services.core.permissions import Permission
from services.payments import Listing


class _Records(ListState, mixin=True):
    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    async def _show(self, found: Listing[Any], row: Callable[[Any, Reader], dict[str, str]], range_label: str) -> None:
        """A page of records, each written by `row`; `range_label` is the text that says how many there are in all."""
        reader = await self._reader()
        self.rows = [row(item, reader) for item in found.items]
        self._listed(
            range_label=reader.text(range_label, count=reader.number(found.total)),
            newer=found.newer or "",
            older=found.older or "",
        )


class PayoutList(_Records, rx.State):
    """Payouts of the chosen entities."""

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
        await self._show(found, payout_row, "payments.payout_range")


class CustomerList(_Records, rx.State):
    """Customers of the chosen entities."""

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
        await self._show(found, customer_row, "payments.customer_range")
