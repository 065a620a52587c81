"""How a ledger's files are read."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.pages.imports.mapping_state import MappingState
from services import books
from services.core.permissions import Permission

_NAMES = (*books.REQUIRED, *books.OPTIONAL)


class LedgerMapping(MappingState, rx.State):
    """The next version of a ledger's mapping, with a sample file."""

    version: str = ""
    _entity_id: str = ""
    _code: str = ""

    @event(Permission.BOOKS_READ)
    async def load(self) -> None:
        source_id: Any = self._parameter("source_id")
        source = await backend.load(self, books.source_by_id, source_id=source_id)
        reader = await self._reader()
        self.title, self.version = source.name, reader.number(source.mapping_version)
        self._entity_id, self._code = str(source.entity_id), source.code
        self._start(source.mapping.model_dump(), _NAMES, books.REQUIRED, reader)
        self._done()

    @event(Permission.BOOKS_IMPORT)
    async def take_sample(self, files: list[rx.UploadFile]) -> None:
        """Shows what a guessed mapping makes of the sample."""
        sample = await self._taken(files)
        guessed = await backend.call(self, books.guess_mapping, entity_id=self._entity(), sample=sample)
        await self._look(guessed)

    @event(Permission.BOOKS_IMPORT)
    async def preview(self, form: dict[str, Any]) -> None:
        await self._look(self._read(form))

    @event(Permission.BOOKS_IMPORT)
    async def save(self) -> Any:
        await backend.call(
            self, books.set_mapping, entity_id=self._entity(), mapping=self._mapping, source_code=self._code
        )
        reader = await self._reader()
        yield Notices.show("ok", reader.text("imports.mapping_saved"), reader.text("imports.mapping_saved_body"))
        yield LedgerMapping.load

    async def _look(self, mapping: dict[str, Any]) -> None:
        """A guess that lacks a needed column is shown as such, so that a person completes it."""
        reader = await self._reader()
        lacking = [name for name in books.REQUIRED if name not in {**mapping["columns"], **mapping.get("fixed", {})}]
        complete = mapping | {"columns": mapping["columns"] | dict.fromkeys(lacking, "—")}
        seen = await backend.call(
            self, books.preview_mapping, entity_id=self._entity(), sample=self._sample, mapping=complete
        )
        self._show(mapping, list(seen.columns), _NAMES, books.REQUIRED, reader)
        self._previewed(mapping, seen, "EUR", reader)

    def _entity(self) -> Any:
        return self._entity_id
