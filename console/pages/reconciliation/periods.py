"""Days and months: open, ready, signed off, reopened."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    chip_filter,
    confirm,
    data_table,
    empty_state,
    link,
    link_button,
    list_card,
    money,
    mono,
    page_header,
    pager_below,
    row,
    select_filter,
    stack,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import may
from console.pages.reconciliation.periods_state import PeriodList as State
from services.core.permissions import Permission

_STATES = ("open", "ready", "signed_off", "reopened")
_MARKS = {"ready": ("run", "info"), "signed_off": ("seal", "ok"), "reopened": ("warn", "warn")}


@page(
    routes.RECONCILIATION_PERIODS,
    title="periods.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def period_list() -> rx.Component:
    start = link_button(t("periods.to_runs"), href=routes.RECONCILIATION)
    none = empty_state(t("periods.none"), t("periods.none_body"), actions=[start])
    narrowed = empty_state(t("periods.none_filtered"), t("periods.none_filtered_body"))
    periods = list_card(State, _table(), narrowed, first=none, title=t("periods.title"), filters=_filters())
    late = card(
        rx.cond(State.late.length() > 0, _late(), rx.el.p(t("periods.late_none"), class_name="muted pad")),
        title=t("periods.late"),
        flush=True,
    )
    return rx.fragment(
        page_header(t("periods.title"), meta=[t("periods.meta")]),
        stack(periods, rx.cond(State.loaded, late, rx.fragment())),
        _dialogs(),
    )


def _filters() -> list[rx.Component]:
    definitions = [(name, t(f"reconciliation.definition_{name}")) for name in ("settlement", "payouts")]
    return [
        chip_filter(State, "span", [(name, t(f"periods.span_{name}")) for name in ("month", "day")]),
        select_filter(
            State, "state", [(name, t(f"periods.state_{name}")) for name in _STATES], label=t("periods.any_state")
        ),
        select_filter(State, "definition", definitions, label=t("periods.any_definition")),
        select_filter(State, "entity", State.entities, label=t("periods.any_entity")),
    ]


def _table() -> rx.Component:
    columns = [
        Column(
            t("periods.period"),
            lambda r: rx.cond(r["href"], link(r["name"], href=r["href"]), rx.el.span(r["name"])),
            card="title",
        ),
        Column(t("periods.definition"), lambda r: r["definition"], card="meta"),
        Column(t("periods.entity"), lambda r: r["entity"], priority=2, card="meta"),
        Column(
            t("periods.state"),
            lambda r: status(r["state"], {name: t(f"periods.state_{name}") for name in _STATES}, extra=_MARKS),
            card="side",
        ),
        Column(t("periods.signed_by"), lambda r: r["signed_by"], priority=3),
        Column("", _deeds, card="full"),
    ]
    return data_table(columns, State.rows, label=t("periods.title"))


def _deeds(item: Any) -> rx.Component:
    sign = button(t("periods.sign"), small=True, on_click=State.ask("sign", item["id"], item["name"]))
    verify = button(t("periods.verify"), small=True, kind="quiet", on_click=State.verify(item["id"], item["name"]))
    reopen = button(
        t("periods.reopen"), small=True, kind="quiet", on_click=State.ask("reopen", item["id"], item["name"])
    )
    may_sign = may(Permission.RECONCILIATION_SIGN, sign)
    why = rx.cond(item["holes"], link(item["holes"], href=item["href"]), rx.fragment())
    return rx.match(
        item["state"],
        ("open", why),
        ("ready", may_sign),
        ("signed_off", row(verify, may(Permission.RECONCILIATION_SIGN, reopen))),
        rx.fragment(),
    )


def _late() -> rx.Component:
    columns = [
        Column(t("periods.key"), lambda r: link(mono(r["key"]), href=r["href"]), card="title"),
        Column(t("periods.source"), lambda r: r["source"], card="meta"),
        Column(t("periods.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
        Column(
            t("periods.belongs_to"),
            lambda r: rx.cond(r["back"], link(r["belongs_to"], href=r["back"]), rx.el.span(r["belongs_to"])),
        ),
        Column(t("periods.moved_to"), lambda r: r["moved_to"], card="side"),
    ]
    return rx.fragment(data_table(columns, State.late, label=t("periods.late")), pager_below(State))


def _dialogs() -> rx.Component:
    shared: dict[str, Any] = {"on_open_change": State.close, "keep_label": t("periods.keep")}
    return rx.fragment(
        confirm(
            open_=State.asking == "sign",
            title=t("periods.sign_title", period=State.name),
            body=[rx.el.p(t("periods.sign_body"))],
            confirm_label=t("periods.sign"),
            on_confirm=State.sign,
            reason_label=t("periods.sign_reason"),
            **shared,
        ),
        confirm(
            open_=State.asking == "reopen",
            title=t("periods.reopen_title", period=State.name),
            body=[rx.el.p(t("periods.reopen_body"))],
            confirm_label=t("periods.reopen_do"),
            on_confirm=State.reopen,
            reason_label=t("periods.reason"),
            **shared,
        ),
    )


PERIOD_LIST = period_list
