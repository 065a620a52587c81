"""The invoices behind each figure, by the very same filter."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    chip_filter,
    data_table,
    empty_state,
    export_links,
    link,
    link_button,
    list_card,
    money,
    number,
    page_header,
    select_filter,
    shape,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.dunning.invoice_list_state import DunningInvoices
from services.core.permissions import Permission
from services.dunning import MOST_ATTEMPTS, Age, Outcome

_STATES = {name: t(f"dunning.state_{name}") for name in ("open", "collecting", "paid", "uncollectible", "void")}
_LOOKS = {
    "collecting": ("run", "info"),
    "paid": ("ok", "ok"),
    "uncollectible": ("block", ""),
    "void": ("block", ""),
}


@page(
    routes.DUNNING_INVOICES,
    title="dunning.invoices",
    permission=Permission.DUNNING_READ,
    on_load=DunningInvoices.load,
)
def dunning_invoices() -> rx.Component:
    back = link_button(t("dunning.to_dashboard"), href=routes.DUNNING)
    return rx.fragment(
        page_header(t("dunning.invoices"), meta=[DunningInvoices.said], actions=[back]),
        list_card(
            DunningInvoices,
            _table(),
            empty_state(t("dunning.none_match"), t("dunning.none_match_body")),
            first=empty_state(t("dunning.none"), t("dunning.none_body"), mark=shape("ok", "ok")),
            title=t("dunning.invoices"),
            filters=_filters(),
            end=[export_links(DunningInvoices, "dunning_invoices")],
        ),
    )


def _filters() -> list[rx.Component]:
    populations = [(name, t(f"dunning.population_{name}")) for name in ("failed", "returned")]
    attempts = [(str(number), _attempts(number)) for number in range(MOST_ATTEMPTS + 1)]
    outcomes = [(outcome.value, t(f"dunning.outcome_{outcome.value}")) for outcome in Outcome]
    return [
        _population_chips(populations),
        select_filter(DunningInvoices, "age", [(age.value, _age(age)) for age in Age], label=t("dunning.any_age")),
        select_filter(DunningInvoices, "attempts", attempts, label=t("dunning.any_attempts")),
        rx.cond(
            DunningInvoices.population == "failed",
            select_filter(DunningInvoices, "outcome", outcomes, label=t("dunning.any_outcome")),
        ),
    ]


def _population_chips(populations: list[tuple[str, Any]]) -> rx.Component:
    return chip_filter(DunningInvoices, "population", populations, all_label=t("dunning.population_unpaid"))


def _age(age: Age) -> Any:
    if age is Age.NOT_DUE:
        return t("dunning.age_not_due")
    return t("dunning.age_older") if age is Age.OLDER else t("dunning.age_days", days=age.value.replace("-", "–"))


def _attempts(number: int) -> Any:
    if number == MOST_ATTEMPTS:
        return t("dunning.attempts_most")
    return t("dunning.attempts_n", count=number) if number > 1 else t(f"dunning.attempts_{number}")


def _table() -> rx.Component:
    columns = [
        Column(t("dunning.invoice"), _name, card="title"),
        Column(t("dunning.customer"), lambda row: row["customer"], card="meta"),
        Column(t("dunning.owed"), lambda row: money(row["amount"], row["currency"]), amount=True, card="value"),
        Column(t("dunning.due"), lambda row: row["due"], card="meta", priority=2),
        Column(t("dunning.age"), lambda row: number(row["age"]), amount=True),
        Column(t("dunning.attempts"), lambda row: number(row["attempts"]), amount=True, priority=2),
        Column(t("dunning.reason"), lambda row: row["reason"], priority=2),
        Column(t("dunning.method"), lambda row: row["method"], priority=3),
        Column(t("dunning.state"), lambda row: status(row["state"], _STATES, extra=_LOOKS), card="side"),
    ]
    return data_table(columns, DunningInvoices.rows, label=t("dunning.invoices"))


def _name(row: Any) -> rx.Component:
    plain = rx.el.span(row["name"], title=row["ref"])
    return rx.cond(row["href"], link(row["name"], href=row["href"], title=row["ref"]), plain)


PAGE = dunning_invoices
