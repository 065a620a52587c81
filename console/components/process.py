"""What goes on over time: steps, progress, a story, signatures."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.icon import Text, icon, shape

_STEP_SHAPES = {"done": "ok", "now": "run", "todo": "draft", "bad": "bad"}


def stepper(*steps: tuple[Any, Any, Any]) -> rx.Component:
    """Steps (name, note, state); the state is a variable or a word: done, now, todo or bad."""
    return rx.el.ol(*[_step(*step) for step in steps], class_name="stepper")


def _step(name: Any, note: Any, state: Any) -> rx.Component:
    mark: Any
    if isinstance(state, str):
        mark = shape(_STEP_SHAPES[state])
    else:
        mark = rx.match(state, *[(word, shape(drawn)) for word, drawn in _STEP_SHAPES.items()], shape("draft"))
    return rx.el.li(
        mark,
        rx.el.div(name, class_name="step-name"),
        rx.el.div(note, class_name="sub"),
        class_name="step",
        custom_attrs={"data-state": state, "aria-current": rx.cond(rx.Var.create(state) == "now", "step", "false")},
    )


def progress(text: Any, *, width: Text, label: Any, value: Any = None, tone: Text = "") -> rx.Component:
    """A bar with its sentence ("62 %, 734,267 of 1,184,302, 4 min left"); `width` in CSS per cent, `value` 0 to 100."""
    spoken: dict[str, Any] = {"aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100"}
    if value is not None:
        spoken["aria-valuenow"] = value
    return rx.el.div(
        rx.el.div(
            rx.el.i(style={"--value": width}), class_name="progress-track", role="progressbar", custom_attrs=spoken
        ),
        rx.el.span(text, class_name="num muted"),
        class_name="progress",
        custom_attrs={"data-tone": tone},
    )


def poll(while_: Any, handler: Any, *, every: int = 2000) -> rx.Component:
    """Calls the handler every so many milliseconds while the condition holds and the tab is in view."""
    return rx.cond(
        while_,
        rx.el.button(
            type="button", hidden=True, tab_index=-1, on_click=handler, custom_attrs={"data-poll": str(every)}
        ),
        rx.fragment(),
    )


def timeline(items: rx.Var) -> rx.Component:
    """A record's story, newest first.

    Items {"icon", "who", "what", "when", "said"}: `icon` a name of the sprite, `who` may be empty,
    `said` a quoted comment or empty.
    """
    return rx.el.ol(
        rx.foreach(
            items,
            lambda item: rx.el.li(
                rx.el.span(icon(item["icon"]), class_name="node"),
                rx.el.div(
                    rx.cond(item["who"], rx.el.strong(item["who"], " "), rx.fragment()),
                    item["what"],
                    rx.cond(item["said"], rx.el.div(item["said"], class_name="said"), rx.fragment()),
                    class_name="what",
                ),
                rx.el.span(item["when"], class_name="when"),
            ),
        ),
        class_name="timeline",
    )


def signatures(*lines: rx.Component) -> rx.Component:
    return rx.el.div(*lines, class_name="signatures")


def signature(name: Any, caption: Any, when: Any) -> rx.Component:
    """A name on a line, with the seal."""
    return rx.el.div(
        rx.el.div(name, shape("seal"), class_name="signature-line"),
        rx.el.div(rx.el.span(caption), rx.el.span(when, class_name="num"), class_name="signature-caption"),
        class_name="signature",
    )


def missing_signature(name: Any, caption: Any) -> rx.Component:
    """A dashed line while the signature is missing, and who may give it."""
    return rx.el.div(
        rx.el.div(name, shape("draft"), class_name="signature-line"),
        rx.el.div(rx.el.span(caption), class_name="signature-caption"),
        class_name="signature",
        custom_attrs={"data-open": "true"},
    )
