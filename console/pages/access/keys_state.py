"""API keys: one's own to make, rotate and revoke; everybody's to see and revoke for administrators."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend, session
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from services import identity
from services.core.permissions import Permission
from services.identity import NOT_BY_KEY

_NONE = {"id": "", "name": "", "prefix": ""}


class Keys(PageState, rx.State):
    """The list, the secret of the key that was just made, and the key that `asking` (rotation, revocation) is about."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    scopes: rx.Field[list[str]] = rx.field(default_factory=list)
    asking: str = ""
    issued: str = ""
    about: rx.Field[dict[str, str]] = rx.field(default_factory=lambda: dict(_NONE))

    @event(Permission.KEY_MANAGE)
    async def load(self) -> None:
        """A page that is opened or loaded again shows no secret, whatever its tab was shown before."""
        self.asking, self.issued = "", ""
        await self._load()

    @event(Permission.KEY_MANAGE)
    async def ask(self) -> None:
        actor = session.PRINCIPAL.get().actor
        self.scopes = sorted(p.value for p in Permission if p not in NOT_BY_KEY and actor.may(p))
        self.asking, self.issued = "new", ""

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        if not open_:
            self.asking, self.issued = "", ""

    @event(Permission.KEY_MANAGE)
    async def create(self, form: dict[str, Any]) -> None:
        chosen = [scope for scope in self.scopes if form.get(f"scope:{scope}")]
        made = await backend.call(
            self, identity.create_api_key, name=form.get("name", ""), scopes=chosen, days=form.get("days", "")
        )
        self.asking, self.issued = "issued", made.secret
        await self._load()

    @event(Permission.KEY_MANAGE)
    async def ask_about(self, what: str, key_id: str) -> None:
        self.about = next((row for row in self.rows if row["id"] == key_id), dict(_NONE))
        self.asking, self.issued = str(what)[:20], ""

    @event(Permission.KEY_MANAGE)
    async def rotate(self, form: dict[str, Any]) -> None:
        overlap = form.get("overlap_days", "")
        made = await backend.call(self, identity.rotate_api_key, key_id=self.about["id"], overlap_days=overlap)
        self.asking, self.issued = "issued", made.secret
        await self._load()

    @event(Permission.KEY_MANAGE)
    async def revoke(self) -> Any:
        await backend.call(self, identity.revoke_api_key, key_id=self.about["id"])
        self.asking = ""
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_key_revoked"))

    async def _load(self) -> None:
        found = await backend.load(self, identity.api_keys)
        reader = await self._reader()
        self.rows = [
            {
                "id": str(key.id),
                "name": key.name,
                "prefix": f"{key.prefix}…",
                "owner": key.owner,
                "own": "yes" if key.is_own else "",
                "scopes": ", ".join(key.scopes),
                "expires": reader.moment(key.expires_at),
                "used": reader.moment(key.last_used_at) if key.last_used_at else reader.text("access.never"),
                "state": key.state,
            }
            for key in found
        ]
        self._done()
