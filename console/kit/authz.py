"""The right each event handler needs. Deny by default: `console.kit.middleware` refuses a handler without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import reflex as rx

from services.core.permissions import Permission

_TAG = "__permission__"
_Handler = TypeVar("_Handler", bound=Callable[..., Any])

# Reflex's own handlers that a page needs to come alive. Everything else of Reflex's (setvar, the
# client storage updates, …) would let a client write variables of a state, so it stays refused.
FRAMEWORK_EVENTS = frozenset(
    {"hydrate", "hydrate_and_load", "on_load_internal", "set_is_hydrated", "handle_frontend_exception"}
)


def event(permission: Permission, **options: Any) -> Callable[[_Handler], Any]:
    """Declares an event handler and the right it needs; options are those of `rx.event`.

    The decorator only tags: one that wraps would need a shape for each kind of handler (coroutine,
    asynchronous generator, background). `Permission.SELF` is what every signed-in person has.
    """

    def declare(handler: _Handler) -> Any:
        setattr(handler, _TAG, permission)
        declared: Any = rx.event
        return declared(handler, **options)

    return declare


def permission_of(handler: Callable[..., Any]) -> Permission | None:
    """The right a handler was declared with, or None: then nobody may call it."""
    return getattr(handler, _TAG, None)


def is_framework_event(handler: Callable[..., Any]) -> bool:
    return handler.__module__ == "reflex.state" and handler.__name__ in FRAMEWORK_EVENTS
