"""The way back of a backfill: what it restores, who agrees, an emergency, and what was edited since."""

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
    figures,
    icon,
    link,
    loading_or,
    main_and_side,
    mono,
    muted,
    poll,
    progress,
    row,
    shape,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.parts import may, record_head, seat_lines, when
from console.pages.backfills.way_back_state import BackfillWayBack as State
from services.core.permissions import Permission


@page(routes.BACKFILL_WAY_BACK, title="backfill_run.way_back", permission=Permission.BACKFILL_READ, on_load=State.load)
def way_back_page() -> rx.Component:
    return rx.fragment(
        loading_or(
            State,
            stack(
                record_head(State, "way_back"),
                main_and_side([_progress(), _conflicts(), _rules()], [_decision()]),
            ),
            lines=12,
        ),
        _dialogs(),
        poll(State.moving & (State.failure == ""), State.refresh, every=2000),
    )


def _progress() -> Any:
    item = State.progress
    moved = card(
        stack(
            progress(item["of"], width=item["width"], label=t("backfill_run.going_back")),
            figures(
                (t("backfill_run.restored"), item["changed"]),
                (t("backfill_run.conflicts"), item["conflicts"]),
                (t("backfill_run.rate"), item["rate"]),
                (t("backfill_run.time_left"), item["left"]),
            ),
        ),
        title=t("backfill_run.going_back"),
        note=State.item["reason"],
    )
    return when(item["of"], moved)


def _conflicts() -> Any:
    columns = [
        Column(t("backfill_run.row"), lambda item: mono(item["key"]), card="title"),
        Column(t("backfill_run.value_before"), lambda item: mono(item["before"]), wrap=True, card="meta", named=True),
        Column(t("backfill_run.value_left"), lambda item: mono(item["left"]), wrap=True, priority=2),
        Column(t("backfill_run.value_found"), _found, wrap=True, card="full", named=True),
        Column(t("backfill_run.settled"), _settled, wrap=True, card="full"),
    ]
    more = button(t("backfill_run.more"), on_click=State.more)
    shown = card(
        data_table(columns, State.conflicts, label=t("backfill_run.conflicts"), dense=True),
        when(State.last != "", rx.el.div(more, class_name="card-body")),
        title=t("backfill_run.conflicts"),
        note=rx.cond(
            State.open_conflicts != "",
            t("backfill_run.conflicts_open", count=State.open_conflicts),
            t("backfill_run.conflicts_settled"),
        ),
        end=[when(_settles() & (State.open_conflicts != ""), _settle_all())],
        flush=True,
    )
    clean = card(
        empty_state(t("backfill_run.no_conflicts"), t("backfill_run.no_conflicts_body"), mark=shape("ok", "ok")),
        title=t("backfill_run.conflicts"),
    )
    return rx.cond(State.conflicts.length() > 0, shown, when(State.item["state"] == "rolled_back", clean))


def _settles() -> Any:
    return may(Permission.BACKFILL_RUN) & (State.item["state"] == "rolled_back_with_conflicts")


def _settled(item: Any) -> Any:
    """How a conflict was settled, or the choice."""
    word = rx.cond(item["deleted"] != "", t("backfill_run.keep_deleted"), t("backfill_run.keep_edit"))
    keep = button(word, small=True, on_click=State.ask_settle("keep", item["key"]))
    restore = button(
        t("backfill_run.restore"), small=True, kind="quiet", on_click=State.ask_settle("restore", item["key"])
    )
    choice = row(keep, when(item["deleted"] == "", restore), wrap=True)
    return rx.cond(item["settled"] != "", muted(item["settled_by"]), when(_settles(), choice))


def _settle_all() -> rx.Component:
    return row(
        button(t("backfill_run.keep_all"), small=True, on_click=State.ask_settle("keep", "")),
        button(t("backfill_run.restore_all"), small=True, on_click=State.ask_settle("restore", "")),
        wrap=True,
    )


def _found(item: Any) -> rx.Component:
    return rx.cond(item["deleted"] != "", muted(item["found"]), mono(item["found"]))


