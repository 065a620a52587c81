"""Words of a run's states, for every page that shows them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import status
from console.design.texts import t
from console.kit.shell_state import Shell
from services.core.permissions import Permission

STATES = (
    "queued",
    "waiting",
    "running",
    "pausing",
    "cancelling",
    "retry_wait",
    "paused",
    "succeeded",
    "dead",
    "cancelled",
)
WORDS = {state: t(f"runs.state_{state}") for state in STATES}
OUTCOMES = ("none", "succeeded", "failed", "lost", "released", "paused", "cancelled")
OUTCOME_WORDS = {outcome: t(f"runs.outcome_{outcome}") for outcome in OUTCOMES}
_OUTCOME_LOOKS = {"none": ("run", "info"), "lost": ("warn", "warn"), "released": ("wait", "")}


def outcome(value: Any) -> rx.Component:
    return status(value, OUTCOME_WORDS, extra=_OUTCOME_LOOKS)


def bar(item: Any) -> rx.Component:
    """How far a run that is not over has come, in one line of a list; a dash otherwise."""
    track = rx.el.div(
        rx.el.i(style={"--value": item["width"]}),
        class_name="progress-track",
        style={"width": "4.5rem", "flex": "none"},
        custom_attrs={"aria-hidden": "true"},
    )
    sentence = rx.el.span(item["share"], class_name="num muted")
    return rx.cond(item["share"], rx.el.div(rx.cond(item["width"], track), sentence, class_name="row"), "—")


def may(permission: Permission) -> rx.Var[bool]:
    """Whether the reader holds the right: that decides what is shown, the service what is done."""
    return Shell.rights.contains(str(permission))  # pyright: ignore[reportAttributeAccessIssue]


def live(handler: Any, *, seconds: int) -> rx.Component:
    """Asks again while it stands on the page."""
    return rx.moment(interval=seconds * 1000, on_change=handler, class_name="visually-hidden")
