"""Links, buttons and single fields."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.el.elements.inline import A
from reflex_components_core.react_router.dom import ReactRouterLink

from console.components.icon import Text, icon, shape

_KINDS = {"": "", "primary": " button-primary", "danger": " button-danger", "quiet": " button-quiet"}


class _PlainForm(BaseHTML):
    """Reflex's own form catches every submit; this one leaves it to the browser."""

    tag = "form"


def plain_form(*children: Any, action: str, attributes: dict[str, Any] | None = None, **props: Any) -> rx.Component:
    """Posts to a route of the HTTP API the plain way; the browser goes where it answers."""
    return _PlainForm.create(
        *children, custom_attrs={"method": "post", "action": action, **(attributes or {})}, **props
    )


def link(*children: Any, href: Text, **props: Any) -> rx.Component:
    """A link inside the console; the page changes without a reload."""
    return ReactRouterLink.create(*children, to=href, **props)


def plain_link(*children: Any, href: Text, **props: Any) -> rx.Component:
    """A link which the browser follows itself: files and routes of the HTTP API, anchors, other hosts.

    Reflex's `rx.el.a` is a link of the page's router, which finds no page at such an address.
    """
    return A.create(*children, href=href, **props)


def button(
    label: Any,
    *,
    on_click: Any = None,
    kind: str = "",
    icon_name: str = "",
    small: bool = False,
    block: bool = False,
    submit: bool = False,
    busy: rx.Var | bool = False,
    **props: Any,
) -> rx.Component:
    """A button: verb and object. Kinds: plain, `primary` (one a view), `danger`, `quiet`.

    While `busy` it cannot be pressed again; a button that cannot succeed is left out instead of disabled.
    """
    classes = "button" + _KINDS[kind] + (" button-s" if small else "") + (" button-block" if block else "")
    children = [icon(icon_name)] if icon_name else []
    handlers = {"on_click": on_click} if on_click is not None else {}
    return rx.el.button(
        *children, label, type="submit" if submit else "button", class_name=classes, disabled=busy, **handlers, **props
    )


def link_button(
    label: Any, *, href: Text, kind: str = "", icon_name: str = "", small: bool = False, **props: Any
) -> rx.Component:
    """A link that looks like a button, for going somewhere."""
    classes = "button" + _KINDS[kind] + (" button-s" if small else "")
    return link(*([icon(icon_name)] if icon_name else []), label, href=href, class_name=classes, **props)


def download_button(label: Any, *, href: Text) -> rx.Component:
    """A link to a file of the HTTP API."""
    return plain_link(icon("download"), label, href=href, class_name="button button-s", download=True)


def text_button(label: Any, *, on_click: Any) -> rx.Component:
    return rx.el.button(label, type="button", class_name="link-button", on_click=on_click)


def icon_button(name: Text, *, label: Text, on_click: Any = None, **props: Any) -> rx.Component:
    """A square button whose meaning is its label."""
    handlers = {"on_click": on_click} if on_click is not None else {}
    attributes = {"aria-label": label, **props.pop("custom_attrs", {})}
    classes = ("icon-button " + props.pop("class_name", "")).strip()
    return rx.el.button(icon(name), type="button", class_name=classes, custom_attrs=attributes, **handlers, **props)


def button_group(*buttons: rx.Component, label: Text) -> rx.Component:
    """Buttons of which one is pressed; see `choice_button`."""
    return rx.el.div(*buttons, class_name="button-group", role="group", custom_attrs={"aria-label": label})


def choice_button(label: Any, *, pressed: rx.Var | bool, on_click: Any) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        class_name="button",
        on_click=on_click,
        custom_attrs={"aria-pressed": rx.cond(pressed, "true", "false")},
    )


def field(label: Any, control: rx.Component, *, name: str, hint: Any = None, error: Any = None) -> rx.Component:
    """A control under its label; give the control `id=name`. `error` (a text variable) shows when not empty."""
    below: list[Any] = [rx.el.p(hint, class_name="field-hint")] if hint is not None else []
    if error is not None:
        below.append(rx.cond(error, rx.el.p(shape("bad", "bad"), rx.el.span(error), class_name="field-error")))
    return rx.el.div(rx.el.label(label, html_for=name), control, *below, class_name="field")


def text_input(*, name: str, **props: Any) -> rx.Component:
    return rx.el.input(id=name, name=name, class_name="input", **props)


def text_area(*, name: str, rows: int = 3, **props: Any) -> rx.Component:
    return rx.el.textarea(id=name, name=name, rows=str(rows), class_name="input", **props)


def select_input(options: Any, *, name: str, **props: Any) -> rx.Component:
    """`options`: a list of (value, text) pairs, or a variable with a list of {"value", "label"} items."""
    if isinstance(options, rx.Var):
        items = [rx.foreach(options, lambda item: rx.el.option(item["label"], value=item["value"]))]
    else:
        items = [rx.el.option(text, value=value) for value, text in options]
    return rx.el.select(*items, id=name, name=name, class_name="input", **props)


def checkbox(label: Any, *, name: str, **props: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", id=name, name=name, class_name="check", **props),
        rx.el.span(label),
        class_name="choice",
    )
