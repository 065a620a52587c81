"""Dialogs: before the button, the consequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx
from reflex_components_radix.primitives import dialog as radix

from console.components.controls import button, icon_button
from console.design.texts import t


def dialog(*, open_: Any, on_open_change: Any, title: Any, body: Any, foot: Any = ()) -> rx.Component:
    """A modal dialog (Radix: focus is caught, Escape closes) shown while `open_` is true.

    Its button to close comes last, so that focus begins at the first field, or at what keeps everything as it is.
    """
    return radix.root(
        radix.portal(
            radix.overlay(class_name="scrim"),
            radix.content(
                rx.el.div(radix.title(title, as_child=False), class_name="dialog-head"),
                rx.el.div(*body, class_name="dialog-body"),
                *([rx.el.div(*foot, class_name="dialog-foot")] if foot else []),
                radix.close(
                    rx.el.div(icon_button("x", label=t("shell.close")), class_name="dialog-close"), as_child=True
                ),
                class_name="dialog dialog-modal",
                custom_attrs={"aria-describedby": ""},
            ),
        ),
        open=open_,
        on_open_change=on_open_change,
    )


def form_dialog(
    *fields: rx.Component,
    open_: Any,
    on_open_change: Any,
    title: Any,
    act: rx.Component,
    on_submit: Any,
    keep: Any = None,
    note: Any = None,
    above: Sequence[rx.Component] = (),
    **props: Any,
) -> rx.Component:
    """A dialog that asks for values; `act` is the button that submits them to `on_submit`.

    `keep` names the way back, `note` says beside it what the deed changes, `above` stands over the form.
    """
    form = rx.el.form(
        *fields,
        _form_foot(on_open_change, act, keep, note),
        on_submit=on_submit,
        class_name="dialog-form",
        **props,
    )
    return dialog(open_=open_, on_open_change=on_open_change, title=title, body=[*above, form])


def _form_foot(on_open_change: Any, act: rx.Component, keep: Any, note: Any) -> rx.Component:
    return rx.el.div(
        *([rx.el.span(note, class_name="note")] if note is not None else []),
        *([button(keep, on_click=on_open_change(False))] if keep is not None else []),
        act,
        class_name="dialog-foot dialog-foot-inset",
    )


def confirm(
    *,
    open_: Any,
    on_open_change: Any,
    title: Any,
    body: Any,
    confirm_label: Any,
    on_confirm: Any,
    keep_label: Any,
    danger: bool = False,
    busy: Any = False,
    note: Any = None,
    reason_label: Any = None,
) -> rx.Component:
    """Asks with the figure, says what follows and who must agree; the way back is named for what stays.

    The body is a form when `reason_label` is given: then `on_confirm` is called with {"reason": text},
    otherwise without arguments. The state closes the dialog when the deed is done.
    """
    kind = "danger" if danger else "primary"
    if reason_label is None:
        tail = [rx.el.span(note, class_name="note")] if note is not None else []
        keep = button(keep_label, on_click=on_open_change(False))
        act = button(confirm_label, kind=kind, on_click=on_confirm, busy=busy)
        return dialog(open_=open_, on_open_change=on_open_change, title=title, body=body, foot=[*tail, keep, act])
    reason = rx.el.div(
        rx.el.label(reason_label, html_for="confirm_reason"),
        rx.el.textarea(id="confirm_reason", name="reason", rows="3", class_name="input", required=True),
        class_name="field",
    )
    return form_dialog(
        *body,
        reason,
        open_=open_,
        on_open_change=on_open_change,
        title=title,
        act=button(confirm_label, kind=kind, submit=True, busy=busy),
        on_submit=on_confirm,
        keep=keep_label,
        note=note,
    )


def menu(trigger: rx.Component, *items: Any, name: str, label: Any) -> rx.Component:
    """A list that opens below its button (the platform's own popover: Escape and a click outside close it).

    Make the trigger with `custom_attrs=menu_trigger(name)`.
    """
    return rx.fragment(
        trigger,
        rx.el.div(
            *items, id=name, class_name="menu", role="group", custom_attrs={"popover": "auto", "aria-label": label}
        ),
    )


def menu_trigger(name: str) -> dict[str, str]:
    """Attributes of the button that opens `menu(name=…)`."""
    return {"popoverTarget": name, "aria-haspopup": "true"}
