"""What the overview shows."""

from __future__ import annotations

import reflex as rx

from console.kit import application
from console.kit.authz import event
from console.kit.page_state import PageState
from services.core.permissions import Permission


class Overview(PageState, rx.State):
    """Figures of today for the role that looks."""

    today: str = ""

    @event(Permission.OVERVIEW_READ)
    async def load(self) -> None:
        reader = await self._reader()
        self.today = reader.long_date(application.current().database.clock.today(reader.time_zone))
        self._done()
