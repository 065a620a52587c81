"""Icons (Lucide, in one sprite) and the shapes of the status vocabulary."""

from __future__ import annotations

from typing import Any

import reflex as rx

# A plain string, or a variable that holds one.
Text = Any
SPRITE = "/icons.svg"


def icon(name: Text, **props: Any) -> rx.Component:
    """A line icon of `assets/icons.svg`, hidden from assistive technology: the words beside it speak."""
    return rx.el.svg(
        rx.el.svg.use(href=_target("i", name)), class_name="icon", custom_attrs={"aria-hidden": "true"}, **props
    )


def shape(name: Text, tone: Text = "", label: Text = "") -> rx.Component:
    """A filled status shape: ok, seal, run, wait, draft, warn, bad, pause, block, eq, ne, info.

    `tone` colours it outside a badge; with `label` it is an image of its own.
    """
    tone_class = f"shape tone-{tone}" if isinstance(tone, str) else "shape tone-" + tone
    spoken: dict[str, object] = {"role": "img", "aria-label": label} if label is not None and str(label) else {}
    return rx.el.svg(
        rx.el.svg.use(href=_target("s", name)),
        class_name="shape" if isinstance(tone, str) and not tone else tone_class,
        custom_attrs={"viewBox": "0 0 16 16", **(spoken or {"aria-hidden": "true"})},
    )


def brand_mark() -> rx.Component:
    """The two lines and the stroke between them."""
    return rx.image(src="/favicon.svg", alt="", width="20", height="20", custom_attrs={"aria-hidden": "true"})


def _target(prefix: str, name: Text) -> Text:
    return f"{SPRITE}#{prefix}-{name}" if isinstance(name, str) else f"{SPRITE}#{prefix}-" + name
