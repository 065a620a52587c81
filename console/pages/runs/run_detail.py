"""One run: progress, attempts, log, story, and what may be asked of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    callout,
    card,
    code,
    confirm,
    data_table,
    facts,
    figures,
    list_item,
    list_rows,
    loading_or,
    main_and_side,
    mono,
    muted,
    page_header,
    progress,
    shape,
    stack,
    status,
    status_badge,
    timeline,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.runs.parts import WORDS, live, may, outcome
from console.pages.runs.run_detail_state import RunRecord
from services.core.permissions import Permission


@page(routes.RUN, title="runs.run", permission=Permission.RUN_READ, on_load=RunRecord.load)
def run_detail() -> rx.Component:
    return rx.fragment(
        loading_or(RunRecord, rx.fragment(_head(), _body())),
        rx.cond(RunRecord.live, live(RunRecord.load, seconds=2)),
        _cancel_dialog(),
    )


def _head() -> rx.Component:
    run = RunRecord.run
    return page_header(
        t("runs.run_number", number=run["number"]),
        badge=status_badge(run["state"], WORDS),
        meta=[mono(run["kind"]), run["queued_at"], run["started_by"], run["duration"]],
        actions=[rx.cond(may(Permission.RUN_CONTROL), _actions(), rx.fragment())],
    )


def _actions() -> rx.Component:
    state = RunRecord.run["state"]
    may_go_on = RunRecord.run["may_go_on"] == "yes"
    pausable = (state == "queued") | (state == "waiting") | (state == "running") | (state == "retry_wait")
    return rx.fragment(
        rx.cond(
            may_go_on & (state == "retry_wait"),
            button(t("runs.retry"), on_click=RunRecord.retry, icon_name="rotate-cw"),
        ),
        rx.cond(
            may_go_on & (state == "dead"),
            button(t("runs.replay"), on_click=RunRecord.retry, kind="primary", icon_name="rotate-cw"),
        ),
        rx.cond(pausable, button(t("runs.pause"), on_click=RunRecord.pause, icon_name="pause")),
        rx.cond(
            may_go_on & ((state == "paused") | (state == "pausing")),
            button(t("runs.resume"), on_click=RunRecord.resume, kind="primary", icon_name="play"),
        ),
        rx.cond(
            pausable | (state == "paused") | (state == "pausing"),
            button(t("runs.cancel"), on_click=RunRecord.ask, kind="quiet"),
        ),
    )


def _body() -> rx.Component:
    return rx.el.div(
        _notice(),
        main_and_side(
            [rx.cond(RunRecord.run["done"], _progress()), _attempts(), _log(), _traceback(), _trail()],
            [_facts(), _links(), _data(), card(timeline(RunRecord.events), title=t("runs.timeline"))],
        ),
        class_name="stack",
    )


def _notice() -> rx.Component | rx.Var:
    run = RunRecord.run
    return rx.match(
        run["state"],
        (
            "dead",
            callout(
                run["error"],
                t("runs.dead_body"),
                tone="bad",
                title=t("runs.dead_title", count=RunRecord.attempts.length()),
            ),
        ),
        (
            "retry_wait",
            callout(run["error"], t("runs.retry_at", time=run["retry_at"]), tone="warn", title=t("runs.failed_title")),
        ),
        ("waiting", callout(t("runs.blocked"), tone="info")),
        rx.fragment(),
    )


def _progress() -> rx.Component:
    run = RunRecord.run
    return card(
        stack(
            rx.cond(
                run["width"],
                progress(run["share"], width=run["width"], label=t("runs.progress")),
                rx.fragment(),
            ),
            figures(
                (t("runs.progress"), run["done"]),
                (t("runs.phase"), run["phase"]),
                (t("runs.rate"), run["rate"]),
                (t("runs.time_left"), run["left"]),
                (t("runs.as_of"), run["noted_at"]),
            ),
        ),
        title=t("runs.progress"),
    )


def _attempts() -> rx.Component:
    columns = [
        Column(t("runs.attempt"), lambda row: row["number"], card="title"),
        Column(t("runs.outcome"), lambda row: outcome(row["outcome"]), card="side"),
        Column(t("runs.since"), lambda row: rx.el.span(row["since"], class_name="num"), card="meta"),
        Column(t("runs.duration"), lambda row: row["duration"], amount=True, card="value"),
        Column(t("runs.worker"), lambda row: mono(row["worker"]), priority=3),
        Column(t("runs.error"), lambda row: rx.el.span(row["error"], title=row["error"]), wrap=True, priority=2),
    ]
    table = data_table(columns, RunRecord.attempts, label=t("runs.attempts"), dense=True)
    none = rx.el.div(muted(t("runs.no_attempts")), class_name="card-body")
    return card(rx.cond(RunRecord.attempts.length() > 0, table, none), title=t("runs.attempts"), flush=True)


def _log() -> rx.Component:
    columns = [
        Column(t("runs.time"), lambda row: rx.el.span(row["time"], class_name="num"), card="side"),
        Column(t("runs.event"), lambda row: mono(row["event"]), card="title"),
        Column(t("runs.details"), lambda row: mono(row["fields"], title=row["fields"]), wrap=True, card="full"),
    ]
    table = data_table(columns, RunRecord.log, label=t("runs.log"), dense=True)
    none = rx.el.div(muted(t("runs.log_none")), class_name="card-body")
    return card(
        rx.cond(RunRecord.log.length() > 0, table, none),
        title=t("runs.log"),
        note=rx.cond(RunRecord.log.length() > 0, t("runs.log_note", count=RunRecord.log.length()), ""),
        flush=True,
    )


def _traceback() -> rx.Component:
    shown = card(code(RunRecord.run["traceback"]), title=t("runs.traceback"))
    return rx.cond(RunRecord.run["traceback"], shown, rx.fragment())


def _trail() -> rx.Component:
    return trail_card(RunRecord.trail, href=RunRecord.trail_href)


def _facts() -> rx.Component:
    run = RunRecord.run
    return card(
        facts(
            (t("runs.kind"), mono(run["kind"])),
            (t("runs.entity"), run["entity"]),
            (t("runs.started_by"), run["started_by"]),
            (t("runs.schedule"), run["schedule"]),
            (t("runs.attempts_used"), run["attempts"]),
            (t("runs.priority"), run["priority"]),
            (t("runs.lease"), run["lease"]),
        ),
        title=t("runs.facts"),
    )


def _links() -> rx.Component:
    return rx.fragment(
        _linked(RunRecord.waits_for, t("runs.waits_for")), _linked(RunRecord.waited_for_by, t("runs.waited_for_by"))
    )


def _linked(links: Any, title: Any) -> rx.Component:
    def draw(item: Any) -> rx.Component:
        return list_item(
            mark=shape("wait"),
            title=t("runs.run_number", number=item["number"]),
            href=item["href"],
            note=mono(item["kind"]),
            end=[status(item["state"], WORDS)],
        )

    return rx.cond(links.length() > 0, card(list_rows(links, draw), title=title, flush=True), rx.fragment())


def _data() -> rx.Component:
    run = RunRecord.run
    return rx.fragment(
        card(code(run["params"]), title=t("runs.params")),
        rx.cond(run["result"], card(code(run["result"]), title=t("runs.result"))),
        rx.cond(
            RunRecord.live & (run["memory"] != ""), card(code(run["memory"]), title=t("runs.memory")), rx.fragment()
        ),
    )


def _cancel_dialog() -> rx.Component:
    waiting = rx.cond(
        RunRecord.waited_for_by.length() > 0,
        rx.el.p(t("runs.cancel_waiting", count=RunRecord.waited_for_by.length())),
    )
    return confirm(
        open_=RunRecord.asking,
        on_open_change=RunRecord.close,
        title=t("runs.cancel_title", number=RunRecord.run["number"]),
        body=[rx.el.p(t("runs.cancel_body")), waiting],
        confirm_label=t("runs.cancel_do"),
        on_confirm=RunRecord.cancel,
        keep_label=t("runs.keep"),
        reason_label=t("runs.reason"),
        danger=True,
        busy=RunRecord.busy,
    )


RUN_DETAIL = run_detail
