"""One run of a reconciliation, to be reviewed and signed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    badge,
    bars,
    button,
    button_group,
    callout,
    card,
    chip_filter,
    choice_button,
    clear_filter,
    columns,
    data_table,
    deviation,
    empty_state,
    export_links,
    filter_bar,
    is_narrowed,
    loading_or,
    main_and_side,
    money,
    mono,
    muted,
    number,
    page_header,
    poll,
    progress,
    search_filter,
    select_filter,
    shape,
    stack,
    status_badge,
    stepper,
    sum_table,
    trail_card,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.reconciliation.parts import break_states, break_table, may, run_states
from console.pages.reconciliation.run_state import ReconciliationRunPage as State
from console.pages.reconciliation.sign_panel import inputs_card, sign_dialogs, sign_panel
from services.core.permissions import Permission


@page(
    routes.RECONCILIATION_RUN,
    title="reconciliation.title",
    permission=Permission.RECONCILIATION_READ,
    on_load=State.load,
)
def reconciliation_run() -> rx.Component:
    return rx.fragment(
        poll(State.underway, State.load, every=1000),
        loading_or(State, rx.cond(State.run_id, _finished(), _unfinished())),
        sign_dialogs(),
    )


def _unfinished() -> rx.Component:
    return stack(
        page_header(
            t("reconciliation.underway"), badge=badge(t("reconciliation.state_running"), mark="run", tone="info")
        ),
        rx.cond(
            State.gave_up,
            callout(t("reconciliation.gave_up", error=State.gave_up), tone="bad"),
            card(progress(State.underway, width=State.width, label=t("reconciliation.underway"))),
        ),
    )


def _finished() -> rx.Component:
    return stack(
        _head(),
        _steps(),
        main_and_side(
            [_totals(), columns(_made_of(), _by_class(), count=2)],
            [sign_panel(), inputs_card()],
        ),
        _breaks(),
        trail_card(State.trail, href=State.trail_href),
    )


def _head() -> rx.Component:
    run = State.run
    return page_header(
        t("reconciliation.run_title", definition=run["definition"], day=run["day"]),
        badge=status_badge(run["state"], run_states()),
        meta=[
            run["entity"],
            run["sides"],
            mono(run["id"], title=run["id_full"]),
            t("reconciliation.started_by", name=run["started_by"]),
            t("reconciliation.rules", version=run["rules"]),
            t("reconciliation.as_of", moment=run["as_of"]),
        ],
        actions=[
            button(t("reconciliation.print"), icon_name="printer", custom_attrs={"data-print": "true"}),
            may(
                Permission.RECONCILIATION_RUN,
                button(t("reconciliation.run_again"), icon_name="rotate-cw", on_click=State.run_again),
            ),
        ],
    )


def _steps() -> rx.Component:
    run, signing = State.run, State.signing
    signed = t("reconciliation.step_signed_note", name=signing["signed_by"], moment=signing["signed_at"])
    return stepper(
        (
            t("reconciliation.step_imported"),
            t("reconciliation.step_imported_note", count=run["entries"], moment=run["as_of"]),
            "done",
        ),
        (
            t("reconciliation.step_matched"),
            t("reconciliation.step_matched_note", count=run["matched"], duration=run["duration"]),
            "done",
        ),
        (
            t("reconciliation.step_reviewed"),
            t("reconciliation.step_reviewed_note", open=run["open"], all=run["all"]),
            run["review"],
        ),
        (
            t("reconciliation.step_signed"),
            rx.cond(signing["signed_by"], signed, t("reconciliation.step_signed_todo")),
            rx.cond(signing["signed_by"], "done", "todo"),
        ),
    )


def _totals() -> rx.Component:
    run = State.run
    side = [
        Column(t("reconciliation.currency"), lambda r: rx.el.strong(r["currency"]), card="title"),
        Column(t("reconciliation.entries"), lambda r: muted(r["left_entries"]), amount=True, priority=2),
        Column(run["left"], lambda r: number(r["left"]), amount=True, card="meta"),
        Column(run["right"], lambda r: number(r["right"]), amount=True, card="full"),
        Column(t("reconciliation.entries"), lambda r: muted(r["right_entries"]), amount=True, priority=2),
        Column(
            t("reconciliation.difference"),
            lambda r: money(r["difference"], r["currency"], strong=True),
            amount=True,
            card="value",
        ),
        Column(
            t("reconciliation.deviation"),
            lambda r: deviation(r["deviation"], width=r["width"], tone=r["tone"]),
            card="side",
        ),
    ]
    rows = rx.cond(State.span_day, State.day_totals, State.totals)
    return card(
        data_table(side, rows, label=t("reconciliation.totals"), extra_class="t-account totals"),
        title=t("reconciliation.totals"),
        note=t("reconciliation.totals_note", left=run["left"], right=run["right"]),
        end=[_span()],
        foot=t("reconciliation.totals_foot", limit=run["limit"], version=run["rules"]),
        flush=True,
    )


def _span() -> rx.Component:
    whole = choice_button(
        t("reconciliation.span_all"),
        pressed=rx.Var.create(State.span_day) == False,  # noqa: E712 - a comparison in the browser
        on_click=State.choose_span(False),
    )
    day = choice_button(t("reconciliation.span_day"), pressed=State.span_day, on_click=State.choose_span(True))
    return button_group(whole, day, label=t("reconciliation.totals"))


def _made_of() -> rx.Component:
    def block(item: Any) -> rx.Component:
        return sum_table(
            item["rows"].to(list[dict[str, str]]),
            t("reconciliation.made_of_total", currency=item["currency"]),
            item["total"],
            caption=t("reconciliation.made_of"),
        )

    none = rx.el.p(t("reconciliation.made_of_none"), class_name="muted")
    blocks = rx.el.div(rx.foreach(State.difference, block), class_name="stack")
    return card(rx.cond(State.difference.length() > 0, blocks, none), title=t("reconciliation.made_of"))


def _by_class() -> rx.Component:
    content = stack(bars(State.classes), rx.el.p(t("reconciliation.by_age"), class_name="muted"), bars(State.ages))
    none = rx.el.p(shape("ok", "ok"), t("reconciliation.no_open"), class_name="status")
    return card(
        rx.cond(State.classes.length() > 0, content, none),
        title=t("reconciliation.by_class"),
        note=t("reconciliation.by_class_note", count=State.run["open"]),
    )


def _breaks() -> rx.Component:
    none = empty_state(t("reconciliation.none"), t("reconciliation.none_body"))
    clean = empty_state(t("reconciliation.all_done"), t("reconciliation.all_done_body"), mark=shape("ok", "ok"))
    table = break_table(State, left=State.run["left"], right=State.run["right"])
    return card(
        filter_bar(
            search_filter(State, placeholder=t("reconciliation.search")),
            chip_filter(State, "class", State.chips),
            select_filter(
                State,
                "state",
                [("unresolved", t("reconciliation.state_unresolved")), *break_states().items()],
                label=t("reconciliation.any_state"),
            ),
            clear_filter(State),
        ),
        rx.cond(State.rows.length() > 0, table, rx.cond(is_narrowed(State), none, clean)),
        title=t("reconciliation.breaks"),
        end=[export_links(_Exported, "breaks")],
        flush=True,
    )


class _Exported:
    """What the export links of this page ask for: the run's own breaks, narrowed as the list is."""

    query_string = (
        "entity="
        + State.run["entity_id"]
        + "&definition="
        + State.run["definition_code"]
        + "&seq="
        + State.run["seq"]
        + "&"
        + State.query_string
    )


RECONCILIATION_RUN = reconciliation_run
