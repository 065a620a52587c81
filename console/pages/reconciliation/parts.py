"""What the pages of reconciliation share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    Text,
    data_table,
    link,
    money,
    money_or,
    pager,
    person,
    shape,
    status,
    tabs,
    truncated_id,
)
from console.design.texts import t
from console.kit.shell_state import Shell
from services.core.permissions import Permission

STATES = ("open", "in_work", "proposed", "resolved")
CLASSES = (
    "missing_left",
    "missing_right",
    "amount",
    "currency",
    "status",
    "fee",
    "duplicate",
    "timing",
    "fx",
    "reference",
)
SEVERITIES = ("minor", "notable", "severe")
RESOLUTIONS = ("books_corrected", "provider_corrected", "bank_corrected", "accepted", "not_ours")
_SEVERITY_MARKS = {"minor": ("draft", ""), "notable": ("warn", "warn"), "severe": ("bad", "bad")}
RUN_STATES = ("never", "running", "in_review", "signed", "above_limit")


def break_states() -> dict[str, rx.Var]:
    return {state: t(f"reconciliation.state_{state}") for state in STATES}


def run_states() -> dict[str, rx.Var]:
    return {state: t(f"reconciliation.state_{state}") for state in RUN_STATES}


def break_table(state: Any, *, left: Any, right: Any, selectable: Any = None) -> rx.Component:
    """Breaks of `state.rows`, made by `rows.break_row`."""
    absent = t("reconciliation.absent")
    columns = [
        Column(t("reconciliation.break"), lambda r: link(r["number"], href=r["href"]), card="title", sort="number"),
        Column(t("reconciliation.class"), lambda r: r["class"], card="meta", sort="class"),
        Column(
            t("reconciliation.key"),
            lambda r: truncated_id(r["key"], r["key_full"]),
            priority=2,
            card="full",
            sort="key",
        ),
        Column(left, lambda r: money_or(r["left"], r["left_currency"], absent), amount=True, priority=2),
        Column(right, lambda r: money_or(r["right"], r["right_currency"], absent), amount=True, priority=2),
        Column(
            t("reconciliation.difference"),
            lambda r: money(r["delta"], r["currency"], strong=True),
            amount=True,
            card="value",
            sort="delta",
        ),
        Column(t("breakwork.severity"), _severity, priority=3, sort="severity"),
        Column(t("reconciliation.age"), _age, amount=True, sort="age"),
        Column(t("reconciliation.state"), lambda r: status(r["state"], break_states()), card="side"),
        Column(
            t("reconciliation.assigned"),
            lambda r: person(r["assigned"], r["initials"], "finance", nobody=t("reconciliation.nobody")),
            priority=3,
        ),
    ]
    return rx.fragment(
        data_table(columns, state.rows, label=t("reconciliation.breaks"), state=state, selectable=selectable),
        pager(state),
    )


def _age(row: Any) -> rx.Component:
    return rx.el.span(
        rx.cond(row["old"] == "warn", shape("warn", "warn"), rx.fragment()), row["age"], class_name="num status"
    )


def _severity(row: Any) -> rx.Component:
    words = {name: t(f"breakwork.severity_{name}") for name in SEVERITIES}
    return status(row["severity"], words, extra=_SEVERITY_MARKS)


def recon_tabs(current: str) -> rx.Component:
    """The pages of reconciliation beside each other."""
    pages = (
        ("overview", routes.RECONCILIATION),
        ("month", routes.RECONCILIATION_MONTH),
        ("drift", routes.RECONCILIATION_DRIFT),
        ("matches", routes.RECONCILIATION_MATCHES),
        ("adjustments", routes.RECONCILIATION_ADJUSTMENTS),
        ("rules", routes.RECONCILIATION_RULES),
        ("basics", routes.RECONCILIATION_BASICS),
    )
    return tabs(*((t(f"breakwork.tab_{name}"), href, name == current) for name, href in pages), label=t("month.tabs"))


def underway(text: Text) -> rx.Component:
    """What a run is doing now, in words."""
    return rx.el.span(shape("run"), text, class_name="status", custom_attrs={"data-tone": "info"})


def may(permission: Permission, content: rx.Component, *, negated: bool = False) -> rx.Component:
    """The content for who has the right (`negated`: for who has not); nothing for others."""
    held = rx.Var.create(Shell.rights).to(list[str]).contains(str(permission))
    return rx.cond(held, rx.fragment(), content) if negated else rx.cond(held, content, rx.fragment())


def may_or(permission: Permission, content: rx.Component, other: rx.Component) -> rx.Component:
    """The content for who has the right, the other for who has not."""
    return rx.fragment(may(permission, content), may(permission, other, negated=True))
