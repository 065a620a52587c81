"""The dialogs of the calendar: a window, a freeze, and taking either away."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import button, checkbox, confirm, field, form_dialog, row, stack, text_input
from console.design.texts import t
from console.kit.shell_state import Shell
from console.pages.backfills.calendar_rows import WEEKDAYS
from console.pages.backfills.calendar_state import ReleaseCalendar as State


def dialogs() -> rx.Component:
    """All of them; at most one is open."""
    chosen = State.chosen
    shared: dict[str, Any] = {"on_open_change": State.close, "keep_label": t("backfills.not_now"), "busy": State.busy}
    return rx.fragment(
        _window(),
        _freeze(),
        confirm(
            open_=State.asking == "remove",
            title=t("change_calendar.remove_title", name=chosen["name"]),
            body=[rx.el.p(t("change_calendar.remove_body"))],
            confirm_label=t("change_calendar.remove_do"),
            on_confirm=State.remove,
            **shared,
        ),
        confirm(
            open_=State.asking == "lift",
            title=t("change_calendar.lift_title", name=chosen["name"]),
            body=[rx.el.p(t("change_calendar.lift_body"))],
            confirm_label=t("change_calendar.lift_do"),
            on_confirm=State.lift,
            reason_label=t("backfills.reason"),
            **shared,
        ),
    )


def _days() -> rx.Component:
    chosen = State.chosen
    return rx.el.fieldset(
        rx.el.legend(t("change_calendar.days"), class_name="field-hint"),
        row(
            *[
                checkbox(t(f"calendar.{name}"), name=f"d{number}", default_checked=chosen[f"d{number}"] == "yes")
                for number, name in enumerate(WEEKDAYS)
            ],
            wrap=True,
        ),
        class_name="field plain-set",
    )


def _window() -> rx.Component:
    chosen = State.chosen
    times = row(
        field(t("change_calendar.opens"), _time("opens", chosen["opens"]), name="opens"),
        field(t("change_calendar.closes"), _time("closes", chosen["closes"]), name="closes"),
    )
    return _form(
        "window",
        t("change_calendar.window_title"),
        State.save_window,
        t("change_calendar.save_window"),
        field(
            t("change_calendar.name"),
            text_input(name="name", default_value=chosen["name"], required=True, max_length=80),
            name="name",
        ),
        _days(),
        times,
        rx.el.p(t("change_calendar.overnight"), class_name="field-hint"),
        field(
            t("change_calendar.zone"),
            text_input(name="zone", default_value=chosen["zone"], max_length=60),
            name="zone",
            hint=t("change_calendar.zone_hint"),
        ),
        _entity(),
    )


def _freeze() -> rx.Component:
    return _form(
        "freeze",
        t("change_calendar.freeze_title"),
        State.save_freeze,
        t("change_calendar.save_freeze"),
        rx.el.p(t("change_calendar.freeze_body"), class_name="secondary"),
        row(
            field(
                t("change_calendar.from"), text_input(name="from", type="datetime-local", required=True), name="from"
            ),
            field(t("change_calendar.to"), text_input(name="to", type="datetime-local", required=True), name="to"),
            wrap=True,
        ),
        field(t("change_calendar.reason"), text_input(name="reason", required=True, max_length=200), name="reason"),
        _entity(),
    )


def _form(name: str, title: Any, on_submit: Any, label: Any, *fields: rx.Component) -> rx.Component:
    return form_dialog(
        stack(*fields, gap="s"),
        open_=State.asking == name,
        on_open_change=State.close,
        title=title,
        act=button(label, kind="primary", submit=True, busy=State.busy),
        on_submit=on_submit,
        keep=t("backfills.not_now"),
    )


def _time(name: str, value: Any) -> rx.Component:
    return text_input(name=name, type="time", default_value=value, required=True)


def _entity() -> rx.Component:
    choice = rx.el.select(
        rx.el.option(t("change_calendar.every_entity"), value=""),
        rx.foreach(Shell.entities, lambda item: rx.el.option(item["name"], value=item["id"])),
        id="entity",
        name="entity",
        class_name="input",
        default_value=State.chosen["entity_id"],
    )
    return field(t("change_calendar.entity"), choice, name="entity")
