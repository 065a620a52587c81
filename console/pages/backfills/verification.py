"""Whether a backfill did what was agreed to: expected against found, and Finance's decision at the right."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    bullet,
    bullets,
    button,
    callout,
    card,
    confirm,
    data_table,
    empty_state,
    link,
    loading_or,
    main_and_side,
    mono,
    muted,
    number,
    plain_status,
    poll,
    shape,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.parts import may, record_head, seat_lines, when
from console.pages.backfills.verification_state import BEHIND_SHOWN
from console.pages.backfills.verification_state import BackfillVerification as State
from services.core.permissions import Permission

_OBSTACLES = ("own_request", "already_voted", "not_in_team", "expired")


@page(
    routes.BACKFILL_VERIFICATION,
    title="backfill_run.verification",
    permission=Permission.BACKFILL_READ,
    on_load=State.load,
)
def verification_page() -> rx.Component:
    nothing = empty_state(t("backfill_run.not_verified"), t("backfill_run.not_verified_body"))
    underway = plain_status(t("backfill_run.verifying"), mark="run", tone="info")
    not_yet = card(rx.cond(State.item["state"] == "verifying", underway, nothing))
    found = [_verdict(), _results(), _behind(), _reconciled(), _came(), _differing(), _aside()]
    shown = main_and_side(found, [_decision()])
    again = when(
        may(Permission.BACKFILL_RUN) & State.steps.contains("verifying") & (State.item["again"] != ""),  # pyright: ignore[reportAttributeAccessIssue]
        button(t("backfill_run.verify_again"), on_click=State.verify_again, icon_name="rotate-cw"),
    )
    return rx.fragment(
        loading_or(
            State,
            stack(record_head(State, "verification", again), rx.cond(State.results.length() > 0, shown, not_yet)),
            lines=12,
        ),
        _dialogs(),
        poll(State.moving & (State.failure == ""), State.refresh, every=3000),
    )


def _verdict() -> rx.Component:
    item = State.item
    good = callout(t("backfill_run.all_held_body", count=item["sampled"]), tone="ok", title=t("backfill_run.all_held"))
    aside = callout(
        t("backfill_run.held_but_aside_body", sampled=item["sampled"]),
        tone="warn",
        title=t("backfill_run.held_but_aside", count=item["aside"]),
    )
    bad = callout(
        rx.cond(item["unexplained"] != "", t("backfill_run.deviates_body"), t("backfill_run.deviates_explained")),
        tone="bad",
        title=t("backfill_run.deviates", count=item["deviating"]),
    )
    return rx.cond(item["deviating"] == "0", rx.cond(item["aside"] != "", aside, good), bad)


def _verdict_of(item: Any) -> rx.Component:
    held = plain_status(t("backfill_run.held"), mark="ok", tone="ok")
    deviates = plain_status(t("backfill_run.not_held"), mark="bad", tone="bad")
    return rx.cond(item["held"] != "", held, deviates)


def _words(item: Any) -> Any:
    """The way to say why a result deviates, as long as nobody has and Finance waits."""
    ask = button(t("backfill_run.explain"), small=True, on_click=State.ask_words(item["code"], item["title"]))
    waits = State.item["state"] == "awaiting_finance_signoff"
    return when((item["held"] == "") & (item["why"] == "") & waits & may(Permission.BACKFILL_RUN), ask)


def _results() -> rx.Component:
    def title(item: Any) -> rx.Component:
        return rx.el.div(item["title"], when(item["why"], rx.el.div(item["why"], class_name="sub")))

    columns = [
        Column(t("backfills.check"), title, card="title", wrap=True),
        Column(t("backfill_run.before"), lambda item: muted(item["before"]), amount=True, priority=2),
        Column(
            t("backfill_run.expected"),
            lambda item: rx.el.span(item["expected"], class_name="num"),
            amount=True,
            card="meta",
        ),
        Column(
            t("backfill_run.found"),
            lambda item: rx.el.strong(item["found"], class_name="num"),
            amount=True,
            card="value",
        ),
        Column(t("backfill_run.result"), _verdict_of, card="side"),
        Column("", _words, card="full"),
    ]
    return card(
        data_table(columns, State.results, label=t("backfill_run.checks")),
        title=t("backfill_run.checks"),
        note=State.item["measured"],
        flush=True,
    )


def _behind() -> Any:
    columns = [
        Column(t("backfill_run.row"), lambda item: mono(item["key"]), card="title"),
        Column(t("backfill_run.shown"), lambda item: mono(item["shown"]), wrap=True, card="full"),
        Column(t("backfills.check"), lambda item: item["check"], wrap=True, priority=2),
    ]
    shown = card(
        data_table(columns, State.behind, label=t("backfill_run.behind"), dense=True),
        title=t("backfill_run.behind"),
        note=t("backfill_run.behind_note", count=BEHIND_SHOWN),
        flush=True,
    )
    return when(State.behind.length() > 0, shown)


def _reconciled() -> Any:
    def after(item: Any) -> rx.Component:
        warn = plain_status(rx.el.strong(item["after"]), mark="warn", tone="warn")
        return rx.cond(item["worse"] != "", warn, rx.el.span(item["after"], class_name="num"))

    columns = [
        Column(t("backfills.name_of_reconciliation"), lambda item: item["name"], card="title", wrap=True),
        Column(t("backfill_run.class"), lambda item: item["class"], card="meta", wrap=True),
        Column(t("backfill_run.currency"), lambda item: item["currency"], card="meta"),
        Column(t("backfill_run.breaks_before"), lambda item: number(item["before"]), amount=True, priority=2),
        Column(t("backfill_run.breaks_after"), after, amount=True, card="value"),
        Column(t("backfill_run.delta_before"), lambda item: number(item["delta_before"]), amount=True, priority=3),
        Column(t("backfill_run.delta_after"), lambda item: number(item["delta_after"]), amount=True, priority=2),
    ]
    shown = card(
        data_table(columns, State.lines, label=t("backfill_run.reconciliations"), dense=True),
        title=t("backfill_run.reconciliations"),
        note=t("backfill_run.reconciliations_note"),
        flush=True,
    )
    return when(State.lines.length() > 0, shown)


def _came() -> Any:
    columns = [
        Column(t("shell.breaks"), lambda item: link(item["break"], href=item["href"]), card="title"),
        Column(t("backfill_run.class"), lambda item: item["class"], card="side"),
        Column(t("backfill_run.key"), lambda item: mono(item["key"]), card="meta"),
        Column(t("backfills.name_of_reconciliation"), lambda item: item["name"], priority=2),
    ]
    shown = card(
        data_table(columns, State.came, label=t("backfill_run.new_breaks"), dense=True),
        title=t("backfill_run.new_breaks"),
        flush=True,
    )
    return when(State.came.length() > 0, shown)


def _differing() -> Any:
    columns = [
        Column(t("backfill_run.row"), lambda item: mono(item["key"]), card="title"),
        Column(t("backfill_run.computed"), lambda item: mono(item["expected"]), wrap=True, card="meta"),
        Column(t("backfill_run.stands"), lambda item: mono(item["found"]), wrap=True, card="full"),
    ]
    shown = card(
        data_table(columns, State.differing, label=t("backfill_run.differing"), dense=True),
        title=t("backfill_run.differing"),
        note=t("backfill_run.differing_note", count=State.item["sampled"]),
        flush=True,
    )
    return when(State.differing.length() > 0, shown)


def _aside() -> Any:
    columns = [
        Column(t("backfill_run.row"), lambda item: mono(item["key"]), card="title"),
        Column(t("backfill_run.error"), lambda item: item["error"], wrap=True, card="full"),
    ]
    table = data_table(columns, State.aside, label=t("backfill_run.aside"), dense=True)
    return when(State.aside.length() > 0, card(table, title=t("backfill_run.aside"), flush=True))


def _decision() -> rx.Component:
    item = State.item
    lines = seat_lines(State.seats)
    reject = button(t("backfill_run.reject"), on_click=State.ask("reject"), block=True)
    sign = rx.cond(
        item["unexplained"] != "",
        muted(t("backfill_run.explain_first")),
        button(t("backfill_run.sign"), on_click=State.ask("sign"), kind="primary", block=True, icon_name="stamp"),
    )
    why_not = rx.match(
        item["obstacle"],
        *[(name, bullets(bullet(t(f"approvals.obstacle_{name}"), mark=shape("block")))) for name in _OBSTACLES],
        rx.fragment(),
    )
    return card(
        stack(
            lines,
            rx.cond(
                item["may_vote"] != "", stack(muted(t("backfill_run.signing_means")), sign, reject, gap="s"), why_not
            ),
            when(item["state"] == "rejected", muted(t("backfill_run.rejected_next"))),
        ),
        title=t("backfill_run.finance_signs"),
    )


def _dialogs() -> rx.Component:
    shared: dict[str, Any] = {"on_open_change": State.close, "keep_label": t("backfills.not_now"), "busy": State.busy}
    return rx.fragment(
        confirm(
            open_=State.asking == "sign",
            title=t("backfill_run.sign_title", count=State.item["rows"]),
            body=[rx.el.p(t("backfill_run.sign_body"))],
            confirm_label=t("backfill_run.sign_do"),
            on_confirm=State.sign,
            **shared,
        ),
        confirm(
            open_=State.asking == "reject",
            title=t("backfill_run.reject_title"),
            body=[rx.el.p(t("backfill_run.reject_body"))],
            confirm_label=t("backfill_run.reject_do"),
            on_confirm=State.reject,
            reason_label=t("backfills.reason"),
            danger=True,
            **shared,
        ),
        confirm(
            open_=State.asking == "explain",
            title=t("backfill_run.explain_title", result=State.result),
            body=[rx.el.p(t("backfill_run.explain_body"))],
            confirm_label=t("backfill_run.explain_do"),
            on_confirm=State.explain,
            reason_label=t("backfill_run.explain_why"),
            **shared,
        ),
    )


VERIFICATION = verification_page
