"""A page of one record with the record's own trail."""

from __future__ import annotations

import uuid

import reflex as rx

from console.design.format import Reader
from console.kit import backend
from console.kit.shell_state import Shell
from console.kit.trail import trail_href, trail_rows
from services import audit
from services.core.permissions import Permission


class TrailFields(rx.State, mixin=True):
    """Beside a page state: `trail` and `trail_href` for `components.trail_card`."""

    trail: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail_href: str = ""

    async def _follow(self, subject_type: str, subject_id: uuid.UUID | str, permission: Permission) -> None:
        """Reads what was done to the record; `permission` is the right that shows the record itself."""
        about = {"subject_type": subject_type, "subject_id": str(subject_id)}
        deeds = await backend.load(self, audit.trail, **about, permission=permission)  # pyright: ignore[reportArgumentType]
        shell = await self.get_state(Shell)
        self.trail = trail_rows(deeds, Reader(backend.locale(), shell.time_zone))
        self.trail_href = trail_href(**about)