def _rules() -> rx.Component:
    return card(
        bullets(
            bullet(t("backfill_run.rule_restored"), mark=icon("undo-2")),
            bullet(t("backfill_run.rule_edited"), mark=icon("pencil")),
            bullet(t("backfill_run.rule_agreed"), mark=icon("stamp")),
            bullet(t("backfill_run.rule_emergency"), mark=icon("zap")),
        ),
        title=t("backfill_run.rules"),
    )


def _decision() -> rx.Component:
    item = State.item
    possible = State.steps.contains("rolling_back") & (item["undoable"] != "")  # pyright: ignore[reportAttributeAccessIssue]
    rejected = item["state"] == "rejected"
    undecided = item["state"] == "awaiting_finance_signoff"
    begin = button(
        t("backfill_run.take_back"), on_click=State.ask("back"), kind="primary", block=True, icon_name="undo-2"
    )
    ask = button(t("backfill_run.ask_back"), on_click=State.ask("back"), kind="primary", block=True, icon_name="stamp")
    emergency = button(t("backfill_run.emergency"), on_click=State.ask("emergency"), kind="danger", block=True)
    orderly = when(item["waits"] == "", rx.cond(rejected, begin, ask))
    ways = stack(
        rx.cond(undecided, muted(t("backfill_run.back_undecided")), orderly),
        when(~rejected, stack(muted(t("backfill_run.emergency_body")), emergency, gap="s")),
    )
    who = rx.cond(may(Permission.BACKFILL_RUN), ways, muted(t("backfill_run.back_other")))
    lines = seat_lines(State.seats)
    told = callout(t("backfill_run.by_emergency", person=item["emergency"]), tone="warn")
    return card(
        stack(
            when(item["emergency"] != "", told),
            when(State.seats.length() > 0, lines),
            when(item["asked"] != "", link(t("backfills.to_request"), href=item["asked"])),
            rx.cond(possible, who, _impossible()),
        ),
        title=t("backfill_run.way_back"),
    )


def _impossible() -> rx.Component:
    item = State.item
    said = rx.match(
        item["state"],
        ("rolling_back", muted(t("backfill_run.back_underway"))),
        ("rolled_back", muted(t("backfill_run.back_done"))),
        ("rolled_back_with_conflicts", muted(t("backfill_run.back_done_conflicts"))),
        muted(t("backfill_run.back_not_now")),
    )
    return rx.cond(item["undoable"] != "", said, muted(t("backfills.cannot_undo")))


def _dialogs() -> rx.Component:
    item = State.item
    shared: dict[str, Any] = {
        "on_open_change": State.close,
        "keep_label": t("backfill_run.leave_it"),
        "reason_label": t("backfills.reason"),
        "busy": State.busy,
        "danger": True,
    }
    at_once = item["state"] == "rejected"
    return rx.fragment(
        confirm(
            open_=State.asking == "back",
            title=t("backfill_run.back_title", count=item["changed"]),
            body=[
                rx.el.p(t("backfill_run.rule_edited")),
                rx.el.p(rx.cond(at_once, t("backfill_run.back_at_once"), t("backfill_run.back_asks"))),
            ],
            confirm_label=rx.cond(at_once, t("backfill_run.take_back_do"), t("backfill_run.ask_back_do")),
            on_confirm=State.take_back,
            **shared,
        ),
        confirm(
            open_=State.asking == "emergency",
            title=t("backfill_run.emergency_title", count=item["changed"]),
            body=[rx.el.p(t("backfill_run.emergency_body"))],
            confirm_label=t("backfill_run.emergency_do"),
            on_confirm=State.at_once,
            **shared,
        ),
        *[_settle_dialog(how, shared) for how in ("keep", "restore")],
    )


def _settle_dialog(how: str, shared: dict[str, Any]) -> rx.Component:
    return confirm(
        open_=State.asking == how,
        title=rx.cond(
            State.key != "",
            t(f"backfill_run.{how}_title", row=State.key),
            t(f"backfill_run.{how}_all_title", count=State.open_conflicts),
        ),
        body=[rx.el.p(t(f"backfill_run.{how}_body"))],
        confirm_label=t(f"backfill_run.{how}_do"),
        on_confirm=State.settle,
        **shared | {"keep_label": t("backfills.not_now"), "danger": how == "restore"},
    )


WAY_BACK = way_back_page
