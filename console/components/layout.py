"""The skeleton of a page's content: head, cards, columns, facts, tabs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components.controls import link
from console.components.icon import Text, shape
from console.kit import pages
from console.kit.shell_state import Shell


def page_header(title: Any, *, badge: Any = None, meta: Any = (), actions: Any = ()) -> rx.Component:
    """Name and state of what is seen, one line of meta with dots, and the actions at the right."""
    rows = [rx.el.div(rx.el.h1(title), *([badge] if badge is not None else []), class_name="page-title")]
    if meta:
        rows.append(rx.el.div(*[rx.el.span(item) for item in meta], class_name="page-meta"))
    if actions:
        rows.append(rx.el.div(*actions, class_name="page-actions"))
    return rx.el.header(*rows, class_name="page-header")


def card(
    *content: Any,
    title: Any = None,
    note: Any = None,
    end: Any = (),
    foot: Any = None,
    flush: bool = False,
    **props: Any,
) -> rx.Component:
    """A bordered section with a heading. `flush` for a table or a list that reaches its edges."""
    parts = []
    if title is not None:
        head: list[Any] = [rx.el.h2(title)]
        if note is not None:
            head.append(rx.el.span(note, class_name="card-note"))
        if end:
            head.append(rx.el.div(*end, class_name="end"))
        parts.append(rx.el.div(*head, class_name="card-head"))
    parts.append(rx.el.div(*content, class_name="card-body card-body-flush" if flush else "card-body"))
    if foot is not None:
        parts.append(rx.el.div(foot, class_name="card-foot"))
    return rx.el.section(*parts, class_name="card", **props)


def main_and_side(main: list[Any], side: list[Any]) -> rx.Component:
    """Facts and work at the left, decision and people at the right; under each other on a small screen."""
    return rx.el.div(stack(*main), stack(*side), class_name="columns columns-main")


def columns(*content: Any, count: int = 2) -> rx.Component:
    """Two or three cards of equal height side by side."""
    return rx.el.div(
        *content, class_name=f"columns {'columns-half' if count == 2 else 'columns-third'} columns-stretch"
    )


def stack(*content: Any, gap: str = "") -> rx.Component:
    """Under each other; `gap` may be `s` or `xs`."""
    return rx.el.div(*content, class_name="stack" + (f" stack-{gap}" if gap else ""))


def row(*content: Any, between: bool = False, wrap: bool = False) -> rx.Component:
    classes = "row" + (" row-between" if between else "") + (" row-wrap" if wrap else "")
    return rx.el.div(*content, class_name=classes)


def facts(*pairs: tuple[Any, Any]) -> rx.Component:
    """Names and values, one a line."""
    return rx.el.dl(*[part for name, value in pairs for part in (rx.el.dt(name), rx.el.dd(value))], class_name="facts")


def figures(*pairs: tuple[Any, Any]) -> rx.Component:
    """The figures a decision rests on, side by side, large."""
    return rx.el.dl(*[rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in pairs], class_name="figures")


def bullets(*items: Any) -> rx.Component:
    """Lines made by `bullet`."""
    return rx.el.ul(*items, class_name="bullets")


def bullet(text: Any, *, mark: rx.Component | None = None, note: Any = None) -> rx.Component:
    """A shape or an icon (a green check by default), a sentence, and perhaps a smaller line below."""
    below = [rx.el.span(note, class_name="sub")] if note is not None else []
    return rx.el.li(mark if mark is not None else shape("ok", "ok"), rx.el.div(text, *below))


def tabs(*items: tuple[Any, Text, rx.Var | bool], label: Text) -> rx.Component:
    """Links of which one is current: (text, address, whether it is current). One to a page that the reader may not
    open is left out."""
    return rx.el.nav(*[_tab(*item) for item in items], class_name="tabs", custom_attrs={"aria-label": label})


def _tab(text: Any, href: Text, current: rx.Var | bool) -> rx.Component:
    drawn = link(text, href=href, class_name="tab", custom_attrs={"aria-current": rx.cond(current, "page", "false")})
    leads_to = pages.at(href) if isinstance(href, str) else None
    if leads_to is None:
        return drawn
    held = rx.Var.create(Shell.rights).to(list[str]).contains(str(leads_to.permission))
    return rx.cond(held, drawn, rx.fragment())


def callout(*content: Any, tone: str = "info", title: Any = None, end: Any = None) -> rx.Component:
    """A sentence that matters to the whole page: tone ok, info, warn, bad or hold."""
    mark = {"ok": "ok", "info": "info", "warn": "warn", "bad": "bad", "hold": "pause"}[tone]
    head = [rx.el.p(rx.el.strong(title))] if title is not None else []
    tail = [end] if end is not None else []
    return rx.el.div(
        shape(mark),
        rx.el.div(*head, *[rx.el.p(item) for item in content]),
        *tail,
        class_name="callout",
        custom_attrs={"data-tone": tone},
    )


def mono(text: Any, **props: Any) -> rx.Component:
    """A machine id."""
    return rx.el.span(text, class_name="mono", **props)


def muted(text: Any) -> rx.Component:
    return rx.el.span(text, class_name="muted")


def list_rows(items: rx.Var, draw: Any) -> rx.Component:
    """A list of records with a line between them; `draw(item)` gives a `list_item`."""
    return rx.el.ul(rx.foreach(items, lambda item: rx.el.li(draw(item))), class_name="list")


def list_item(
    *, mark: rx.Component, title: Any, href: Text | None = None, note: Any = None, end: Any = ()
) -> rx.Component:
    """One record of `list_rows`: a mark, its name (a link when `href` is given), a sentence, what stands right."""
    name = (
        rx.el.span(title, class_name="list-title") if href is None else link(title, href=href, class_name="list-title")
    )
    below = [rx.el.span(note, class_name="sub")] if note is not None else []
    tail = [rx.el.div(*end, class_name="end")] if end else []
    return rx.el.div(mark, rx.el.div(name, *below), *tail, class_name="list-item")
