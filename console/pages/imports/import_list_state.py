"""The list of files, the upload, and what the statements prove."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from console.components.table import PAGE_SIZE
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.pages.imports import uploads
from console.pages.imports.reading import import_list
from console.pages.imports.rows import file_row, ledger_row, proof_row
from services import bank, books, runs
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.inbox import Inbox, InboxKind
from services.core.permissions import Permission

_LOOKS = 20  # how often the list is read again after an upload, every two seconds


class ImportList(ListState, rx.State):
    """Files of the chosen entities."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    proofs: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    ledgers: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    targets: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    target: str = ""
    looks_left: int = 0

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        query = self._query()
        after = query.get("after")
        found = await backend.load(
            self,
            import_list,
            kind=query.get("kind") or None,
            status=query.get("state") or None,  # pyright: ignore[reportArgumentType]
            after=after or None,
            limit=PAGE_SIZE,
        )
        reader = await self._reader()
        self.rows = [file_row(file, found.codes, reader) for file in found.files]
        self.proofs = [proof_row(proof, reader) for proof in found.proofs]
        self.ledgers = [ledger_row(source, found.ledger_gaps, found.codes, reader) for source in found.ledgers]
        self.targets = [{"value": str(entity.id), "label": entity.name} for entity in found.targets]
        if self.target not in {item["value"] for item in self.targets}:
            self.target = self.targets[0]["value"] if self.targets else ""
        self._listed(
            range_label=reader.text("imports.range", count=reader.number(len(self.rows))),
            older=str(found.older) if found.older else "",
        )

    @event(Permission.BANK_IMPORT)
    async def choose_target(self, entity_id: str) -> None:
        self.target = str(entity_id)[:40]

    @event(Permission.BANK_IMPORT)
    async def take(self, files: list[rx.UploadFile]) -> Any:
        """Puts the files into the entity's inbox and starts the runs that take them."""
        if not files:  # the browser lets go of what is no XML, ZIP or CSV
            raise Invalid("Nothing was taken: XML or ZIP for the bank, CSV for the books.")
        kinds = [uploads.kind_of(file.name or "") for file in files]
        inbox = Inbox(application.current().settings.data_dir)
        for kind in dict.fromkeys(kinds):
            place = bank.upload_place if kind is InboxKind.BANK else books.upload_place
            code = await backend.call(self, place, entity_id=self.target)  # pyright: ignore[reportArgumentType]
            for file in (file for file, of in zip(files, kinds, strict=True) if of is kind):
                await asyncio.to_thread(uploads.store, inbox, code, file.name or "", file.file)
            start = bank.start_import if kind is InboxKind.BANK else books.start_import
            await backend.call(self, start, entity_id=self.target)  # pyright: ignore[reportArgumentType]
        self.looks_left = _LOOKS
        reader = await self._reader()
        title = reader.text("imports.uploaded", count=reader.number(len(files)))
        yield Notices.show("info", title, reader.text("imports.uploaded_body"))

    @event(Permission.BANK_IMPORT)
    async def scan(self) -> Any:
        await backend.call(self, _start_scan)
        self.looks_left = _LOOKS
        reader = await self._reader()
        yield Notices.show("info", reader.text("imports.scan_started"), reader.text("imports.scan_started_body"))

    @event(Permission.BANK_READ)
    async def look_again(self) -> Any:
        """While something is being imported: reads the list anew for a while."""
        self.looks_left = max(0, self.looks_left - 1)
        return ImportList.load


def _start_scan(uow: UnitOfWork) -> None:
    runs.enqueue(uow, kind=bank.SCAN, params=bank.ScanParams())
