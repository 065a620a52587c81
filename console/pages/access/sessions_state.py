"""Everybody's open sessions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from services import identity
from services.core.permissions import Permission


class Sessions(PageState, rx.State):
    """Open sessions, the last used first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    count: str = ""

    @event(Permission.USER_READ)
    async def load(self) -> None:
        await self._load()

    @event(Permission.USER_MANAGE)
    async def end(self, session_id: str) -> Any:
        await backend.call(self, identity.end_session, session_id=session_id)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("account.said_ended"))

    @event(Permission.USER_MANAGE)
    async def end_all(self, user_id: str) -> Any:
        await backend.call(self, identity.end_sessions, user_id=user_id)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_all_ended"))

    async def _load(self) -> None:
        found = await backend.load(self, identity.open_sessions)
        reader = await self._reader()
        self.count = reader.number(len(found))
        self.rows = [
            {
                "id": str(item.id),
                "user": str(item.user_id),
                "person": item.person,
                "by": reader.text("access.impersonated_by", name=item.impersonator) if item.impersonator else "",
                "device": item.device or reader.text("access.unknown_device"),
                "address": item.address,
                "since": reader.moment(item.created_at),
                "seen": reader.moment(item.last_seen_at),
            }
            for item in found
        ]
        self._done()
