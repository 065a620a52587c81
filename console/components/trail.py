"""The trail of a record: who did what to it, from the audit log."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import link
from console.components.icon import Text, shape
from console.components.layout import card, mono, muted
from console.components.status import person
from console.components.table import Column, data_table
from console.design.texts import t
from console.kit.shell_state import Shell
from services.core.permissions import Permission


def trail_card(rows: Any, *, href: Text) -> rx.Component:
    """`rows` as `kit.trail.trail_rows` makes them; `href` leads to the same in the audit log (`trail_href`)."""
    columns = [
        Column(t("audit.time"), lambda item: rx.el.span(item["time"], class_name="num"), card="side"),
        Column(t("audit.who"), lambda item: person(item["who"], item["initials"], item["team"]), card="meta"),
        Column(t("audit.action"), _action, card="title"),
        Column(t("audit.changed"), _changed, wrap=True, priority=3, card="full"),
        Column(t("audit.proof"), sealed_mark, priority=2),
    ]
    shown = data_table(columns, rows, label=t("audit.trail"), dense=True)
    none = rx.el.div(muted(t("audit.trail_none")), class_name="card-body")
    all_of_it = _for_readers(link(t("audit.trail_all"), href=href))
    return card(rx.cond(rows.length() > 0, shown, none), title=t("audit.trail"), end=[all_of_it], flush=True)


def trail_link(href: Text) -> rx.Component:
    """To the trail of a record that has no page of its own, for whoever may read the audit log."""
    return _for_readers(link(t("audit.trail_of_one"), href=href))


def _for_readers(content: rx.Component) -> rx.Component:
    return rx.cond(Shell.rights.contains(Permission.AUDIT_READ.value), content, rx.fragment())


def sealed_mark(item: Any) -> rx.Component:
    """A seal for an entry that has its place in the tree."""
    waits = shape("wait", label=t("audit.not_sealed"))
    return rx.cond(item["sealed"], shape("seal", "ok", label=t("audit.sealed")), waits)


def _action(item: Any) -> rx.Component:
    refused = shape("block", "bad", label=t("audit.outcome_refused"))
    return rx.el.span(
        rx.cond(item["outcome"] == "refused", rx.fragment(refused, " "), rx.fragment()), mono(item["action"])
    )


def _changed(item: Any) -> rx.Component:
    said = rx.el.div(item["reason"], class_name="sub")
    return rx.el.div(item["changes"], rx.cond(item["reason"], said, rx.fragment()), class_name="anywhere")
