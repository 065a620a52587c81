"""Holiday cover: who votes for whom, and when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.approvals import rows
from services import approvals, identity
from services.approvals import TEAM_RIGHTS, DelegationView
from services.core.db import UnitOfWork
from services.core.permissions import Permission


class ApprovalCover(PageState, rx.State):
    """One's own cover, given and held; everybody's for who may see the people."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    people: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    may_name: bool = False
    first_day: str = ""
    asking: str = ""
    chosen: str = ""

    @event(Permission.APPROVAL_READ)
    async def load(self) -> None:
        await self._read()

    @event(Permission.APPROVAL_READ)
    async def ask(self, what: str, chosen: str) -> None:
        self.asking, self.chosen = (what, chosen) if what in ("name", "end") else ("", "")

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.APPROVAL_READ)
    async def name_cover(self, form: dict[str, Any]) -> Any:
        wanted: Any = {
            "to_id": form.get("to_id", ""),
            "starts_on": form.get("starts_on", ""),
            "ends_on": form.get("ends_on", ""),
            "reason": str(form.get("reason", "")),
        }
        made = await backend.call(self, approvals.delegate, **wanted)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text("approvals.said_cover", person=made.to_name))

    @event(Permission.APPROVAL_READ)
    async def end(self) -> Any:
        wanted: Any = self.chosen
        await backend.call(self, approvals.revoke_delegation, delegation_id=wanted)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text("approvals.said_cover_ended"))

    async def _read(self) -> None:
        found, people, may_name, today = await backend.load(self, _look)
        reader = await self._reader()
        self.rows = [rows.cover_row(item, today, reader) for item in found]
        self.people = [{"value": str(person.id), "label": person.name} for person in people]
        self.may_name, self.first_day = may_name, today.isoformat()
        self._done()


def _look(uow: UnitOfWork) -> tuple[list[DelegationView], list[identity.PersonView], bool, dt.date]:
    return (
        approvals.delegations(uow),
        approvals.candidates(uow),
        any(uow.actor.may(right) for right in TEAM_RIGHTS.values()),
        uow.clock.today(identity.home_zone(uow)),
    )
