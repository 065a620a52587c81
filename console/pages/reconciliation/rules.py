"""The rules by which a definition matches: edited, tried on the last runs, published by a second person."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    badge,
    bullet,
    bullets,
    button,
    callout,
    card,
    data_table,
    field,
    icon_button,
    link,
    loading_or,
    main_and_side,
    mono,
    number,
    page_header,
    poll,
    row,
    select_input,
    shape,
    stack,
    tabs,
    text_area,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import may, may_or, recon_tabs
from console.pages.reconciliation.rules_state import RuleBook as State
from services.core.permissions import Permission

_DEFINITIONS = ("settlement", "payouts")


@page(
    routes.RECONCILIATION_RULES,
    title="rules.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def rule_book() -> rx.Component:
    choices = [
        (
            t(f"rules.{name}"),
            routes.to(routes.RECONCILIATION_RULES, query={"definition": name}),
            State.definition == name,
        )
        for name in _DEFINITIONS
    ]
    content = main_and_side([_form(), _examples()], [_changes(), _backtest(), _versions()])
    return rx.fragment(
        page_header(t("rules.title"), meta=[State.name, t("rules.meta", version=State.version)]),
        recon_tabs("rules"),
        tabs(*choices, label=t("rules.which")),
        poll(State.testing, State.refresh, every=2000),
        loading_or(State, content),
    )


def _form() -> rx.Component:
    form = rx.el.form(
        rx.foreach(State.groups, _group),
        _order(),
        field(
            t("rules.note"),
            text_area(name="note", rows=2, required=True, max_length=500, default_value=State.note, key=State.note),
            name="note",
        ),
        may_or(
            Permission.RULES_EDIT,
            rx.el.div(button(t("rules.save"), kind="primary", submit=True), class_name="row"),
            bullets(bullet(t("rules.read_only"), mark=shape("block"))),
        ),
        on_submit=State.save,
        class_name="stack",
    )
    return card(form, title=t("rules.edit"), note=t("rules.edit_note"))


def _group(group: Any) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(group["title"]),
        rx.el.p(group["note"], class_name="muted"),
        rx.el.div(rx.foreach(group["fields"].to(list[dict[str, str]]), _setting), class_name="settings"),
        class_name="rule-group",
    )


def _setting(item: Any) -> rx.Component:
    box = rx.el.input(
        type="checkbox",
        name=item["name"],
        default_checked=item["checked"] == "yes",
        key=item["name"] + item["checked"],
        class_name="check",
    )
    return rx.cond(item["kind"] == "flag", rx.el.label(box, item["label"], class_name="row"), _measured(item))


def _measured(item: Any) -> rx.Component:
    """A figure with its unit, and below it what holds now or what may be chosen."""
    return rx.el.div(
        rx.el.label(item["label"], html_for=item["name"]),
        rx.el.div(
            rx.el.input(
                id=item["name"],
                name=item["name"],
                input_mode="decimal",
                default_value=item["value"],
                class_name="input num",
                key=item["name"] + item["value"],
            ),
            rx.el.span(item["unit"], class_name="muted"),
            class_name="row input-unit",
        ),
        rx.el.span(
            rx.cond(item["changed"] == "yes", shape("ne", "warn"), rx.fragment()),
            item["hint"],
            class_name="sub status",
        ),
        class_name="field",
    )


def _order() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(t("rules.order")),
        rx.el.p(t("rules.order_note"), class_name="muted"),
        rx.el.ol(rx.foreach(State.order, _rule), class_name="rule-order"),
        class_name="rule-group",
    )


def _rule(item: Any) -> rx.Component:
    up = icon_button("arrow-up", label=t("rules.up", rule=item["rule"]), on_click=State.move(item["rule"], -1))
    down = icon_button("arrow-down", label=t("rules.down", rule=item["rule"]), on_click=State.move(item["rule"], 1))
    is_on = item["place"] != ""
    switch = button(
        rx.cond(is_on, t("rules.switch_off"), t("rules.switch_on")), on_click=State.switch(item["rule"]), small=True
    )
    tools = row(
        rx.cond(is_on & (item["first"] == ""), up, rx.fragment()),
        rx.cond(is_on & (item["last"] == ""), down, rx.fragment()),
        switch,
    )
    return rx.el.li(
        rx.el.span(rx.cond(is_on, item["place"], "–"), class_name="num muted"),
        rx.el.div(
            rx.el.strong(item["text"]),
            rx.el.span(item["told"], class_name="sub"),
        ),
        may(Permission.RULES_EDIT, tools),
        custom_attrs={"data-off": rx.cond(is_on, "false", "true")},
        key=item["rule"],
    )


def _changes() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return rx.el.tr(
            rx.el.th(item["what"], scope="row"),
            rx.el.td(rx.el.s(item["before"])),
            rx.el.td(rx.el.strong(item["after"])),
        )

    table = rx.el.table(
        rx.el.caption(t("rules.changes"), class_name="visually-hidden"),
        rx.el.tbody(rx.foreach(State.changes, line)),
        class_name="data-table data-table-dense data-table-bare rule-changes",
    )
    same = rx.el.p(t("rules.no_change"), class_name="muted")
    return card(
        rx.cond(State.changes.length() > 0, table, same),
        title=t("rules.changes"),
        note=rx.cond(State.drafted_by != "", t("rules.drafted_by", name=State.drafted_by), ""),
    )


def _try_and_publish() -> rx.Component:
    options = [(n, t("rules.last_runs", count=int(n))) for n in ("5", "10", "20")]
    publish = button(t("rules.publish"), kind="primary", on_click=State.publish)
    return row(
        select_input(options, name="runs", value=State.runs, on_change=State.choose_runs),
        button(t("rules.test"), on_click=State.test, icon_name="play", busy=State.testing),
        rx.cond((State.tested != "") & (State.request_href == ""), publish, rx.fragment()),
        wrap=True,
    )


def _backtest() -> rx.Component:
    running = rx.el.p(shape("run", "info"), t("rules.testing"), class_name="status")
    none = rx.el.p(t("rules.backtest_none"), class_name="muted")
    waits = callout(t("rules.waiting"), tone="info", end=link(t("rules.to_request"), href=State.request_href))
    found = data_table(
        [
            Column(t("rules.class"), lambda r: r["class"], card="title"),
            Column(t("rules.more"), lambda r: number(r["more"]), amount=True, card="side"),
            Column(t("rules.fewer"), lambda r: number(r["fewer"]), amount=True, card="value"),
        ],
        State.by_class,
        label=t("rules.backtest"),
        dense=True,
    )
    return card(
        stack(
            rx.cond(State.testing, running, rx.cond(State.tested != "", rx.el.p(State.tested), none)),
            rx.cond(State.by_class.length() > 0, found, rx.fragment()),
            rx.cond(State.request_href != "", waits, rx.fragment()),
            rx.cond(State.has_draft, may(Permission.RULES_EDIT, _try_and_publish()), rx.fragment()),
            gap="s",
        ),
        title=t("rules.backtest"),
    )


def _examples() -> rx.Component:
    columns = [
        Column(t("rules.what"), lambda r: r["what"], card="title"),
        Column(t("rules.key"), lambda r: link(mono(r["key"]), href=r["href"]), card="full"),
        Column(t("rules.class"), lambda r: r["class"], card="meta"),
        Column(t("rules.day"), lambda r: number(r["day"]), card="side"),
    ]
    table = card(
        data_table(columns, State.examples, label=t("rules.differently")),
        title=t("rules.differently"),
        note=t("rules.differently_note"),
        flush=True,
    )
    return rx.cond(State.examples.length() > 0, table, rx.fragment())


def _versions() -> rx.Component:
    def line(item: Any) -> rx.Component:
        holds = rx.cond(item["holds"] == "yes", badge(t("rules.holds"), mark="ok", tone="ok"), rx.fragment())
        return rx.el.li(
            row(rx.el.strong(t("rules.version_of", version=item["version"])), holds),
            rx.el.p(item["note"]),
            rx.el.ul(
                rx.foreach(item["changes"].to(list[dict[str, str]]), lambda c: rx.el.li(c["text"])), class_name="sub"
            ),
            rx.el.span(item["by"], " ", item["since"], class_name="muted"),
            class_name="stack stack-xs",
        )

    return card(rx.el.ol(rx.foreach(State.versions, line), class_name="rule-versions"), title=t("rules.versions"))


RULE_BOOK = rule_book
