"""Putting pages into the app: each in the frame, each loading through the same door."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from console.design.texts import t
from console.kit.pages import Page, page, register
from console.kit.shell import shell
from console.kit.shell_state import Shell

__all__ = ["Page", "add_pages", "page"]


def add_pages(app: rx.App, declared: Sequence[Page]) -> None:
    """Registers all pages first, because the navigation of each shows all the others."""
    for item in declared:
        register(item)
    for item in declared:
        app.add_page(
            lambda item=item: shell(item, item.build()),
            route=item.route,
            title=t(item.title) + " · Kontor",
            on_load=Shell.arrive,
        )
