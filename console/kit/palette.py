"""The command palette: Ctrl K, a few letters, Enter. Pages first, then records from the registered searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import reflex as rx

from console.components.controls import icon, link
from console.design.texts import t, tr
from console.kit import backend, navigation, pages, session
from console.kit.authz import event
from services.core.db import UnitOfWork
from services.core.permissions import Permission

Hits = list[tuple[str, str, str]]
"""Title, note and address of each record found."""


@dataclass(frozen=True)
class Search:
    """A kind of record the palette finds: `find(uow, text, locale)`; asked at every keystroke, so it must be quick."""

    group: str
    icon: str
    permission: Permission
    find: Callable[[UnitOfWork, str, str], Hits]


_SEARCHES: list[Search] = []


def register_search(search: Search) -> None:
    """Adds a kind of record; done in `console/console.py`, visibly."""
    _SEARCHES.append(search)


class Hit(TypedDict):
    group: str
    icon: str
    title: str
    note: str
    href: str


class Palette(rx.State):
    text: str = ""
    hits: list[Hit] = []

    @event(Permission.SELF)
    async def search(self, text: str) -> None:
        """Finds pages and records for what was typed; with nothing typed, all pages."""
        person = session.PRINCIPAL.get()
        self.text = str(text).strip()[:100]
        hits = _page_hits(self.text, person)
        if len(self.text) > 2:
            for search in _SEARCHES:
                if person.actor.may(search.permission):
                    found = await backend.call(self, _find, search=search, text=self.text, locale=person.locale)
                    group = tr(person.locale, search.group)
                    hits += [
                        Hit(group=group, icon=search.icon, title=title, note=note, href=href)
                        for title, note, href in found
                    ]
        self.hits = hits


def _find(uow: UnitOfWork, *, search: Search, text: str, locale: str) -> Hits:
    return search.find(uow, text, locale)


def _page_hits(text: str, person: session.Principal) -> list[Hit]:
    existing, hits = pages.registered(), []
    for entry in navigation.entries():
        target = existing.get(entry.route)
        title = tr(person.locale, entry.text)
        if target and person.actor.may(target.permission) and text.lower() in title.lower():
            note = f"G {entry.letter.upper()}" if entry.letter else ""
            hits.append(
                Hit(group=tr(person.locale, "shell.go_to"), icon=entry.icon, title=title, note=note, href=entry.route)
            )
    return hits


_HITS: Any = Palette.hits


def palette() -> rx.Component:
    """A modal dialog of the platform; `assets/kontor.js` opens it and moves through the hits."""
    return rx.el.dialog(
        rx.el.div(
            icon("search"),
            rx.el.input(
                type="text",
                id="palette-input",
                placeholder=t("shell.search_hint"),
                auto_complete="off",
                on_change=Palette.search.debounce(120),
                custom_attrs={
                    "aria-label": t("shell.search_label"),
                    "role": "combobox",
                    "aria-expanded": "true",
                    "aria-controls": "palette-list",
                    "aria-autocomplete": "list",
                },
            ),
            rx.el.kbd("Esc"),
            class_name="command-input",
        ),
        rx.el.div(
            rx.foreach(
                Palette.hits,
                lambda hit: link(
                    icon(hit["icon"]),
                    rx.el.span(hit["title"], class_name="truncate"),
                    rx.el.span(hit["note"], class_name="end"),
                    href=hit["href"],
                    class_name="command-item",
                    role="option",
                    tab_index=-1,
                    custom_attrs={"aria-selected": "false"},
                ),
            ),
            rx.cond(
                (_HITS.length() == 0) & (Palette.text != ""),
                rx.el.p(t("shell.no_hit"), class_name="muted command-none"),
                rx.fragment(),
            ),
            id="palette-list",
            class_name="command-list",
            role="listbox",
            custom_attrs={"aria-label": t("shell.search_label")},
        ),
        rx.el.div(
            rx.el.span(rx.el.kbd("↑"), " ", rx.el.kbd("↓"), " ", t("shell.move")),
            rx.el.span(rx.el.kbd("↵"), " ", t("shell.open")),
            class_name="command-foot",
        ),
        id="palette",
        class_name="command-palette",
        custom_attrs={"aria-label": t("shell.search_label")},
    )
