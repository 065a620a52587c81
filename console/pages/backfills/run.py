"""A backfill at work: how far, how fast, why it waits, what refused, and how it is steered."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    button_group,
    callout,
    card,
    chart,
    choice_button,
    confirm,
    data_table,
    deviation,
    empty_state,
    facts,
    legend,
    link,
    loading_or,
    main_and_side,
    mono,
    muted,
    plain_status,
    poll,
    progress,
    row,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.parts import may, record_head, when
from console.pages.backfills.run_state import BackfillRun as State
from services.backfills import Pace
from services.core.permissions import Permission

_RUN = Permission.BACKFILL_RUN


@page(routes.BACKFILL_RUN, title="backfill_run.title", permission=Permission.BACKFILL_READ, on_load=State.load)
def run_page() -> rx.Component:
    not_yet = card(empty_state(t("backfill_run.not_started"), t("backfill_run.not_started_body")))
    body = rx.cond(State.item["started"] != "", _body(), not_yet)
    return rx.fragment(
        loading_or(State, stack(record_head(State, "run"), body), lines=12),
        _cancel_dialog(),
        poll(State.moving & (State.failure == ""), State.refresh, every=2000),
    )


def _body() -> rx.Component:
    return stack(
        _why_it_waits(),
        _progress(),
        main_and_side([_batches(), _load(), _aside()], [_facts(), when(State.item["over"] != "", _after())]),
    )


def _why_it_waits() -> Any:
    throttle, hold = State.throttle, State.hold
    slowed = callout(throttle["body"], tone="warn", title=throttle["said"])
    goes_on = rx.cond(
        State.item["follow"] != "",
        t("backfill_run.goes_on", at=hold["opens"]),
        t("backfill_run.opens", at=hold["opens"]),
    )
    by_calendar = (hold["by"] != "person") & (hold["by"] != "load")
    held = callout(
        when(hold["opens"] != "", goes_on),
        when(by_calendar, rx.el.span(" ", link(t("backfill_run.to_calendar"), href=routes.BACKFILL_CALENDAR))),
        tone="hold",
        title=hold["said"],
    )
    return rx.fragment(when(throttle["indicator"], slowed), when(hold["by"], held))


def _step(name: str) -> Any:
    return State.steps.contains(name)  # pyright: ignore[reportAttributeAccessIssue]


def _progress() -> rx.Component:
    item = State.progress
    head = row(
        rx.el.div(
            rx.el.span(item["share"], rx.el.small("\u00a0%"), class_name="kpi-value"),
            rx.el.span(item["of"], class_name="share-of muted"),
        ),
        _controls(),
        between=True,
        wrap=True,
    )
    bar = progress(
        rx.cond(item["as_of"] != "", t("backfill_run.as_of", time=item["as_of"]), ""),
        width=item["width"],
        label=t("backfill_run.progress"),
        tone=rx.cond(State.throttle["indicator"], "warn", ""),
    )
    title = rx.cond(item["direction"] == "back", t("backfill_run.going_back"), t("backfill_run.progress"))
    return card(stack(head, bar, _figures(), gap="s"), title=title)


def _figures() -> rx.Component:
    item = State.progress
    batches = rx.el.span(item["batches"], when(item["last"], rx.el.span(", ", item["last"])))
    changed = rx.cond(item["direction"] == "back", t("backfill_run.restored"), t("backfill_run.changed"))
    return rx.el.dl(
        _figure(t("backfill_run.rate"), item["rate"]),
        _figure(t("backfill_run.time_left"), item["left"]),
        _figure(t("backfill_run.batches"), batches),
        _figure(changed, item["changed"]),
        _figure(t("backfill_run.aside"), t("backfill_run.aside_of", count=item["aside"], limit=State.item["limit"])),
        class_name="facts-across",
    )


def _figure(name: Any, value: Any) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value, class_name="num"))


def _controls() -> Any:
    """What may be asked of it now; nothing that cannot succeed."""
    running = State.item["state"] == "running"
    speeds = button_group(
        *[
            choice_button(
                t(f"backfill_run.pace_{pace.value}"),
                pressed=State.item["pace"] == pace.value,
                on_click=State.set_pace(pace.value),
            )
            for pace in Pace
        ],
        label=t("backfill_run.speed"),
    )
    return when(
        may(_RUN),
        row(
            when(running | (State.item["state"] == "paused"), speeds),
            when(running & _step("paused"), button(t("backfill_run.pause"), on_click=State.pause, icon_name="pause")),
            when(
                State.may_resume,
                button(t("backfill_run.resume"), on_click=State.resume, icon_name="play", kind="primary"),
            ),
            when(_step("cancelled"), button(t("backfill_run.cancel"), on_click=State.ask, kind="quiet")),
            wrap=True,
        ),
    )


def _batches() -> rx.Component:
    item = State.progress
    drawn = rx.fragment(
        chart(State.figure, label=t("backfill_run.chart_label"), height=240),
        legend((t("backfill_run.batch"), ""), (t("backfill_run.target"), "usual"), (t("backfill_run.range"), "band")),
    )
    none = rx.el.p(muted(t("backfill_run.no_batches")))
    return card(
        rx.cond(State.figure.length() > 0, drawn, none),
        title=t("backfill_run.batch_times"),
        note=t("backfill_run.batch_note", count=item["batches"], p95=item["p95"]),
    )


def _load() -> rx.Component:
    def name(item: Any) -> rx.Component:
        within = plain_status(item["name"], mark="ok", tone="ok")
        return rx.cond(item["over"] != "", plain_status(item["name"], mark="warn", tone="warn"), within)

    def value(item: Any) -> rx.Component:
        return rx.cond(item["over"] != "", rx.el.strong(item["value"], class_name="num"), muted(item["value"]))

    columns = [
        Column(t("backfill_run.indicator"), name, card="title"),
        Column(t("backfill_run.value"), value, amount=True, card="value"),
        Column(
            t("backfill_run.limit"),
            lambda item: _quiet(item["limit"]),
            amount=True,
            card="meta",
            named=True,
        ),
        Column(
            t("backfill_run.load"),
            lambda item: deviation("", width=item["width"], tone=rx.cond(item["over"] != "", "bad", "ok")),
            priority=2,
        ),
        Column(t("backfill_run.since"), lambda item: _quiet(item["since"]), card="side", named=True),
    ]
    return card(
        data_table(columns, State.load_now, label=t("backfill_run.load"), dense=True),
        title=t("backfill_run.load"),
        note=t("backfill_run.load_note"),
        flush=True,
    )


def _quiet(value: Any) -> rx.Component:
    return rx.el.span(value, class_name="num muted")


def _aside() -> Any:
    columns = [
        Column(t("backfill_run.row"), lambda item: mono(item["key"]), card="title"),
        Column(t("backfill_run.batch"), lambda item: item["batch"], amount=True, card="value", named=True),
        Column(
            t("backfill_run.error"), lambda item: rx.el.span(item["error"], title=item["error"]), wrap=True, card="full"
        ),
    ]
    shown = card(
        data_table(columns, State.aside, label=t("backfill_run.aside"), dense=True),
        title=t("backfill_run.aside"),
        note=t("backfill_run.aside_note", limit=State.item["limit"]),
        flush=True,
    )
    return when(State.aside.length() > 0, shown)


def _facts() -> rx.Component:
    item = State.item
    follow = rx.cond(item["follow"] != "", t("backfill_run.follow_yes"), t("backfill_run.follow_no"))
    turn = when(
        may(_RUN) & (_step("paused") | _step("cancelled")),
        rx.cond(
            item["follow"] != "",
            button(t("backfill_run.follow_off"), small=True, on_click=State.follow(False)),
            button(t("backfill_run.follow_on"), small=True, on_click=State.follow(True)),
        ),
    )
    here = t("backfill_run.own_database")
    return card(
        facts(
            (t("backfill_run.started"), item["started"]),
            (t("backfill_run.started_by"), item["started_by"]),
            (t("backfill_run.predicted"), item["rows"]),
            (t("backfill_run.database"), rx.cond(item["database"] != "", mono(item["database"]), here)),
            (t("backfill_run.windows"), stack(rx.el.span(follow), turn, gap="xs")),
            (
                t("backfill_run.worker"),
                rx.cond(item["run"] != "", link(t("backfill_run.to_run"), href=item["run"]), "—"),
            ),
        ),
        title=t("backfill_run.facts"),
    )


def _after() -> rx.Component:
    """What follows once nothing moves."""
    base = routes.BACKFILLS + "/" + State.item["id"]
    return card(
        stack(
            link(t("backfill_run.to_verification"), href=base + "/verification"),
            link(t("backfill_run.to_way_back"), href=base + "/way-back"),
            gap="xs",
        ),
        title=t("backfills.next"),
    )


def _cancel_dialog() -> rx.Component:
    return confirm(
        open_=State.asking != "",
        on_open_change=State.close,
        title=t("backfill_run.cancel_title", count=State.progress["changed"]),
        body=[rx.el.p(t("backfill_run.cancel_body", count=State.progress["changed"]))],
        confirm_label=t("backfill_run.cancel_do"),
        on_confirm=State.cancel,
        keep_label=t("backfill_run.keep_running"),
        reason_label=t("backfills.reason"),
        danger=True,
        busy=State.busy,
    )


RUN = run_page
