"""The dry run of a backfill: what people agree to, the same wherever they are asked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import shape
from console.components.layout import bullet, bullets, card, columns, facts, figures, mono, muted, stack
from console.components.money import money, number
from console.components.sides import code
from console.components.table import Column, data_table
from console.design.texts import t


def dry_run_sheet(state: Any) -> rx.Component:
    """Every part of the dry run in a state with `kit.dry_run.DryRunFields`."""
    return stack(
        _figures(state),
        _what(state),
        rx.cond(state.dry_sample.length() > 0, _sample(state), rx.fragment()),
        rx.cond(state.dry_money.length() > 0, _money(state), rx.fragment()),
        rx.cond(state.dry_closed.length() > 0, _closed(state), rx.fragment()),
        columns(_checks(state), _locks(state)),
        _plan(state),
    )


def folded(title: Any, *content: Any) -> rx.Component:
    """Opened by whoever wants to see it."""
    return rx.el.details(rx.el.summary(title), *content, class_name="folded")


def _figures(state: Any) -> rx.Component:
    dry = state.dry
    return figures(
        (t("backfills.rows_changed"), dry["rows"]),
        (t("backfills.money_moved"), dry["moved"]),
        (t("backfills.closed_periods"), dry["closed"]),
        (t("backfills.estimated_time"), dry["takes"]),
        (t("backfills.before_images"), dry["disk"]),
    )


def _what(state: Any) -> rx.Component:
    dry = state.dry
    elsewhere = rx.cond(dry["database"] != "", t("backfills.in_database", name=dry["database"]), "")
    return card(
        stack(
            rx.el.p(dry["what"], class_name="secondary", style={"maxWidth": "72ch"}),
            facts(
                (
                    t("backfills.writes"),
                    rx.el.span(mono(dry["table"]), ": ", mono(dry["columns"]), elsewhere),
                ),
                (t("backfills.params"), mono(dry["params"])),
                (t("backfills.bound"), mono(dry["bound"])),
                (t("backfills.checksum"), mono(dry["checksum"], style={"overflowWrap": "anywhere"})),
                (t("backfills.measured"), dry["trial"]),
            ),
            gap="s",
        ),
        title=t("backfills.will_happen"),
    )


def _sample(state: Any) -> rx.Component:
    heads = [
        rx.el.th(t("backfills.sample_row"), scope="col"),
        rx.el.th(t("backfills.drawn"), scope="col", class_name="p2"),
        rx.foreach(
            state.dry_columns,
            lambda name: rx.fragment(
                rx.el.th(t("backfills.column_before", column=name), scope="col", class_name="amount"),
                rx.el.th(t("backfills.column_after", column=name), scope="col", class_name="amount"),
            ),
        ),
        rx.foreach(state.dry_beside, lambda name: rx.el.th(mono(name), scope="col", class_name="amount p2")),
    ]
    table = rx.el.table(
        rx.el.caption(t("backfills.before_after"), class_name="visually-hidden"),
        rx.el.thead(rx.el.tr(*heads)),
        rx.el.tbody(rx.foreach(state.dry_sample, _sampled)),
        class_name="diff",
    )
    region = rx.el.div(
        table,
        class_name="table-scroll sample",
        role="region",
        tab_index=0,
        custom_attrs={"aria-label": t("backfills.before_after")},
    )
    return card(
        region,
        title=t("backfills.before_after"),
        note=t("backfills.sample_note", count=state.dry["sampled"]),
    )


def _sampled(item: Any) -> rx.Component:
    beside = rx.foreach(item["beside"].to(list[str]), lambda value: rx.el.td(value, class_name="amount num same p2"))
    changes = rx.foreach(
        item["changes"].to(list[dict[str, str]]),
        lambda change: rx.fragment(
            rx.el.td(change["was"], class_name="amount num was"), rx.el.td(change["now"], class_name="amount num now")
        ),
    )
    return rx.el.tr(
        rx.el.th(mono(item["key"], title=item["full"]), scope="row"),
        rx.el.td(item["drawn"], class_name="p2"),
        changes,
        beside,
    )


def _money(state: Any) -> rx.Component:
    def change(item: Any) -> rx.Component:
        return rx.el.span(money(item["gross"], item["currency"]), class_name=rx.cond(item["zero"] != "", "zero", ""))

    shown = [
        Column(t("backfills.currency"), lambda item: rx.el.strong(item["currency"]), card="title"),
        Column(
            t("backfills.sum_before"),
            lambda item: rx.el.span(item["before"], class_name="num"),
            amount=True,
            priority=2,
        ),
        Column(
            t("backfills.sum_after"), lambda item: rx.el.span(item["after"], class_name="num"), amount=True, priority=2
        ),
        Column(t("backfills.net"), lambda item: number(item["net"]), amount=True, card="meta", named=True),
        Column(t("backfills.gross"), change, amount=True, card="value"),
    ]
    return card(
        data_table(shown, state.dry_money, label=t("backfills.money"), dense=True),
        title=t("backfills.money"),
        note=t("backfills.money_note"),
        flush=True,
    )


def _checks(state: Any) -> rx.Component:
    shown = [
        Column(t("backfills.check"), lambda item: item["title"], card="title", wrap=True),
        Column(t("backfills.now"), lambda item: rx.el.span(item["before"], class_name="num"), amount=True, priority=2),
        Column(
            t("backfills.wanted"),
            lambda item: rx.el.strong(item["wanted"], class_name="num"),
            amount=True,
            card="value",
        ),
    ]
    none = rx.el.div(muted(t("backfills.no_checks")), class_name="card-body")
    table = data_table(shown, state.dry_checks, label=t("backfills.must_hold"), dense=True)
    compared = t("backfills.compared", names=state.dry["compared"])
    return card(
        rx.cond(state.dry_checks.length() > 0, table, none),
        rx.cond(state.dry["compared"] != "", rx.el.div(muted(compared), class_name="card-body"), rx.fragment()),
        title=t("backfills.must_hold"),
        flush=True,
    )


def _closed(state: Any) -> rx.Component:
    shown = [
        Column(t("backfills.period"), lambda item: item["days"], card="title"),
        Column(t("backfills.name_of_reconciliation"), lambda item: item["name"], card="meta"),
        Column(t("backfills.rows"), lambda item: rx.el.span(item["rows"], class_name="num"), amount=True, card="value"),
    ]
    return card(
        data_table(shown, state.dry_closed, label=t("backfills.closed_periods"), dense=True),
        title=t("backfills.closed_periods"),
        note=t("backfills.closed_note"),
        flush=True,
    )


def _locks(state: Any) -> rx.Component:
    def line(item: Any) -> rx.Component:
        mark = rx.cond(item["mark"] == "ok", shape("ok", "ok"), shape("warn", "warn"))
        return bullet(item["text"], mark=mark, note=item["note"])

    return card(bullets(rx.foreach(state.dry_locks, line)), title=t("backfills.locks"))


def _plan(state: Any) -> rx.Component:
    shown = card(folded(t("backfills.plan_open"), code(state.dry["plan"])), title=t("backfills.plan"))
    return rx.cond(state.dry["plan"] != "", shown, rx.fragment())
