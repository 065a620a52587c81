"""Every door of the console, enumerated from the code, with the right that it declares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import typer
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from reflex_base.registry import RegistrationContext

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.cli import build
from console.console import PAGES, app
from console.http_api.access import PUBLIC_ROUTES
from console.http_api.app import api
from console.http_api.exports import registered_exports
from console.kit.authz import is_framework_event, permission_of

PUBLIC, NOBODY, SHELL = "public", "nobody", "shell"
_PREFIX = "reflex___state____state."


@dataclass(frozen=True)
class Handler:
    """An event handler under the name a browser sends."""

    full_name: str
    fn: Callable[..., Any]


@dataclass(frozen=True)
class Door:
    """`kind` and `name` identify it; `right` is a permission, `public`, `nobody`, or `shell` for commands.

    `target` is what a test calls: the handler, the route, the page's route, the address, the command.
    """

    kind: str
    name: str
    right: str
    target: Any

    @property
    def line(self) -> str:
        return f"{self.kind} {self.name}"


def events() -> Iterator[Door]:
    """Every event handler that a browser can name, Reflex's own setters among them."""
    with app.set_contexts():
        registered = RegistrationContext.get().event_handlers
    for full, item in registered.items():
        if not is_framework_event(item.handler.fn):
            right = permission_of(item.handler.fn)
            short = full.removeprefix(_PREFIX).replace("____", ":").replace("___", ".")
            yield Door("event", short, str(right) if right else NOBODY, Handler(full, item.handler.fn))


def routes() -> Iterator[Door]:
    """Every HTTP route with each of its methods."""
    for route in _below(list(api.routes)):
        rights = _rights(route.dependant)
        for method in sorted(route.methods or ()):
            right = PUBLIC if route.path in PUBLIC_ROUTES else min(rights, default=NOBODY)
            yield Door("route", f"{method} {route.path}", right, (method, route))


def pages() -> Iterator[Door]:
    for page in PAGES:
        yield Door("page", page.route, str(page.permission), page)


def exports() -> Iterator[Door]:
    for name, export in registered_exports().items():
        for kind in ("csv", "xlsx"):
            yield Door("export", f"{name}.{kind}", str(export.permission), f"/export/{name}.{kind}")


def commands() -> Iterator[Door]:
    """For whoever has a shell on the machine and the database's password; no role is asked."""
    for name in _words(typer.main.get_command(build()), ()):
        yield Door("command", f"kontor {name}", SHELL, name)


def every_door() -> list[Door]:
    """All of them, in the order of the file."""
    found = [*events(), *routes(), *pages(), *exports(), *commands()]
    return sorted(found, key=lambda door: (door.kind, door.name))


def _below(found: list[Any]) -> Iterator[APIRoute]:
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _below(route.original_router.routes)


def _rights(dependant: Dependant) -> set[str]:
    own = getattr(dependant.call, "permission", None)
    found = {str(own)} if own is not None else set[str]()
    return found.union(*[_rights(inner) for inner in dependant.dependencies])


def _words(command: Any, before: tuple[str, ...]) -> Iterator[str]:
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from _words(inner, (*before, name))
        else:
            yield " ".join((*before, name))
