"""Empty, loading, failed."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx
from reflex.vars import VarData

from console.components.controls import button, icon, link_button
from console.components.icon import Text, shape
from console.design.texts import t
from console.kit.shell_state import Shell

_HOOK = {
    "const kontorPlace = useLocation();": None,
    "const kontorQuery = Object.fromEntries(new URLSearchParams(kontorPlace.search));": None,
}
_PLACE = VarData(hooks=_HOOK, imports={"react-router": "useLocation"})
# The address in the browser; a state learns of a new one only by its event.
_PATH = rx.Var("kontorPlace.pathname", str, _PLACE)


def empty_state(title: Any, body: Any, *, mark: rx.Component | None = None, actions: Any = ()) -> rx.Component:
    """Why it is empty and the one next step. For an empty queue pass `mark=shape("ok", "ok")`: good news."""
    tail = [rx.el.div(*actions, class_name="row")] if actions else []
    return rx.el.div(
        mark if mark is not None else icon("search"), rx.el.h3(title), rx.el.p(body), *tail, class_name="empty-state"
    )


def skeleton(*, lines: int = 6, label: Any = None) -> rx.Component:
    """Rows in the form of what comes."""
    widths = (("4rem", "9rem", "4rem"), ("3rem", "7rem", "3rem"), ("4rem", "12rem", "5rem"))
    rows = [
        rx.el.div(
            *[rx.el.span(class_name="skeleton", style={"width": width}) for width in widths[index % 3]],
            class_name="skeleton-row",
        )
        for index in range(lines)
    ]
    return rx.el.div(
        rx.el.span(label if label is not None else t("shell.loading"), class_name="visually-hidden"),
        *rows,
        class_name="skeletons",
        role="status",
    )


def failed_state(state: Any) -> rx.Component:
    """What did not load and what to do, from the `failure` of a page's state."""
    return rx.el.div(
        shape("bad", "bad"),
        rx.el.h2(state.failure),
        rx.el.p(state.failure_body),
        rx.el.div(
            rx.cond(
                state.way_out,
                link_button(t("shell.to_list", name=state.way_out_name), href=state.way_out, kind="primary"),
                rx.fragment(),
            ),
            button(t("shell.try_again"), icon_name="rotate-cw", on_click=Shell.again),
            class_name="row",
        ),
        class_name="empty-state",
        role="alert",
    )


def stands(state: Any) -> Any:
    """Whether `state` is loaded for the record or the subject that the address in the browser names."""
    names = json.dumps(list(state._ABOUT))
    about = rx.Var(f'{names}.map((name) => kontorQuery[name] ?? "").join("&")', str, _PLACE)
    return state.loaded & (state.shown_at == _PATH) & (state.shown_about == about)


def loading_or(state: Any, content: rx.Component, *, lines: int = 6) -> rx.Component:
    """The content once `state.loaded` for the address in the browser, so that no record stands under another's; a
    skeleton before, the error state when loading failed. Rows of a former filter, order or page stay until those of
    the address are there: the focus is in them."""
    return rx.cond(
        stands(state),
        rx.cond(state.failure, failed_state(state), content),
        skeleton(lines=lines),
    )


def forbidden_state(needed: Text) -> rx.Component:
    """The right by name, and who gives it."""
    return rx.el.div(
        shape("block"),
        rx.el.h1(t("shell.forbidden")),
        rx.el.p(t("shell.forbidden_body", permission=needed)),
        rx.el.div(link_button(t("shell.to_overview"), href="/"), class_name="row"),
        class_name="empty-state",
    )
