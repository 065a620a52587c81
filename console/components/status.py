"""States: a shape, a word and a tone, always the three together."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import Text, shape

# value of the state → (shape, tone); the words are texts `<domain>.state_<value>`.
VOCABULARY: dict[str, tuple[str, str]] = {
    "open": ("draft", ""),
    "draft": ("draft", ""),
    "queued": ("wait", ""),
    "waiting": ("wait", ""),
    "pending": ("wait", ""),
    "proposed": ("wait", ""),
    "running": ("run", "info"),
    "in_work": ("run", "info"),
    "in_review": ("run", "info"),
    "succeeded": ("ok", "ok"),
    "matched": ("ok", "ok"),
    "resolved": ("ok", "ok"),
    "signed": ("seal", "ok"),
    "intact": ("seal", "ok"),
    "retry_wait": ("warn", "warn"),
    "above_limit": ("warn", "warn"),
    "never": ("draft", ""),
    "failed": ("bad", "bad"),
    "dead": ("bad", "bad"),
    "paused": ("pause", "hold"),
    "pausing": ("pause", "hold"),
    "cancelling": ("block", ""),
    "cancelled": ("block", ""),
    "refused": ("block", ""),
    "dry_running": ("run", "info"),
    "dry_run_ready": ("draft", ""),
    "awaiting_approval": ("wait", "warn"),
    "approved": ("ok", "ok"),
    "discarded": ("block", ""),
    "verifying": ("run", "info"),
    "awaiting_finance_signoff": ("wait", "warn"),
    "rejected": ("bad", "bad"),
    "signed_off": ("seal", "ok"),
    "rolling_back": ("run", "info"),
    "rolled_back": ("ok", ""),
    "rolled_back_with_conflicts": ("warn", "warn"),
}


def status_badge(state: Text, words: dict[str, Any], *, extra: dict[str, tuple[str, str]] | None = None) -> Any:
    """A badge on a soft ground, once a record: beside the title or in the state column.

    `words` maps each value of the state to its text (`{"open": t("breaks.state_open"), …}`); `extra`
    adds shapes and tones for values outside the vocabulary.
    """
    return rx.match(state, *[(value, _badge(value, word, extra)) for value, word in words.items()], rx.fragment())


def status(state: Text, words: dict[str, Any], *, extra: dict[str, tuple[str, str]] | None = None) -> Any:
    """The plain status inside lists: shape and word, no ground."""
    return rx.match(state, *[(value, _plain(value, word, extra)) for value, word in words.items()], rx.fragment())


def badge(text: Any, *, mark: str = "", tone: str = "") -> rx.Component:
    """A badge of a fixed kind."""
    marks = [shape(mark)] if mark else []
    attributes = {"data-tone": tone} if tone else {}
    return rx.el.span(*marks, text, class_name="badge" if mark else "badge badge-text", custom_attrs=attributes)


def plain_status(text: Any, *, mark: Text, tone: Text = "") -> rx.Component:
    """A status whose shape and tone come from the row itself."""
    return rx.el.span(shape(mark), text, class_name="status", custom_attrs={"data-tone": tone})


def person(name: Any, initials: Text, team: Text = "", nobody: Any = None) -> rx.Component:
    """Avatar and name; `nobody` stands where the name is empty."""
    shown = rx.el.span(
        rx.el.span(initials, class_name="avatar avatar-s", custom_attrs={"data-team": team, "aria-hidden": "true"}),
        name,
        class_name="person",
    )
    return shown if nobody is None else rx.cond(name, shown, rx.el.span(nobody, class_name="muted"))


def _look(value: str, extra: dict[str, tuple[str, str]] | None) -> tuple[str, str]:
    return (extra or {}).get(value) or VOCABULARY[value]


def _badge(value: str, word: Any, extra: dict[str, tuple[str, str]] | None) -> rx.Component:
    mark, tone = _look(value, extra)
    return badge(word, mark=mark, tone=tone)


def _plain(value: str, word: Any, extra: dict[str, tuple[str, str]] | None) -> rx.Component:
    mark, tone = _look(value, extra)
    return plain_status(word, mark=mark, tone=tone)
