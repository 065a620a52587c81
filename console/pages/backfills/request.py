"""A backfill before it runs: the dry run at the left, who has to agree and the next step at the right."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    button,
    callout,
    card,
    confirm,
    dry_run_sheet,
    empty_state,
    facts,
    field,
    form_dialog,
    link,
    link_button,
    loading_or,
    main_and_side,
    mono,
    muted,
    plain_status,
    poll,
    stack,
    text_input,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.parts import may, record_head, seat_lines, when
from console.pages.backfills.request_state import BackfillRequest as State
from services.core.permissions import Permission

_DRAFT, _RUN = Permission.BACKFILL_DRAFT, Permission.BACKFILL_RUN


@page(routes.BACKFILL, title="backfills.record", permission=Permission.BACKFILL_READ, on_load=State.load)
def request_page() -> rx.Component:
    return rx.fragment(
        loading_or(
            State,
            stack(
                record_head(State, "request", *_actions()), main_and_side([_main()], [_next(), _agreement(), _about()])
            ),
            lines=12,
        ),
        _discard_dialog(),
        _start_dialog(),
        _plan_dialog(),
        poll(State.moving & (State.failure == ""), State.refresh, every=2000),
    )


def _step(name: str) -> Any:
    return State.steps.contains(name)  # pyright: ignore[reportAttributeAccessIssue]


def _actions() -> list[Any]:
    again = State.item["state"] != "draft"
    return [
        when(
            _step("draft") & may(_DRAFT) & (State.item["takes"] != ""),
            link_button(t("backfills.change_params"), href=State.item["edit"], icon_name="pencil"),
        ),
        when(
            _step("dry_running") & again & may(_DRAFT),
            button(t("backfills.dry_run_again"), on_click=State.dry_run, icon_name="rotate-cw", busy=State.busy),
        ),
        when(
            _step("discarded") & may(_DRAFT),
            button(t("backfills.discard"), on_click=State.ask("discard"), kind="quiet"),
        ),
    ]


def _main() -> rx.Component:
    underway = plain_status(t("backfills.dry_running"), mark="run", tone="info")
    nothing = empty_state(t("backfills.no_dry_run"), t("backfills.no_dry_run_body"))
    none = card(rx.cond(State.item["state"] == "dry_running", underway, nothing), title=t("backfills.dry_run"))
    return rx.cond(State.dry["rows"], dry_run_sheet(State), none)


def _next() -> rx.Component:
    """The one step that follows, for whoever may take it."""
    item = State.item
    first = _step_button(t("backfills.take_dry_run"), State.dry_run, "play")
    ask = _step_button(t("backfills.ask", count=State.dry["rows"]), State.ask_approval, "stamp")
    content = rx.match(
        item["state"],
        ("draft", _may_or(_DRAFT, "draft", first)),
        ("dry_running", muted(t("backfills.next_dry_running"))),
        (
            "dry_run_ready",
            rx.cond(State.dry["none"] != "", callout(t("backfills.no_rows"), tone="info"), _may_or(_DRAFT, "ask", ask)),
        ),
        (
            "awaiting_approval",
            stack(
                muted(t("backfills.next_awaiting")),
                link_button(t("backfills.to_request"), href=item["request"], kind="primary"),
                gap="s",
            ),
        ),
        ("approved", _may_or(_RUN, "start", _start())),
        ("discarded", muted(t("backfills.next_discarded"))),
        link(t("backfills.to_run"), href=routes.BACKFILLS + "/" + item["id"] + "/run"),
    )
    return card(content, title=t("backfills.next"))


def _step_button(label: Any, deed: Any, mark: str) -> rx.Component:
    return button(label, on_click=deed, kind="primary", block=True, icon_name=mark, busy=State.busy)


def _start() -> rx.Component:
    """Start now where the calendar allows it, else when it does; a plan can be forgotten."""
    gate = State.gate
    now = button(t("backfills.start"), on_click=State.ask("start"), kind="primary", block=True, icon_name="play")
    later = button(t("backfills.later"), on_click=State.ask("plan"), block=True, icon_name="clock")
    only_later = button(
        t("backfills.plan_only"), on_click=State.ask("plan"), kind="primary", block=True, icon_name="clock"
    )
    planned = stack(
        callout(t("backfills.planned", at=gate["planned"], person=gate["planned_by"]), tone="info"),
        when(gate["open"] != "", now),
        button(t("backfills.unplan"), on_click=State.forget_plan, block=True),
        gap="s",
    )
    unplanned = rx.cond(gate["open"] != "", stack(now, later, gap="s"), only_later)
    return stack(muted(gate["said"]), rx.cond(gate["planned"] != "", planned, unplanned), gap="s")


def _may_or(permission: Permission, step: str, control: rx.Component) -> rx.Component:
    """The button with what it does, or who may press it."""
    does = stack(muted(t(f"backfills.next_{step}")), control, gap="s")
    return rx.cond(may(permission), does, muted(t(f"backfills.next_{step}_other")))


def _agreement() -> rx.Component:
    rules = rx.el.dl(
        rx.foreach(State.rules, lambda rule: rx.fragment(rx.el.dt(rule["from"]), rx.el.dd(rule["teams"]))),
        class_name="facts",
    )
    return card(
        stack(
            when(
                State.seats.length() > 0,
                seat_lines(State.seats),
            ),
            stack(
                rx.el.p(muted(t("backfills.risk_rule"))),
                rules,
                when(State.item["decided"] != "", rx.el.p(t("backfills.decided", what=State.item["decided"]))),
                gap="s",
            ),
            when(State.item["digest"] != "", rx.el.p(muted(t("backfills.bound_to", digest=State.item["digest"])))),
            when(State.item["request"] != "", link(t("backfills.to_request"), href=State.item["request"])),
        ),
        title=t("backfills.who_agrees"),
    )


def _about() -> rx.Component:
    item = State.item
    undo = rx.cond(
        item["undoable"] != "",
        plain_status(t("backfills.can_undo"), mark="ok", tone="ok"),
        plain_status(t("backfills.cannot_undo"), mark="warn", tone="warn"),
    )
    return card(
        facts(
            (t("backfills.owner"), item["owner"]),
            (t("backfills.params"), mono(item["params"])),
            (t("backfills.undo"), undo),
            (t("backfills.measured_at"), item["measured_at"]),
            (t("backfills.runbook"), item["runbook"]),
        ),
        title=t("backfills.about"),
    )


def _discard_dialog() -> rx.Component:
    return confirm(
        open_=State.asking == "discard",
        on_open_change=State.close,
        title=t("backfills.discard_title", label=State.item["label"]),
        body=[rx.el.p(t("backfills.discard_body"))],
        confirm_label=t("backfills.discard_do"),
        on_confirm=State.discard,
        keep_label=t("backfills.keep"),
        reason_label=t("backfills.reason"),
        danger=True,
        busy=State.busy,
    )


def _start_dialog() -> rx.Component:
    return confirm(
        open_=State.asking == "start",
        on_open_change=State.close,
        title=t("backfills.start_title", count=State.dry["rows"]),
        body=[
            rx.el.p(t("backfills.start_body", count=State.dry["rows"], takes=State.dry["takes"])),
            rx.el.p(t("backfills.start_refuses"), class_name="muted"),
        ],
        confirm_label=t("backfills.start_do", count=State.dry["rows"]),
        on_confirm=State.start,
        keep_label=t("backfills.not_now"),
        busy=State.busy,
    )


def _plan_dialog() -> rx.Component:
    return form_dialog(
        stack(
            rx.el.p(t("backfills.plan_body")),
            rx.el.p(State.gate["said"], class_name="muted"),
            field(
                t("backfills.not_before"),
                text_input(name="not_before", type="datetime-local"),
                name="not_before",
                hint=t("backfills.not_before_hint"),
            ),
        ),
        open_=State.asking == "plan",
        on_open_change=State.close,
        title=t("backfills.plan_title", label=State.item["label"]),
        act=button(t("backfills.plan_do"), kind="primary", submit=True, busy=State.busy),
        on_submit=State.plan,
        keep=t("backfills.not_now"),
    )


REQUEST = request_page
