"""One bank account: its statements, its gaps, its setting."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.trail_state import TrailFields
from console.pages.imports.reading import account_detail
from console.pages.imports.rows import day_cells, gap_text, proof_row, spaced_iban, statement_row
from services import bank
from services.core.permissions import Permission


class BankAccount(PageState, TrailFields, rx.State):
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
    closed_on: str = ""
    reads_csv: bool = False
    csv_href: str = ""
    days: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    gaps: rx.Field[list[str]] = rx.field(default_factory=list)
    statements: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        found = await backend.load(self, account_detail, account_id=self._parameter("account_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        account = found.proof.account
        self.iban, self.name, self.entity = spaced_iban(account.iban), account.name, found.entity
        self.bic, self.currency = account.bic or "—", account.currency
        self.pattern, self.version = account.provider_pattern, account.version
        self.closed_on = account.closed_on.isoformat() if account.closed_on else ""
        self.reads_csv = account.csv_mapping is not None
        self.csv_href = routes.to(routes.BANK_CSV, account_id=account.id)
        self.days = day_cells(found.days, reader)
        self.state = "complete" if found.proof.complete else "incomplete"
        self.note = proof_row(found.proof, reader)["note"]
        self.gaps = [gap_text(gap, account.currency, reader) for gap in found.proof.gaps[:20]]
        self.statements = [statement_row(item, account.currency, reader) for item in found.statements]
        await self._follow("bank_account", account.id, Permission.BANK_READ)
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

    @event(Permission.BANK_IMPORT)
    async def close(self, form: dict[str, Any]) -> Any:
        """The day of the last statement, or none when the account is in use."""
        await backend.call(
            self,
            bank.close_account,
            account_id=self._parameter("account_id"),  # pyright: ignore[reportArgumentType]
            closed_on=str(form.get("closed_on", "")) or None,  # pyright: ignore[reportArgumentType]
            version=self.version,
        )
        yield Notices.show("ok", (await self._reader()).text("imports.closed_saved"), "")
        yield BankAccount.load
