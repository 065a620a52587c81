"""How far an installation is: read from what there is, nothing is remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from console.design.format import Reader
from services import bank, books, identity, payments, reconciliation
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.identity import LegalEntityView, Role
from services.integrations.stripe_gateway import StripeGateway

Step = dict[str, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """What the database says; codes are those of Stripe accounts connected to a legal entity."""

    entities: tuple[LegalEntityView, ...]
    finance: int
    connected: frozenset[str]
    accounts: int
    without_bank: tuple[str, ...]
    ledgers: int
    without_books: tuple[str, ...]
    finished: int


def read_progress(uow: UnitOfWork) -> Progress:
    """Counts what each step asks for, within the entities the reader may see."""
    uow.actor.require(Permission.SETUP_MANAGE)
    entities = tuple(identity.legal_entities(uow, permission=Permission.SETUP_MANAGE))
    people = [p for p in identity.users(uow) if p.active and any(g.role is Role.FINANCE for g in p.grants)]
    accounts, ledgers = bank.accounts(uow), books.sources(uow)
    return Progress(
        entities=entities,
        finance=len(people),
        connected=frozenset(account.code for account in payments.accounts(uow)),
        accounts=len(accounts),
        without_bank=_others(entities, {account.entity_id for account in accounts}),
        ledgers=len(ledgers),
        without_books=_others(entities, {source.entity_id for source in ledgers}),
        finished=len(reconciliation.newest_runs(uow)),
    )


def _others(entities: tuple[LegalEntityView, ...], having: set[object]) -> tuple[str, ...]:
    return tuple(entity.name for entity in entities if entity.id not in having)


def steps(progress: Progress, gateway: StripeGateway, inbox: Path, hook: str, reader: Reader) -> list[Step]:
    """Every step with its state and sentence; that of Stripe is still to be asked when a key is connected."""
    codes = gateway.codes()
    return [
        _entity_step(progress, reader),
        _stripe_step(progress, codes, reader),
        _webhook_step(gateway, codes, hook, reader),
        _files_step("bank", progress, inbox, reader),
        _files_step("books", progress, inbox, reader),
        _people_step(progress, reader),
        _reconciliation_step(progress, reader),
    ]


def _step(name: str, done: bool, sentence: str, reader: Reader, *, state: str = "") -> Step:
    chosen = state or ("done" if done else "open")
    return {"name": name, "title": reader.text(f"setup.{name}"), "state": chosen, "sentence": sentence}


def _entity_step(progress: Progress, reader: Reader) -> Step:
    names = ", ".join(entity.name for entity in progress.entities)
    said = reader.text("setup.entity_done", names=names) if names else reader.text("setup.entity_open")
    return _step("entity", bool(names), said, reader)


def _stripe_step(progress: Progress, codes: list[str], reader: Reader) -> Step:
    if not codes:
        return _step("stripe", False, reader.text("setup.stripe_open"), reader)
    if loose := [code for code in codes if code not in progress.connected]:
        return _step("stripe", False, reader.text("setup.stripe_connect", codes=", ".join(loose)), reader)
    said = reader.text("setup.stripe_checking", codes=", ".join(codes))
    return _step("stripe", False, said, reader, state="checking")


def _webhook_step(gateway: StripeGateway, codes: list[str], hook: str, reader: Reader) -> Step:
    missing = [code for code in codes if not gateway.account(code).connection.webhook_secret]
    if not codes:
        return _step("webhook", False, reader.text("setup.webhook_none"), reader)
    key = "setup.webhook_open" if missing else "setup.webhook_done"
    return _step("webhook", not missing, reader.text(key, url=hook, codes=", ".join(missing or codes)), reader)


def _files_step(name: str, progress: Progress, inbox: Path, reader: Reader) -> Step:
    missing, count = {
        "bank": (progress.without_bank, progress.accounts),
        "books": (progress.without_books, progress.ledgers),
    }[name]
    if not progress.entities:
        return _step(name, False, reader.text("setup.needs_entity"), reader)
    if missing:
        folder = str(inbox / "…" / name)
        return _step(name, False, reader.text(f"setup.{name}_open", folder=folder, names=", ".join(missing)), reader)
    return _step(name, True, reader.text(f"setup.{name}_done", count=reader.number(count)), reader)


def _people_step(progress: Progress, reader: Reader) -> Step:
    done = progress.finance >= 2
    said = reader.text("setup.people_done" if done else "setup.people_open", count=reader.number(progress.finance))
    return _step("people", done, said, reader)


def _reconciliation_step(progress: Progress, reader: Reader) -> Step:
    done = progress.finished > 0
    key = "setup.reconciliation_done" if done else "setup.reconciliation_open"
    return _step("reconciliation", done, reader.text(key, count=reader.number(progress.finished)), reader)
