"""Matches beyond the plain key: the list, one with its entries, and what people decided."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    card,
    chip_filter,
    clear_filter,
    confirm,
    data_table,
    empty_state,
    facts,
    filter_bar,
    link,
    loading_or,
    main_and_side,
    money,
    mono,
    number,
    page_header,
    pager,
    pager_below,
    search_filter,
    select_filter,
    shape,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.matches_state import MatchList, MatchPage
from console.pages.reconciliation.parts import may, recon_tabs
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION_MATCHES,
    title="matches.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=MatchList.load,
)
def match_list() -> rx.Component:
    definitions = [(name, t(f"reconciliation.definition_{name}")) for name in ("settlement", "payouts")]
    filters = filter_bar(
        search_filter(MatchList, placeholder=t("matches.search")),
        chip_filter(MatchList, "rule", MatchList.rules, all_label=t("matches.any_rule")),
        select_filter(MatchList, "definition", definitions, label=t("matches.any_definition")),
        select_filter(MatchList, "entity", MatchList.entities, label=t("matches.any_entity")),
        select_filter(MatchList, "sure", [("low", t("matches.sure_low"))], label=t("matches.any_sure")),
        clear_filter(MatchList),
    )
    none = empty_state(t("matches.none"), t("matches.none_body"))
    return rx.fragment(
        page_header(t("matches.title"), meta=[t("matches.meta")]),
        recon_tabs("matches"),
        stack(
            card(
                filters,
                loading_or(MatchList, rx.cond(MatchList.rows.length() > 0, _table(), none), lines=12),
                title=t("matches.title"),
                flush=True,
            ),
            _decisions(),
        ),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("matches.match"), lambda r: link(r["name"], href=r["href"]), card="title"),
        Column(t("matches.rule"), lambda r: rx.el.span(r["rule"], title=r["rule_text"]), card="meta"),
        Column(t("matches.entries"), lambda r: number(r["sides"]), card="side"),
        Column(t("matches.confidence"), _sure, amount=True, card="value"),
        Column(t("matches.residual"), _residual, amount=True),
        Column(t("matches.why"), lambda r: rx.el.span(r["why"], title=r["why"]), priority=2, card="full"),
        Column(t("matches.entity"), lambda r: r["entity"], priority=3),
    ]
    return rx.fragment(data_table(columns, MatchList.rows, label=t("matches.title"), state=MatchList), pager(MatchList))


def _sure(row: Any) -> rx.Component:
    mark = rx.cond(row["unsure"] == "yes", shape("warn", "warn"), rx.fragment())
    return rx.el.span(mark, row["confidence"], class_name="num status")


def _residual(row: Any) -> rx.Component:
    nothing = rx.el.span(t("matches.nothing_left"), class_name="muted")
    return rx.cond(row["residual"], number(row["residual"]), nothing)


def _decisions() -> rx.Component:
    columns = [
        Column(t("matches.what"), lambda r: r["what"], card="title"),
        Column(t("matches.key"), lambda r: mono(r["keys"]), priority=2, card="full"),
        Column(t("matches.reason"), lambda r: r["reason"], wrap=True, card="full"),
        Column(t("matches.decided_by"), lambda r: r["by"], card="meta"),
        Column(t("matches.decided_at"), lambda r: number(r["at"]), priority=2),
        Column(
            t("matches.state"),
            lambda r: rx.cond(r["withdrawn"], rx.el.span(r["withdrawn"], class_name="muted"), t("matches.holds")),
            card="side",
        ),
    ]
    none = rx.el.p(t("matches.decisions_none"), class_name="muted pad")
    table = rx.fragment(data_table(columns, MatchList.decided, label=t("matches.decisions")), pager_below(MatchList))
    return card(rx.cond(MatchList.decided.length() > 0, table, none), title=t("matches.decisions"), flush=True)


@page(
    routes.RECONCILIATION_MATCH,
    title="matches.match",
    permission=Permission.RECONCILIATION_READ,
    on_load=MatchPage.load,
)
def match_page() -> rx.Component:
    item = MatchPage.item
    apart = may(
        Permission.BREAK_WORK,
        rx.cond(
            MatchPage.stands, button(t("matches.apart"), on_click=MatchPage.ask, icon_name="unlink"), rx.fragment()
        ),
    )
    gone = callout(t("matches.gone"), tone="info")
    content = stack(
        page_header(item["name"], meta=[item["definition"], item["entity"]], actions=[apart]),
        rx.cond(MatchPage.stands, rx.fragment(), gone),
        main_and_side([_members()], [_facts()]),
        confirm(
            open_=MatchPage.asking,
            on_open_change=MatchPage.close,
            title=t("matches.apart_title", name=item["name"]),
            body=[rx.el.p(t("matches.apart_body"))],
            confirm_label=t("matches.apart_do"),
            on_confirm=MatchPage.take_apart,
            keep_label=t("matches.apart_keep"),
            reason_label=t("matches.apart_reason"),
        ),
    )
    return loading_or(MatchPage, content)


def _members() -> rx.Component:
    columns = [
        Column(t("matches.side"), lambda r: r["side"], card="side"),
        Column(t("matches.key"), lambda r: mono(r["key"]), card="title"),
        Column(t("matches.day"), lambda r: r["day"], card="meta"),
        Column(t("matches.amount"), lambda r: money(r["amount"], r["currency"]), amount=True, card="value"),
        Column(
            t("matches.allocated"),
            lambda r: rx.cond(
                r["allocated"],
                money(r["allocated"], r["currency"]),
                rx.el.span(t("matches.whole"), class_name="muted"),
            ),
            amount=True,
        ),
    ]
    return card(
        data_table(columns, MatchPage.members, label=t("matches.members")), title=t("matches.members"), flush=True
    )


def _facts() -> rx.Component:
    item = MatchPage.item
    return card(
        facts(
            (t("matches.rule"), rx.el.span(mono(item["rule"]), " ", item["rule_text"])),
            (t("matches.confidence"), item["confidence"]),
            (t("matches.why"), item["why"]),
            (t("matches.runner_up"), rx.cond(item["runner_up"], item["runner_up"], "—")),
            (t("matches.residual"), rx.cond(item["residual"], item["residual"], t("matches.nothing_left"))),
        ),
        title=t("matches.facts"),
    )


MATCH_LIST = match_list
MATCH_PAGE = match_page
