"""The list of bookkeeping vouchers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.table import PAGE_SIZE
from console.design.format import Reader
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.pages.imports.reading import VoucherList as Found
from console.pages.imports.reading import start_vouchers, voucher_list
from services import books
from services.core.permissions import Permission


class VoucherList(ListState, rx.State):
    """Vouchers of the chosen entities."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    synced: str = ""
    connected: bool = False

    @event(Permission.BOOKS_READ)
    async def load(self) -> None:
        query = self._query()
        found = await backend.load(
            self,
            voucher_list,
            text=query.get("q", ""),
            status=query.get("status") or None,
            after=query.get("after") or None,
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        self.connected = bool(application.current().settings.bookkeeping.lexware)
        self.synced = _synced(found, reader)
        self.rows = [_row(voucher, found, reader) for voucher in found.vouchers]
        self._listed(
            range_label=reader.text("imports.voucher_range", count=reader.number(len(self.rows))),
            older=str(found.older) if found.older else "",
        )

    @event(Permission.BOOKS_IMPORT)
    async def sync(self) -> Any:
        codes = sorted(application.current().settings.bookkeeping.lexware)
        await backend.call(self, start_vouchers, codes=codes)
        yield Notices.show("info", (await self._reader()).text("imports.voucher_started"), "")


def _synced(found: Found, reader: Reader) -> str:
    if not found.synced:
        return reader.text("imports.voucher_never")
    return reader.text("imports.voucher_synced", moment=reader.moment(max(item.synced_at for item in found.synced)))


def _row(voucher: books.VoucherView, found: Found, reader: Reader) -> dict[str, str]:
    known = f"imports.voucher_{voucher.kind}"
    return {
        "number": voucher.number or "—",
        "kind": reader.text(known) if known in found.kinds else voucher.kind,
        "contact": voucher.contact or "—",
        "entity": found.codes.get(voucher.entity_id, ""),
        "day": reader.date(voucher.voucher_on),
        "due": reader.date(voucher.due_on) if voucher.due_on else "—",
        "total": reader.amount(voucher.total),
        "open": reader.amount(voucher.open) if voucher.open else "—",
        "currency": voucher.total.currency,
        "status": voucher.status,
    }
