"""The lists of requests: what waits for me, what I asked for, everything."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.approvals import rows
from services import approvals, identity
from services.approvals import Box, RequestFilter, RequestPage
from services.core.db import UnitOfWork
from services.core.permissions import Permission


class ApprovalInbox(ListState, rx.State):
    """Requests of the chosen entities and of the whole installation."""

    _ABOUT: ClassVar[tuple[str, ...]] = ("box",)

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    kinds: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    box: str = Box.WAITING.value

    @event(Permission.APPROVAL_READ)
    async def load(self) -> None:
        await self._read()

    @event(Permission.APPROVAL_READ)
    async def refresh(self) -> None:
        """Somebody else may have voted meanwhile."""
        await self._read()

    @event(Permission.SELF)
    async def clear_filters(self) -> Any:
        """Everything but the box one looks into."""
        return self._go({"box": self._query().get("box", "")})

    async def _read(self) -> None:
        query, reader = self._query(), await self._reader()
        page, names = await backend.load(
            self,
            _look,
            filter=RequestFilter.from_address(query, reader.time_zone),
            older_than=query.get("after"),
            newer_than=query.get("before"),
        )
        self.box = query.get("box") or Box.WAITING.value
        self.rows = [rows.request_row(item, names, reader) for item in page.requests]
        self.kinds = rows.kind_choices(reader)
        self._listed(
            range_label=reader.text("approvals.range", count=reader.number(len(page.requests))),
            newer=str(page.newer or ""),
            older=str(page.older or ""),
        )
        self.filters = {name: value for name, value in self.filters.items() if name != "box"}


def _look(
    uow: UnitOfWork,
    *,
    filter: RequestFilter,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
) -> tuple[RequestPage, dict[uuid.UUID, str]]:
    page = approvals.requests(uow, filter=filter, older_than=older_than, newer_than=newer_than, limit=PAGE_SIZE)
    return page, {entity.id: entity.name for entity in identity.legal_entities(uow)}
