"""Customers: the list, and one with the newest payments and invoices."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    data_table,
    empty_state,
    facts,
    link,
    list_card,
    loading_or,
    main_and_side,
    money,
    mono,
    page_header,
    search_filter,
    stack,
    status,
    status_badge,
    table_card,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.payments.lists_state import CustomerList
from console.pages.payments.parts import INVOICE_WORDS, LOOKS, PAYMENT_WORDS
from console.pages.payments.records_state import CustomerDetail
from services.core.permissions import Permission

_WORDS: dict[str, Any] = {word: t(f"payments.{word}") for word in ("active", "delinquent", "deleted")}
_LOOKS = {"active": ("ok", "ok"), "delinquent": ("warn", "warn"), "deleted": ("block", "")}


@page(routes.CUSTOMERS, title="payments.customers", permission=Permission.PAYMENT_READ, on_load=CustomerList.load)
def customer_list() -> rx.Component:
    return stack(
        page_header(t("payments.customers"), meta=[CustomerList.range_label]),
        list_card(
            CustomerList,
            _table(),
            empty_state(t("payments.no_customer"), t("payments.no_customer_body")),
            first=empty_state(t("payments.first_customer"), t("payments.first_body")),
            title=t("payments.customers"),
            filters=[search_filter(CustomerList, placeholder=t("payments.search_customer"))],
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("payments.name"), lambda item: link(item["name"], href=item["href"]), card="title"),
        Column(t("payments.email"), lambda item: item["email"], priority=2, card="meta"),
        Column(t("payments.country"), lambda item: item["country"], priority=2),
        Column(t("payments.since"), lambda item: item["since"], card="value"),
        Column(t("payments.status"), lambda item: status(item["state"], _WORDS, extra=_LOOKS), card="side"),
        Column(t("payments.id"), lambda item: mono(item["stripe_id"]), priority=3),
    ]
    return data_table(columns, CustomerList.rows, label=t("payments.customers"))


@page(routes.CUSTOMER, title="payments.customer", permission=Permission.PAYMENT_READ, on_load=CustomerDetail.load)
def customer_detail() -> rx.Component:
    customer = CustomerDetail.customer
    return loading_or(
        CustomerDetail,
        stack(
            page_header(
                customer["name"],
                badge=status_badge(customer["state"], _WORDS, extra=_LOOKS),
                meta=[mono(customer["stripe_id"])],
            ),
            main_and_side(
                [
                    _payments(),
                    _invoices(),
                    trail_card(CustomerDetail.trail, href=CustomerDetail.trail_href),
                ],
                [
                    card(
                        facts(
                            (t("payments.email"), customer["email"]),
                            (t("payments.country"), customer["country"]),
                            (t("payments.since"), customer["since"]),
                            (t("payments.account"), customer["account"]),
                        ),
                        title=t("payments.facts"),
                    )
                ],
            ),
        ),
        lines=12,
    )


def _payments() -> rx.Component:
    columns = [
        Column(t("payments.created"), lambda item: link(item["when"], href=item["href"]), card="title"),
        Column(t("payments.amount"), lambda item: money(item["amount"], item["currency"]), amount=True, card="value"),
        Column(t("payments.status"), lambda item: status(item["status"], PAYMENT_WORDS, extra=LOOKS), card="side"),
        Column(t("payments.failure"), lambda item: item["failure"], priority=2),
        Column(t("payments.method"), lambda item: item["method"], priority=2),
    ]
    return table_card(
        columns, CustomerDetail.payments, title=t("payments.newest_payments"), none=t("payments.no_payments")
    )


def _invoices() -> rx.Component:
    columns = [
        Column(t("payments.invoice"), lambda item: mono(item["number"]), card="title"),
        Column(t("payments.created"), lambda item: item["when"], card="meta"),
        Column(t("payments.amount"), lambda item: money(item["total"], item["currency"]), amount=True, card="value"),
        Column(t("payments.open_amount"), lambda item: money(item["open"], item["currency"]), amount=True, priority=2),
        Column(t("payments.due"), lambda item: item["due"], priority=2),
        Column(t("payments.status"), lambda item: status(item["status"], INVOICE_WORDS, extra=LOOKS), card="side"),
    ]
    return table_card(
        columns, CustomerDetail.invoices, title=t("payments.newest_invoices"), none=t("payments.no_invoices")
    )


CUSTOMER_LIST = customer_list
CUSTOMER_DETAIL = customer_detail
