"""One bank account: its statements, its gaps, its setting."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.imports.reading import account_detail
from console.pages.imports.rows import gap_text, proof_row, spaced_iban, statement_row
from services import bank
from services.core.permissions import Permission


class BankAccount(PageState, rx.State):
    """A bank account of a legal entity."""

    iban: str = ""
    name: str = ""
    entity: str = ""
    bic: str = ""
    currency: str = ""
    pattern: str = ""
    version: int = 0
    state: str = ""
    note: str = ""
    gaps: rx.Field[list[str]] = rx.field(default_factory=list)
    statements: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        self._begin()
        found = await backend.load(self, account_detail, account_id=self._parameter("account_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        account = found.proof.account
        self.iban, self.name, self.entity = spaced_iban(account.iban), account.name, found.entity
        self.bic, self.currency = account.bic or "—", account.currency
        self.pattern, self.version = account.provider_pattern, account.version
        self.state = "complete" if found.proof.complete else "incomplete"
        self.note = proof_row(found.proof, reader)["note"]
        self.gaps = [gap_text(gap, account.currency, reader) for gap in found.proof.gaps[:20]]
        self.statements = [statement_row(item, account.currency, reader) for item in found.statements]
        self._done()

    @event(Permission.BANK_IMPORT)
    async def save_pattern(self, form: dict[str, Any]) -> Any:
        self.busy = True
        yield
        try:
            await backend.call(
                self,
                bank.set_provider_pattern,
                account_id=self._parameter("account_id"),  # pyright: ignore[reportArgumentType]
                pattern=form.get("pattern", ""),
                version=self.version,
            )
        finally:
            self.busy = False
        reader = await self._reader()
        yield Notices.show("ok", reader.text("imports.provider_saved"), reader.text("imports.provider_saved_body"))
        yield BankAccount.load
