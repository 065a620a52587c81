"""Named filters above a list: read, kept and forgotten; the address holds what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from services.core.permissions import Permission


class Keeping(NamedTuple):
    """The services of one list's saved views and the list's address. The services ask for the right to read it."""

    read: Callable[..., Any]
    save: Callable[..., Any]
    remove: Callable[..., Any]
    route: str


class SavedViewsState(ListState, mixin=True):
    """A list with saved views; a page's state says where they are kept in `_keeping`, and reads them in `load`."""

    views: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    naming: bool = False

    def _keeping(self) -> Keeping:
        raise NotImplementedError

    async def _read_views(self) -> None:
        keeping = self._keeping()
        kept = await backend.load(self, keeping.read)  # pyright: ignore[reportArgumentType]
        self.views = [
            {"id": str(view.id), "name": view.name, "href": f"{keeping.route}?{urlencode(view.query)}"} for view in kept
        ]

    @event(Permission.SELF)
    async def ask_name(self) -> None:
        self.naming = True

    @event(Permission.SELF)
    async def close_naming(self, open_: bool) -> None:
        self.naming = self.naming and open_

    @event(Permission.SELF)
    async def save_view(self, form: dict[str, Any]) -> Any:
        """Keeps what the address holds now under a name."""
        name = str(form.get("view_name", ""))
        await backend.call(self, self._keeping().save, name=name, query=self._unplaced())  # pyright: ignore[reportArgumentType]
        await self._read_views()
        self.naming = False
        return Notices.show("ok", (await self._reader()).text("table.view_saved", name=name))

    @event(Permission.SELF)
    async def remove_view(self, view_id: str) -> None:
        await backend.call(self, self._keeping().remove, view_id=view_id)  # pyright: ignore[reportArgumentType]
        await self._read_views()
