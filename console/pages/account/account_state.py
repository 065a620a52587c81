"""One's own ways in and open sessions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import application, backend, session
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from services import identity
from services.core.permissions import Permission


class Account(PageState, rx.State):
    """What the person at this browser sees of their own account."""

    email: str = ""
    password: str = ""
    codes_left: str = ""
    has_factor: bool = False
    factor_needed: bool = False
    factors: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    sessions: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.SELF)
    async def load(self) -> None:
        await self._load()

    @event(Permission.SELF)
    async def end(self, session_id: str) -> Any:
        await backend.call(self, identity.end_session, session_id=session_id)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("account.said_ended"))

    @event(Permission.SELF)
    async def end_others(self) -> Any:
        own = session.PRINCIPAL.get().actor.id
        await backend.call(self, identity.end_sessions, user_id=own, but_mine=True)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("account.said_others_ended"))

    @event(Permission.SELF)
    async def remove(self, factor_id: str) -> Any:
        """Takes a factor away; a service asks for a fresh proof first."""
        await backend.call(
            self, identity.remove_factor, factor_id=factor_id, require_factors=application.factors_by_default()
        )
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("account.said_removed"))

    async def _load(self) -> None:
        mine = await backend.load(self, identity.my_account, require_factors=application.factors_by_default())
        reader = await self._reader()
        self.email = mine.email
        changed = reader.moment(mine.password_changed_at) if mine.password_changed_at else ""
        self.password = changed or reader.text("account.password_set" if mine.has_password else "account.no_password")
        self.codes_left = reader.number(mine.recovery_codes_left)
        self.has_factor, self.factor_needed = bool(mine.factors), mine.factor_required
        self.factors = [
            {
                "id": str(item.id),
                "kind": item.kind,
                "label": item.label,
                "added": reader.moment(item.created_at),
                "used": reader.moment(item.last_used_at) if item.last_used_at else reader.text("access.never"),
            }
            for item in mine.factors
        ]
        self.sessions = [
            {
                "id": str(item.id),
                "device": item.device or reader.text("access.unknown_device"),
                "address": item.address,
                "since": reader.moment(item.created_at),
                "seen": reader.moment(item.last_seen_at),
                "own": "yes" if item.is_own else "",
            }
            for item in mine.sessions
        ]
        self._done()
