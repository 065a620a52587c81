"""The list of backfills, as the address narrows it."""

from __future__ import annotations

import uuid

import reflex as rx

from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.pages.backfills.rows import list_row
from services import backfills
from services.core.db import UnitOfWork
from services.core.permissions import Permission


class BackfillList(ListState, rx.State):
    """Backfills newest first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    definitions: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.BACKFILL_READ)
    async def load(self) -> None:
        await self._read()

    @event(Permission.BACKFILL_READ)
    async def refresh(self) -> None:
        """Steps may have been taken meanwhile, by people and by the worker."""
        await self._read()

    async def _read(self) -> None:
        query, reader = self._query(), await self._reader()
        found, known = await backend.load(
            self,
            _look,
            stage=query.get("stage") or None,
            definition=query.get("definition") or None,
            text=query.get("q", ""),
            older_than=query.get("after"),
            newer_than=query.get("before"),
        )
        self.rows = [list_row(row, reader) for row in found.rows]
        self.definitions = [{"value": one.name, "label": one.title.of(reader.locale)} for one in known]
        self._listed(
            range_label=reader.text("backfills.range", count=reader.number(len(found.rows))),
            newer=str(found.newer or ""),
            older=str(found.older or ""),
        )


def _look(
    uow: UnitOfWork,
    *,
    stage: backfills.Stage | None,
    definition: str | None,
    text: str,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
) -> tuple[backfills.BackfillPage, tuple[backfills.DefinitionView, ...]]:
    wanted = backfills.BackfillFilter(stage, definition, text)
    page = backfills.list_backfills(uow, filter=wanted, older_than=older_than, newer_than=newer_than, limit=PAGE_SIZE)
    return page, backfills.catalogue(uow)
