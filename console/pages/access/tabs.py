"""The pages under Access."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import tabs
from console.design.texts import t

_PAGES = (
    ("access.people", routes.ACCESS),
    ("access.sessions", routes.ACCESS_SESSIONS),
    ("access.roles", routes.ACCESS_ROLES),
    ("access.keys", routes.ACCESS_KEYS),
    ("access.reviews", routes.ACCESS_REVIEWS),
)


def access_tabs(current: str) -> rx.Component:
    """One line below the heading."""
    return tabs(*[(t(key), href, href == current) for key, href in _PAGES], label=t("access.title"))
