"""One request: exactly what will happen at the left, people and decision at the right."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    bullet,
    bullets,
    button,
    callout,
    card,
    code,
    confirm,
    diff,
    dry_run_sheet,
    field,
    form_dialog,
    icon,
    link,
    loading_or,
    main_and_side,
    missing_signature,
    mono,
    muted,
    page_header,
    poll,
    select_input,
    shape,
    signature,
    signatures,
    stack,
    status_badge,
    text_area,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.approvals.parts import LOOKS, STATES
from console.pages.approvals.request_state import ApprovalRequestPage as State
from services.core.permissions import Permission

_OBSTACLES = ("own_request", "already_voted", "not_in_team", "expired")


@page(routes.APPROVAL, title="approvals.number", permission=Permission.APPROVAL_READ, on_load=State.load)
def request_page() -> rx.Component:
    item = State.request
    return rx.fragment(
        loading_or(
            State,
            rx.fragment(
                page_header(
                    item["title"],
                    badge=status_badge(item["state"], STATES, extra=LOOKS),
                    meta=[item["number"], item["kind"], item["entity"]],
                ),
                main_and_side(
                    [_what(), _if(State.dry["rows"], dry_run_sheet(State)), _bound(), _trail()], [_decision(), _facts()]
                ),
            ),
            lines=12,
        ),
        _agree_dialog(),
        _reject_dialog(),
        _withdraw_dialog(),
        poll(State.loaded & State.waiting & (State.failure == ""), State.refresh, every=4000),
    )


def _if(condition: Any, content: Any) -> rx.Component:
    return rx.cond(condition, content, rx.fragment())


def _what() -> rx.Component:
    item = State.request
    figures = rx.el.dl(
        rx.foreach(State.lines, lambda line: rx.fragment(rx.el.dt(line["name"]), rx.el.dd(line["value"]))),
        class_name="facts",
    )
    follows = bullets(
        _if(item["consequence"], bullet(item["consequence"], mark=icon("arrow-right"))),
        _if(item["undo"], bullet(t("approvals.undo", how=item["undo"]), mark=icon("undo-2"))),
    )
    return card(
        stack(
            _if(State.lines.length() > 0, figures),
            _if(State.changes.length() > 0, diff(State.changes, caption=t("approvals.changes"))),
            _if((item["consequence"] != "") | (item["undo"] != ""), follows),
            _if(item["subject"], rx.el.p(link(t("approvals.to_subject"), href=item["subject"]))),
        ),
        title=rx.cond(State.waiting, t("approvals.will_happen"), t("approvals.has_happened")),
    )


def _bound() -> rx.Component:
    item = State.request
    return card(
        stack(
            rx.el.p(muted(t("approvals.bound_body"))),
            rx.el.p(mono(item["digest"]), class_name="digest", style={"overflowWrap": "anywhere"}),
            code(item["content"]),
            gap="s",
        ),
        title=t("approvals.bound"),
    )


def _trail() -> rx.Component:
    return trail_card(State.trail, href=State.trail_href)


def _decision() -> rx.Component:
    item = State.request
    blocks = signatures(rx.foreach(State.seats, _seat))
    newer = callout(link(t("approvals.superseded_by"), href=item["newer"]), tone="info")
    return card(
        stack(
            signatures(signature(item["asked_by"], t("approvals.asked_by"), item["asked_at"])),
            blocks,
            rx.foreach(State.rejections, lambda one: callout(one["said"], tone="bad")),
            _if(item["newer"], newer),
            _if(item["absent"], callout(t("approvals.in_place", people=item["absent"]), tone="info")),
            rx.cond(State.may_vote, _buttons(), _why_not()),
            _if(
                State.may_withdraw,
                button(t("approvals.withdraw"), on_click=State.ask("withdraw"), icon_name="undo-2", block=True),
            ),
        ),
        title=t("approvals.decision"),
    )


def _seat(seat: Any) -> rx.Component:
    return rx.cond(
        seat["name"],
        rx.el.div(
            signature(seat["name"], seat["caption"], seat["when"]),
            _if(seat["said"], rx.el.p(seat["said"], class_name="muted")),
        ),
        rx.cond(State.waiting, missing_signature(seat["caption"], seat["said"]), rx.fragment()),
    )


def _buttons() -> rx.Component:
    return stack(
        rx.el.p(muted(State.request["effect"])),
        button(t("approvals.agree"), kind="primary", block=True, on_click=State.ask("agree"), icon_name="stamp"),
        button(t("approvals.reject"), block=True, on_click=State.ask("reject")),
        gap="s",
    )


def _why_not() -> rx.Component:
    return rx.match(
        State.obstacle,
        *[(name, bullets(bullet(t(f"approvals.obstacle_{name}"), mark=shape("block")))) for name in _OBSTACLES],
        rx.fragment(),
    )


def _facts() -> rx.Component:
    item = State.request
    pairs = [
        (t("approvals.who_agrees"), item["rule"]),
        (t("approvals.holds_from"), item["threshold"]),
        (rx.cond(State.waiting, t("approvals.expires"), t("approvals.ended")), item["expires"]),
    ]
    optional = (
        ("approvals.decided_by", "decided"),
        ("approvals.amount", "money"),
        ("approvals.rows", "touched"),
        ("approvals.ended_by", "ended_by"),
        ("approvals.reason_given", "ended_reason"),
    )
    more = [_if(item[name], rx.fragment(rx.el.dt(t(text)), rx.el.dd(item[name]))) for text, name in optional]
    known = [rx.fragment(rx.el.dt(name), rx.el.dd(said)) for name, said in pairs]
    return card(rx.el.dl(*known, *more, class_name="facts"), title=t("approvals.policy"))


def _figures() -> rx.Component:
    """What is decided over, in money and rows."""
    item = State.request
    told = [
        _if(item[name], rx.fragment(rx.el.dt(t(text)), rx.el.dd(item[name], class_name="num")))
        for text, name in (("approvals.amount", "money"), ("approvals.rows", "touched"))
    ]
    return _if((item["money"] != "") | (item["touched"] != ""), rx.el.dl(*told, class_name="facts"))


def _agree_dialog() -> rx.Component:
    item = State.request
    chooses = State.teams.length() > 1
    return form_dialog(
        stack(
            rx.el.p(rx.el.strong(item["title"])),
            _figures(),
            _if(item["consequence"], bullets(bullet(item["consequence"], mark=icon("arrow-right")))),
            rx.el.p(item["effect"]),
            _if(item["absent"], rx.el.p(t("approvals.in_place", people=item["absent"]))),
            _if(chooses, field(t("approvals.as_team"), select_input(State.teams, name="team"), name="team")),
            field(t("approvals.reason_optional"), text_area(name="reason", max_length=2000), name="reason"),
        ),
        open_=State.asking == "agree",
        on_open_change=State.close,
        title=t("approvals.agree_title"),
        act=button(t("approvals.agree_do"), kind="primary", submit=True, busy=State.busy),
        on_submit=State.agree,
        keep=t("approvals.keep"),
    )


def _reject_dialog() -> rx.Component:
    return confirm(
        open_=State.asking == "reject",
        on_open_change=State.close,
        title=t("approvals.reject_title"),
        body=[
            stack(
                rx.el.p(rx.el.strong(State.request["title"])), _figures(), rx.el.p(t("approvals.reject_body")), gap="s"
            )
        ],
        confirm_label=t("approvals.reject_do"),
        on_confirm=State.reject,
        keep_label=t("approvals.keep"),
        danger=True,
        reason_label=t("approvals.reason"),
    )


def _withdraw_dialog() -> rx.Component:
    return confirm(
        open_=State.asking == "withdraw",
        on_open_change=State.close,
        title=t("approvals.withdraw_title"),
        body=[rx.el.p(t("approvals.withdraw_body"))],
        confirm_label=t("approvals.withdraw_do"),
        on_confirm=State.withdraw,
        keep_label=t("approvals.keep"),
        reason_label=t("approvals.reason"),
    )


REQUEST = request_page
