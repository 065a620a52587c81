"""How a bank account's CSV exports are read."""

from __future__ import annotations

import asyncio
from pathlib import PureWindowsPath
from typing import Any

import reflex as rx

from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.pages.imports import uploads
from console.pages.imports.mapping_state import MappingState
from console.pages.imports.reading import account_detail
from console.pages.imports.rows import spaced_iban
from services import bank
from services.core.errors import Invalid
from services.core.inbox import Inbox, InboxKind
from services.core.permissions import Permission

_NAMES = (*bank.CsvMapping.REQUIRED, *bank.CsvMapping.OPTIONAL)


class BankCsv(MappingState, rx.State):
    """The mapping of one account, with a sample export."""

    iban: str = ""
    currency: str = ""
    ready: bool = False
    _version: int = 0
    _entity_id: str = ""

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        account_id = self._parameter("account_id")
        found = await backend.load(self, account_detail, account_id=account_id)  # pyright: ignore[reportArgumentType]
        account, reader = found.proof.account, await self._reader()
        self.iban, self.currency, self.title = spaced_iban(account.iban), account.currency, account.iban
        self._version, self.ready = account.version, account.csv_mapping is not None
        self._entity_id = str(account.entity_id)
        mapping = account.csv_mapping.model_dump() if account.csv_mapping else {}
        self._start(mapping, _NAMES, bank.CsvMapping.REQUIRED, reader)
        self._done()

    @event(Permission.BANK_IMPORT)
    async def take_sample(self, files: list[rx.UploadFile]) -> None:
        """Guesses a mapping for the sample and shows what it makes of it."""
        sample = await self._taken(files)
        guessed = await backend.call(self, bank.guess_csv, account_id=self._account(), sample=sample)
        await self._look(guessed)

    @event(Permission.BANK_IMPORT)
    async def preview(self, form: dict[str, Any]) -> None:
        await self._look(self._read(form))

    @event(Permission.BANK_IMPORT)
    async def save(self) -> Any:
        await backend.call(
            self, bank.set_csv_mapping, account_id=self._account(), mapping=self._mapping, version=self._version
        )
        reader = await self._reader()
        yield Notices.show("ok", reader.text("imports.mapping_saved"), reader.text("imports.mapping_saved_body"))
        yield BankCsv.load

    @event(Permission.BANK_IMPORT)
    async def take(self, files: list[rx.UploadFile]) -> Any:
        """Puts exports of this account into the inbox, under its IBAN, and starts the import."""
        if not files:
            raise Invalid("Choose a CSV file.")
        entity_id: Any = self._entity_id
        code = await backend.call(self, bank.upload_place, entity_id=entity_id)
        inbox = Inbox(application.current().settings.data_dir)
        for file in files:
            name = f"{self.title}-{self.currency}-{PureWindowsPath(file.name or '').name}"
            await asyncio.to_thread(uploads.store_as, inbox, InboxKind.BANK, code, name, file.file)
        await backend.call(self, bank.start_import, entity_id=entity_id)
        reader = await self._reader()
        title = reader.text("imports.uploaded", count=reader.number(len(files)))
        yield Notices.show("info", title, reader.text("imports.uploaded_body"))

    async def _look(self, mapping: dict[str, Any]) -> None:
        seen = await backend.call(
            self, bank.preview_csv, account_id=self._account(), sample=self._sample, mapping=mapping
        )
        reader = await self._reader()
        self._show(mapping, list(seen.columns), _NAMES, bank.CsvMapping.REQUIRED, reader)
        self._previewed(mapping, seen, self.currency, reader)

    def _account(self) -> Any:
        return self._parameter("account_id")
