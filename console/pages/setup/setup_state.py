"""The state of the set-up page."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from console import routes
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices, explain_error
from console.kit.page_state import PageState
from console.pages.setup.progress import read_progress, steps
from services import bank, books, identity, payments, reconciliation, runs
from services.core.db import UnitOfWork
from services.core.errors import DomainError
from services.core.permissions import Permission


def _connect(uow: UnitOfWork, *, code: str, entity: str) -> None:
    payments.connect_account(uow, entity_id=identity.entity_by_code(uow, code=entity).id, code=code)


def _start_all(uow: UnitOfWork) -> None:
    runs.enqueue(uow, kind=reconciliation.NIGHTLY, params=reconciliation.NightlyParams())


def _open_bank(uow: UnitOfWork, *, entity: str, iban: str, currency: str, pattern: str) -> None:
    entity_id = identity.entity_by_code(uow, code=entity).id
    bank.open_account(uow, entity_id=entity_id, iban=iban, currency=currency, provider_pattern=pattern)


def _open_ledger(uow: UnitOfWork, *, entity: str, code: str, name: str) -> None:
    books.open_source(uow, entity_id=identity.entity_by_code(uow, code=entity).id, code=code, name=name)


class Setup(PageState, rx.State):
    """Each step with its state; nothing of it is stored."""

    steps: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    loose: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    done: str = ""
    count: str = ""

    @event(Permission.SETUP_MANAGE)
    async def load(self) -> Any:
        await self._load()
        if any(step["state"] == "checking" for step in self.steps):
            yield Setup.ask_stripe

    @event(Permission.SETUP_MANAGE)
    async def ask_stripe(self) -> None:
        """Tries every right of every key with one small request each; the page is there meanwhile."""
        gateway = application.current().stripe
        reader = await self._reader()
        said, state = reader.text("setup.stripe_done", codes=", ".join(gateway.codes())), "done"
        for code in gateway.codes():
            try:
                access = await asyncio.to_thread(gateway.account(code).check_access)
            except DomainError as error:
                said, state = explain_error(reader.locale, error)[1], "failed"
                break
            if access.missing:
                said = reader.text("setup.stripe_missing", code=code, rights=", ".join(access.missing))
                state = "failed"
                break
        self.steps = [
            {**step, "sentence": said, "state": state} if step["name"] == "stripe" else step for step in self.steps
        ]
        self._count()

    @event(Permission.SETUP_MANAGE)
    async def add_entity(self, form: dict[str, Any]) -> Any:
        fields = {name: str(form.get(name, "")).strip() for name in ("code", "name", "country", "currency")}
        await backend.call(
            self, identity.create_legal_entity, **fields, time_zone=str(form.get("time_zone", "")).strip()
        )
        yield await self._said("setup.said_added", name=fields["name"])
        yield Setup.load

    @event(Permission.SETUP_MANAGE)
    async def connect(self, form: dict[str, Any]) -> Any:
        code = str(form.get("account", ""))
        await backend.call(self, _connect, code=code, entity=form.get("owner", ""))
        yield await self._said("setup.said_connected", code=code)
        yield Setup.load

    @event(Permission.BANK_IMPORT)
    async def open_bank(self, form: dict[str, Any]) -> Any:
        """An account before its first statement."""
        fields = {name: str(form.get(name, "")).strip() for name in ("iban", "currency", "pattern")}
        await backend.call(self, _open_bank, entity=form.get("bank_owner", ""), **fields)
        yield await self._said("setup.said_account", iban=fields["iban"])
        yield Setup.load

    @event(Permission.BOOKS_IMPORT)
    async def open_ledger(self, form: dict[str, Any]) -> Any:
        """A ledger before its first delivery."""
        code, name = str(form.get("ledger_code", "")).strip(), str(form.get("ledger_name", "")).strip()
        await backend.call(self, _open_ledger, entity=form.get("ledger_owner", ""), code=code, name=name)
        yield await self._said("setup.said_ledger", name=name)
        yield Setup.load

    @event(Permission.RECONCILIATION_RUN)
    async def start_all(self) -> Any:
        await backend.call(self, _start_all)
        yield await self._said("setup.said_started")

    async def _load(self) -> None:
        found = await backend.load(self, read_progress)
        app, reader = application.current(), await self._reader()
        hook = f"{app.settings.public_url}{routes.STRIPE_HOOK}"
        self.steps = steps(found, app.stripe, app.settings.data_dir / "inbox", hook, reader)
        self.entities = [{"value": entity.code, "label": entity.name} for entity in found.entities]
        self.loose = [{"value": c, "label": c} for c in app.stripe.codes() if c not in found.connected]
        self._count()
        self._done()

    def _count(self) -> None:
        self.done = str(sum(step["state"] == "done" for step in self.steps))
        self.count = str(len(self.steps))

    async def _said(self, key: str, **values: str) -> Any:
        return Notices.show("ok", (await self._reader()).text(key, **values), "")
