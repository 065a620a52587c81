"""What the pages of one backfill share: the record, where it stands, and the question a dialog asks."""

from __future__ import annotations

import reflex as rx

from console.kit.authz import event
from console.kit.page_state import PageState
from services.core.permissions import Permission


class BackfillPage(PageState, mixin=True):
    """The backfill of the address, read anew while its page stands open; `_read` is the page's own."""

    item: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    steps: rx.Field[list[str]] = rx.field(default_factory=list)
    seats: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    asking: str = ""
    moving: bool = False

    @event(Permission.BACKFILL_READ)
    async def load(self) -> None:
        if self._elsewhere():
            self.asking = ""
        await self._read()

    @event(Permission.BACKFILL_READ)
    async def refresh(self) -> None:
        """The worker goes on, and others vote, meanwhile."""
        await self._read()

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    async def _read(self) -> None:
        raise NotImplementedError
