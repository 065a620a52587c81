"""Access reviews: campaigns, the rights to be kept or removed, and what came of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    badge,
    button,
    card,
    confirm,
    data_table,
    download_button,
    empty_state,
    field,
    form_dialog,
    loading_or,
    number,
    page_header,
    row,
    stack,
    status,
    text_button,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.access.reviews_state import Reviews
from console.pages.access.tabs import access_tabs
from services.core.permissions import Permission

_STATES = {
    "open": t("access.review_open"),
    "overdue": t("access.review_overdue"),
    "closed": t("access.review_closed"),
}
_STATE_LOOKS = {"open": ("wait", "info"), "overdue": ("warn", "warn"), "closed": ("ok", "ok")}
_DECISIONS = {
    "open": t("access.undecided"),
    "keep": t("access.kept"),
    "remove": t("access.removed"),
}
_DECISION_LOOKS = {"open": ("wait", ""), "keep": ("ok", "ok"), "remove": ("block", "bad")}


@page(routes.ACCESS_REVIEWS, title="access.reviews", permission=Permission.REVIEW_READ, on_load=Reviews.load)
def reviews() -> rx.Component:
    none = empty_state(t("access.no_reviews"), t("access.no_reviews_body"))
    return rx.fragment(
        page_header(
            t("access.reviews"),
            meta=[t("access.reviews_meta")],
            actions=[
                rx.cond(
                    Reviews.loaded & ~rx.Var.create(Reviews.one_open),
                    _if_manager(button(t("access.new_review"), kind="primary", on_click=Reviews.ask)),
                    rx.fragment(),
                )
            ],
        ),
        access_tabs(routes.ACCESS_REVIEWS),
        loading_or(
            Reviews,
            rx.cond(
                Reviews.rows.length() > 0,
                stack(card(_campaigns(), flush=True, title=t("access.reviews")), _shares(), _report()),
                card(none, title=t("access.reviews")),
            ),
        ),
        _new(),
        _removal(),
        _closing(),
    )


def _if_manager(content: rx.Component) -> rx.Component:
    return rx.cond(Shell.rights.contains(str(Permission.USER_MANAGE)), content, rx.fragment())


def _campaigns() -> rx.Component:
    columns = [
        Column(
            t("access.review_title"),
            lambda item: text_button(item["title"], on_click=Reviews.choose(item["id"])),
            card="title",
        ),
        Column(t("access.due"), lambda item: item["due"], card="meta", named=True),
        Column(t("access.decided"), lambda item: number(item["done"]), amount=True, card="meta", named=True),
        Column(
            t("access.rights"), lambda item: number(item["total"]), amount=True, priority=2, card="meta", named=True
        ),
        Column(t("access.removed"), lambda item: number(item["removed"]), amount=True, priority=2),
        Column(t("access.late"), lambda item: number(item["late"]), amount=True, priority=2),
        Column(t("access.state"), lambda item: status(item["state"], _STATES, extra=_STATE_LOOKS), card="side"),
    ]
    return data_table(columns, Reviews.rows, label=t("access.reviews"))


def _shares() -> rx.Component:
    columns = [
        Column(t("access.reviewer"), lambda item: item["reviewer"], card="title"),
        Column(t("access.rights"), lambda item: number(item["rights"]), amount=True, card="meta", named=True),
        Column(t("access.kept"), lambda item: number(item["kept"]), amount=True, priority=2, card="meta", named=True),
        Column(t("access.removed"), lambda item: number(item["removed"]), amount=True, card="meta", named=True),
        Column(t("access.undecided"), lambda item: number(item["undecided"]), amount=True, card="meta", named=True),
        Column(t("access.late"), lambda item: number(item["late"]), amount=True, card="meta", named=True),
    ]
    return card(data_table(columns, Reviews.shares, label=t("access.by_owner")), flush=True, title=t("access.by_owner"))


def _report() -> rx.Component:
    columns = [
        Column(t("access.name"), lambda item: item["person"], card="title"),
        Column(t("access.role"), lambda item: item["role"], card="meta"),
        Column(t("access.entity"), lambda item: item["entity"], priority=2, card="meta"),
        Column(t("access.last_sign_in"), lambda item: item["seen"], priority=3),
        Column(t("access.reviewer"), lambda item: item["reviewer"], priority=3),
        Column(
            t("access.decision"),
            lambda item: status(item["decision"], _DECISIONS, extra=_DECISION_LOOKS),
            card="side",
        ),
        Column(
            t("access.decided_by"),
            lambda item: rx.cond(item["may"] == "yes", _choice(item), _decided(item)),
            card="full",
        ),
    ]
    return card(
        data_table(columns, Reviews.items, label=t("access.review_rights")),
        flush=True,
        title=Reviews.title,
        end=[
            download_button(t("access.report"), href="/export/access-review.csv?review=" + Reviews.chosen),
            rx.cond(
                Reviews.running,
                _if_manager(button(t("access.close_review"), small=True, on_click=Reviews.ask_about("closing", ""))),
                rx.fragment(),
            ),
        ],
        note=Reviews.shown,
    )


def _decided(item: Any) -> rx.Component:
    late = rx.cond(item["late"] == "yes", badge(t("access.late_mark"), mark="warn", tone="warn"), rx.fragment())
    return row(rx.el.span(item["decided"]), late)


def _choice(item: Any) -> rx.Component:
    return row(
        button(t("access.keep_right"), small=True, on_click=Reviews.decide(item["id"], True)),
        button(t("access.remove_right"), small=True, kind="quiet", on_click=Reviews.ask_about("removal", item["id"])),
    )


def _removal() -> rx.Component:
    about = Reviews.about
    return confirm(
        open_=Reviews.asking == "removal",
        on_open_change=Reviews.close,
        title=t("access.removal_title", role=about["role"], person=about["person"]),
        body=[rx.el.p(t("access.removal_body", entity=about["entity"], seen=about["seen"]))],
        confirm_label=t("access.removal_do"),
        on_confirm=Reviews.remove,
        keep_label=t("access.keep"),
        danger=True,
        reason_label=t("access.removal_reason"),
    )


def _closing() -> rx.Component:
    return confirm(
        open_=Reviews.asking == "closing",
        on_open_change=Reviews.close,
        title=t("access.closing_title", title=Reviews.title),
        body=[rx.el.p(t("access.closing_body", count=Reviews.undecided))],
        confirm_label=t("access.close_review_do"),
        on_confirm=Reviews.finish,
        keep_label=t("access.keep"),
    )


def _new() -> rx.Component:
    return form_dialog(
        field(t("access.review_name"), text_input(name="title", required=True, max_length=100), name="title"),
        field(t("access.due"), text_input(name="due_on", type="date", required=True), name="due_on"),
        rx.foreach(Reviews.owned, _owner),
        open_=Reviews.asking == "start",
        on_open_change=Reviews.close,
        title=t("access.start_title"),
        act=button(t("access.start_review"), kind="primary", submit=True),
        on_submit=Reviews.start,
        keep=t("access.keep"),
        note=t("access.review_effect"),
    )


def _owner(role: Any) -> rx.Component:
    """Who decides over one role."""
    return field(
        t("access.decides_over", role=role["label"]),
        rx.el.select(
            rx.el.option(t("access.myself"), value=""),
            rx.foreach(Reviews.people, lambda item: rx.el.option(item["label"], value=item["value"])),
            id=role["field"],
            name=role["field"],
            class_name="input",
        ),
        name=role["field"],
    )


REVIEWS = reviews
