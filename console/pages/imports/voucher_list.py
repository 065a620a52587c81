"""Bookkeeping vouchers, as the bookkeeping service has them."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    chip_filter,
    data_table,
    empty_state,
    list_card,
    money,
    page_header,
    search_filter,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.imports.voucher_list_state import VoucherList
from services.core.permissions import Permission

_STATES = ("open", "paid", "paidoff", "voided", "transferred", "sepadebit", "unchecked")
WORDS = {name: t(f"imports.voucher_is_{name}") for name in _STATES}
LOOKS = {
    "open": ("wait", "info"),
    "paid": ("ok", "ok"),
    "paidoff": ("ok", "ok"),
    "voided": ("block", ""),
    "transferred": ("run", "info"),
    "sepadebit": ("run", "info"),
    "unchecked": ("draft", ""),
}


@page(routes.VOUCHERS, title="imports.vouchers", permission=Permission.BOOKS_READ, on_load=VoucherList.load)
def voucher_list_page() -> rx.Component:
    may = Shell.rights.contains(str(Permission.BOOKS_IMPORT)) & VoucherList.connected
    sync = rx.cond(may, button(t("imports.voucher_sync"), icon_name="rotate-cw", on_click=VoucherList.sync))
    empty = empty_state(t("imports.voucher_none"), t("imports.voucher_none_body"))
    return rx.fragment(
        page_header(t("imports.vouchers"), meta=[VoucherList.synced], actions=[sync]),
        list_card(
            VoucherList,
            _table(),
            empty,
            title=t("imports.vouchers"),
            filters=[
                search_filter(VoucherList, placeholder=t("imports.voucher_search")),
                chip_filter(VoucherList, "status", [(name, WORDS[name]) for name in ("open", "paid", "voided")]),
            ],
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("imports.voucher_number"), lambda row: row["number"], card="title"),
        Column(t("imports.voucher_kind"), lambda row: row["kind"], priority=2),
        Column(t("imports.voucher_contact"), lambda row: row["contact"], card="meta", wrap=True),
        Column(t("imports.entity"), lambda row: row["entity"], priority=3),
        Column(t("imports.voucher_day"), lambda row: row["day"], card="meta"),
        Column(t("imports.voucher_due"), lambda row: row["due"], priority=2),
        Column(t("imports.state"), lambda row: status(row["status"], WORDS, extra=LOOKS), card="side"),
        Column(t("imports.voucher_total"), lambda row: money(row["total"], row["currency"]), amount=True, card="value"),
        Column(t("imports.voucher_open"), lambda row: money(row["open"], row["currency"]), amount=True, priority=2),
    ]
    return data_table(columns, VoucherList.rows, label=t("imports.vouchers"))


PAGE = voucher_list_page
