"""What a page is, and the registry of those that exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from console.kit import navigation
from services.core.permissions import Permission


@dataclass(frozen=True)
class Page:
    """A route with its title, the right to open it, what it loads, and how it is drawn.

    `nav` names its entry of the navigation where that is not the one above its address.
    """

    route: str
    title: str
    permission: Permission
    build: Callable[[], rx.Component]
    on_load: Any = None
    nav: str | None = None

    @property
    def entry(self) -> str:
        """The route that is marked in the navigation and stands in the breadcrumb ("" for none)."""
        return self.nav or navigation.above(self.route)


_PAGES: dict[str, Page] = {}


def page(
    route: str, *, title: str, permission: Permission, on_load: Any = None, nav: str | None = None
) -> Callable[[Callable[[], rx.Component]], Page]:
    """Declares a page; the decorated function draws its content (everything below the shell).

    `title` is a text key, `on_load` the handler that fills the page; it runs when the reader may open
    the page, and again when the language, the legal entities or the URL's filters change.
    """

    def declare(build: Callable[[], rx.Component]) -> Page:
        return Page(route, title, permission, build, on_load, nav)

    return declare


def register(declared: Page) -> None:
    """Makes the page known to the shell. Raises ValueError for a second page on a route."""
    if declared.route in _PAGES:
        raise ValueError(f"{declared.route} is taken")
    _PAGES[declared.route] = declared


def at(route: str) -> Page | None:
    return _PAGES.get(route)


def registered() -> dict[str, Page]:
    """Every page by its route."""
    return dict(_PAGES)


def list_of(route: str) -> Page | None:
    """The page of the list that the records of `route` belong to: the nearest above it that names no record itself."""
    parts = route.strip("/").split("/")
    above = ("/" + "/".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next((_PAGES[path] for path in above if path in _PAGES and "[" not in path), None)
