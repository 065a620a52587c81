"""A break: both sides field by field, why they do not match, and the work on it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    bullet,
    bullets,
    button,
    card,
    columns,
    comment_box,
    field,
    file_upload,
    link,
    link_button,
    loading_or,
    main_and_side,
    mono,
    muted,
    page_header,
    plain_link,
    select_input,
    shape,
    stack,
    status_badge,
    text_area,
    timeline,
    trail_card,
    two_sides,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.break_adjust import adjustment_card
from console.pages.reconciliation.break_match import candidates_card, match_dialog
from console.pages.reconciliation.break_state import BreakPage as State
from console.pages.reconciliation.parts import RESOLUTIONS, break_states, may, may_or
from services.core.permissions import Permission
from services.reconciliation import evidence_kinds


@page(routes.BREAK, title="reconciliation.break", permission=Permission.RECONCILIATION_READ, on_load=State.load)
def break_page() -> rx.Component:
    content = stack(
        _head(),
        main_and_side(
            [
                _sides(),
                columns(_why(), candidates_card(), count=2),
                _story(),
                trail_card(State.trail, href=State.trail_href),
            ],
            [_decision(), _assignment(), _evidence(), adjustment_card()],
        ),
    )
    return loading_or(State, rx.fragment(content, match_dialog()))


def _head() -> rx.Component:
    item = State.item
    return page_header(
        item["title"],
        actions=[link_button(t("reconciliation.breaks"), href=routes.BREAKS, custom_attrs={"data-back": "true"})],
        badge=status_badge(item["state"], break_states()),
        meta=[
            item["name"],
            item["definition"] + ", " + item["day"],
            t("reconciliation.open_since", count=item["age"]),
            rx.cond(
                item["assigned"],
                t("reconciliation.assigned_to", name=item["assigned"]),
                t("reconciliation.not_assigned"),
            ),
        ],
    )


def _sides() -> rx.Component:
    return card(
        two_sides(
            State.sides, left=State.item["left"], right=State.item["right"], caption=t("reconciliation.both_sides")
        ),
        title=t("reconciliation.both_sides"),
        note=t("reconciliation.both_sides_note", count=State.differing, all=State.all_fields),
        flush=True,
    )


def _why() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return bullet(
            rx.el.span(mono(item["rule"]), " ", item["text"]), mark=shape(item["mark"], item["mark"]), note=item["said"]
        )

    return card(bullets(rx.foreach(State.verdicts, line)), title=t("reconciliation.why"))


def _story() -> rx.Component:
    box = comment_box(State.comment, busy=State.busy, placeholder=t("reconciliation.comment_hint"))
    return card(
        stack(timeline(State.story), may(Permission.BREAK_WORK, box)),
        title=t("reconciliation.story"),
    )


def _decision() -> rx.Component:
    resolved = State.item["state"] == "resolved"
    request = link(t("breakwork.to_request"), href=State.item["request"])
    proposed = rx.el.p(t("breakwork.proposed", name=State.item["proposed_by"]), " ", request)
    return card(
        rx.cond(resolved, _resolved(), rx.cond(State.item["state"] == "proposed", proposed, _resolve_form())),
        title=rx.cond(resolved, t("reconciliation.resolution"), t("reconciliation.resolve")),
    )


def _resolve_form() -> rx.Component:
    form = rx.el.form(
        field(
            t("reconciliation.resolution"),
            select_input(
                [(name, t(f"reconciliation.resolution_{name}")) for name in RESOLUTIONS],
                name="resolution",
                custom_attrs={"data-key": "r"},
            ),
            name="resolution",
        ),
        rx.el.p(State.terms, class_name="muted", id="terms"),
        field(
            t("reconciliation.reason"),
            text_area(name="reason", rows=4, required=True, min_length=8, max_length=2000),
            name="reason",
        ),
        button(
            t("reconciliation.resolve_do", name=State.item["name"]),
            kind="primary",
            block=True,
            submit=True,
            busy=State.busy,
        ),
        rx.el.p(t("reconciliation.resolve_foot"), class_name="muted"),
        on_submit=State.resolve,
        class_name="stack stack-s",
    )
    rights = bullets(bullet(t("reconciliation.read_only"), mark=shape("block")))
    return may_or(Permission.BREAK_WORK, form, rights)


def _resolved() -> rx.Component:
    item = State.item
    how = rx.cond(
        item["resolved_by"],
        t(
            "reconciliation.resolved_as",
            how=item["resolution"],
            name=item["resolved_by"],
            moment=item["resolved_at"],
        ),
        item["resolution"],
    )
    form = rx.el.form(
        field(
            t("reconciliation.reason"),
            text_area(name="reason", rows=3, required=True, min_length=8, max_length=2000),
            name="reason",
        ),
        button(t("reconciliation.reopen"), submit=True, icon_name="undo-2"),
        on_submit=State.reopen,
        reset_on_submit=True,
        class_name="stack stack-s",
    )
    return stack(
        bullets(bullet(how)),
        rx.cond(item["resolved_reason"], rx.el.p(item["resolved_reason"], class_name="said"), rx.fragment()),
        rx.cond(item["explained"], rx.el.p(item["explained"], class_name="said"), rx.fragment()),
        rx.cond(item["by_run"], rx.fragment(), may(Permission.BREAK_WORK, form)),
    )


def _assignment() -> rx.Component:
    item = State.item
    choice = rx.el.select(
        rx.el.option(t("reconciliation.nobody"), value=""),
        rx.foreach(State.people, lambda person: rx.el.option(person["label"], value=person["value"])),
        value=item["assigned_id"],
        on_change=State.assign,
        class_name="input",
        id="assigned",
        custom_attrs={"data-key": "a"},
    )
    name = rx.cond(item["assigned"], rx.el.span(item["assigned"]), muted(t("reconciliation.nobody")))
    settled = (item["state"] == "resolved") | (item["state"] == "proposed")
    shown = rx.cond(settled, name, may_or(Permission.BREAK_WORK, _labelled(choice), name))
    return card(shown, title=t("reconciliation.assigned"))


def _evidence() -> rx.Component:
    def line(item: Any) -> rx.Component:
        return bullet(plain_link(item["name"], href=item["href"], download=True), note=item["note"])

    kept = bullets(rx.foreach(State.files, line))
    zone = file_upload(
        "evidence",
        State.attach,
        accept=evidence_kinds(),
        title=t("breakwork.evidence_add"),
        hint=t("breakwork.evidence_hint"),
    )
    none = rx.el.p(t("breakwork.evidence_none"), class_name="muted")
    return card(
        stack(rx.cond(State.files.length() > 0, kept, none), may(Permission.BREAK_WORK, zone), gap="s"),
        title=t("breakwork.evidence"),
    )


def _labelled(choice: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(t("reconciliation.assign_to"), html_for="assigned", class_name="visually-hidden"),
        choice,
        class_name="field",
    )


BREAK_PAGE = break_page
