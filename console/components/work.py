"""Where people add something: comments and files."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import button, icon
from console.design.texts import t


def comment_box(on_submit: Any, *, busy: Any = False, placeholder: Any = None) -> rx.Component:
    """A comment; `on_submit` is called with {"comment": text} and the box empties itself."""
    return rx.el.form(
        rx.el.label(t("work.comment"), html_for="comment"),
        rx.el.textarea(
            id="comment",
            name="comment",
            rows="2",
            class_name="input",
            required=True,
            custom_attrs={"data-key": "c"},
            max_length=4000,
            placeholder=placeholder if placeholder is not None else "",
        ),
        rx.el.div(button(t("work.add_comment"), submit=True, small=True, busy=busy), class_name="row"),
        on_submit=on_submit,
        reset_on_submit=True,
        class_name="field comment-box",
    )


def file_upload(name: str, on_files: Any, *, accept: Any, title: Any, hint: Any) -> rx.Component:
    """A drop zone; `on_files(rx.upload_files(name))` receives the files. Size is capped by the gate (64 MB)."""
    zone = rx.upload.root(
        rx.el.div(
            icon("upload"),
            rx.el.strong(title),
            rx.el.span(hint, class_name="muted"),
            class_name="drop-zone",
        ),
        id=name,
        accept=accept,
        multiple=True,
        no_click=True,
        on_drop=on_files(rx.upload_files(upload_id=name)),
        class_name="drop-zone-root",
    )
    # The label names the hidden file input and opens it on a click, so the zone itself must not.
    return rx.el.label(zone, class_name="drop-zone-label")
