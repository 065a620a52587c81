"""The mapping editor: a sample, which column is what, and the first rows with what they become."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import (
    Column,
    button,
    callout,
    card,
    data_table,
    empty_state,
    field,
    file_upload,
    mono,
    number,
    select_input,
    shape,
    stack,
    text_area,
    text_input,
)
from console.design.texts import t

_CSV = {"text/csv": [".csv", ".txt"]}
_DELIMITERS = [(",", ","), (";", ";"), ("tab", "Tab"), ("|", "|")]
_ENCODINGS = [(name, name) for name in ("utf-8", "cp1252", "latin-1", "utf-16")]
_MARKS = [(".", "1,234.56"), (",", "1.234,56")]


def mapping_editor(state: Any, *, upload_id: str) -> rx.Component:
    """The editor over a `MappingState` with handlers `take_sample`, `preview` and `save`."""
    sample = file_upload(
        upload_id, state.take_sample, accept=_CSV, title=t("imports.sample_title"), hint=t("imports.sample_hint")
    )
    return stack(
        card(stack(sample, rx.cond(state.sample_name, rx.el.p(state.sample_name, class_name="muted")), gap="s")),
        card(_form(state), title=t("imports.mapping_columns")),
        first_rows(state),
    )


def _plain(state: Any) -> list[rx.Component]:
    """How the file is written."""
    return [
        field(t("imports.delimiter"), _choice(state, "delimiter", _DELIMITERS), name="delimiter"),
        field(t("imports.encoding"), _choice(state, "encoding", _ENCODINGS), name="encoding"),
        field(t("imports.decimal_mark"), _choice(state, "decimal_mark", _MARKS), name="decimal_mark"),
        field(
            t("imports.date_format"),
            text_input(name="date_format", default_value=state.plain["date_format"], max_length=40),
            name="date_format",
            hint=t("imports.date_format_hint"),
        ),
        field(
            t("imports.skip_lines"),
            text_input(name="skip_lines", default_value=state.plain["skip_lines"], input_mode="numeric", max_length=3),
            name="skip_lines",
        ),
    ]


def _form(state: Any) -> rx.Component:
    values = field(
        t("imports.values"),
        text_area(name="values", rows=3, default_value=state.values_text, max_length=4000),
        name="values",
        hint=t("imports.values_hint"),
    )
    buttons = rx.el.div(
        button(t("imports.mapping_preview"), submit=True, busy=state.busy, icon_name="rotate-cw"),
        rx.cond(state.fits, button(t("imports.mapping_save"), kind="primary", on_click=state.save, busy=state.busy)),
        class_name="row",
    )
    return rx.el.form(
        rx.el.div(*_plain(state), class_name="field-grid"),
        rx.el.div(rx.foreach(state.fields, lambda item: _field(state, item)), class_name="field-grid"),
        values,
        buttons,
        on_submit=state.preview,
        key=state.form_key.to(str),
        class_name="stack",
    )


def _choice(state: Any, name: str, options: list[tuple[str, str]]) -> rx.Component:
    return select_input(options, name=name, default_value=state.plain[name])


def _field(state: Any, item: Any) -> rx.Component:
    """Which column, or the same value on every row."""
    column, fixed = "column_" + item["name"], "fixed_" + item["name"]
    return rx.el.div(
        rx.el.label(item["label"], html_for=column),
        rx.el.select(
            rx.foreach(state.choices, lambda choice: rx.el.option(choice["label"], value=choice["value"])),
            id=column,
            name=column,
            default_value=item["column"],
            class_name="input",
        ),
        rx.el.input(
            name=fixed,
            default_value=item["fixed"],
            placeholder=t("imports.fixed"),
            max_length=100,
            class_name="input",
            custom_attrs={"aria-label": item["label"] + ": " + t("imports.fixed")},
        ),
        class_name="field",
    )


def first_rows(state: Any) -> rx.Component:
    """The first rows and what they become; `state` holds `shown` and `problem`."""
    columns = [
        Column(t("imports.line"), lambda row: number(row["line"]), amount=True, card="value"),
        Column(t("imports.excerpt"), lambda row: mono(row["reads"], title=row["reads"]), wrap=True, priority=2),
        Column(t("imports.becomes"), _result, wrap=True, card="title"),
    ]
    table = data_table(columns, state.shown, label=t("imports.first_rows"))
    nothing = empty_state(t("imports.no_sample"), t("imports.no_sample_body"))
    return card(
        rx.cond(state.problem, callout(state.problem, tone="warn")),
        rx.cond(state.shown.length() > 0, table, nothing),
        title=t("imports.first_rows"),
        flush=True,
    )


def _result(row: Any) -> rx.Component:
    refused = rx.el.span(shape("bad", "bad"), " ", row["reason"])
    return rx.cond(row["reason"], refused, rx.el.span(row["becomes"]))
