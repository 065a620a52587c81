"""Adjustments: what was recorded for the bookkeeping, and how it is recorded on a break."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    PAGE_SIZE,
    Column,
    card,
    clear_filter,
    data_table,
    date_filter,
    empty_state,
    export_links,
    filter_bar,
    link,
    loading_or,
    money,
    mono,
    number,
    page_header,
    pager,
)
from console.design.format import Reader
from console.design.texts import t
from console.kit import backend
from console.kit.authz import event
from console.kit.page import page
from console.kit.page_state import ListState
from console.pages.reconciliation.parts import recon_tabs
from console.pages.reconciliation.rows import neighbours, offset_of
from services import reconciliation
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import AdjustmentView


def adjustment_row(item: AdjustmentView, reader: Reader) -> dict[str, str]:
    return {
        "id": str(item.id),
        "break": f"B-{item.number}",
        "href": routes.to(routes.BREAK, break_id=f"B-{item.number}"),
        "day": reader.date(item.booked_on),
        "amount": reader.amount(Money(item.amount_minor, item.currency)),
        "currency": item.currency,
        "debit": item.debit,
        "credit": item.credit,
        "line": reader.text("adjustments.line", debit=item.debit, credit=item.credit, day=reader.date(item.booked_on)),
        "memo": item.memo,
        "by": item.made_by_name,
        "at": reader.moment(item.made_at),
    }


class AdjustmentList(ListState, rx.State):
    """The newest adjustments, booked in the days of the address."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        days: Any = {"first_day": query.get("from") or None, "last_day": query.get("to") or None}
        offset = offset_of(query)
        place: Any = {"limit": PAGE_SIZE + 1, "offset": offset}
        found = await backend.load(self, reconciliation.list_adjustments, **place, **days)
        self.rows = [adjustment_row(item, reader) for item in found[:PAGE_SIZE]]
        self._listed(
            range_label=reader.text("adjustments.range", count=len(self.rows)),
            **neighbours(offset, more=len(found) > PAGE_SIZE),
        )


@page(
    routes.RECONCILIATION_ADJUSTMENTS,
    title="adjustments.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=AdjustmentList.load,
)
def adjustment_list() -> rx.Component:
    none = empty_state(t("adjustments.none"), t("adjustments.none_body"))
    return rx.fragment(
        page_header(t("adjustments.title"), meta=[t("adjustments.meta")]),
        recon_tabs("adjustments"),
        card(
            filter_bar(
                date_filter(AdjustmentList, "from", label=t("adjustments.from")),
                date_filter(AdjustmentList, "to", label=t("adjustments.to")),
                clear_filter(AdjustmentList),
            ),
            loading_or(AdjustmentList, rx.cond(AdjustmentList.rows.length() > 0, _table(), none)),
            title=t("adjustments.title"),
            end=[export_links(AdjustmentList, "adjustments")],
            flush=True,
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("adjustments.break"), lambda r: link(r["break"], href=r["href"]), card="title"),
        Column(t("adjustments.booked_on"), lambda r: number(r["day"]), card="meta"),
        Column(t("adjustments.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
        Column(t("adjustments.debit"), lambda r: mono(r["debit"])),
        Column(t("adjustments.credit"), lambda r: mono(r["credit"])),
        Column(t("adjustments.memo"), lambda r: r["memo"], wrap=True, card="full"),
        Column(t("adjustments.made_by"), lambda r: r["by"], priority=2),
        Column(t("adjustments.made_at"), lambda r: number(r["at"]), priority=3),
    ]
    table = data_table(columns, AdjustmentList.rows, label=t("adjustments.title"))
    return rx.fragment(table, pager(AdjustmentList))


ADJUSTMENT_LIST = adjustment_list
