"""Bank files in, and the look into every inbox."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from jobs.incoming import Place, take_waiting
from jobs.registry import job
from jobs.runner import RunContext
from services import bank, books, identity, runs
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, Inbox, InboxKind, IncomingFile


@job(bank.IMPORT)
def import_bank_files(ctx: RunContext, params: bank.ImportParams) -> dict[str, Any]:
    """Takes the statements that wait in the entity's inbox."""

    def take(uow: UnitOfWork, file: IncomingFile, origin: FileOrigin) -> bank.BankFileView:
        return bank.import_file(uow, entity_id=params.entity_id, file=file, origin=origin)

    return take_waiting(ctx, Place(params.entity_id, InboxKind.BANK, take))


@job(bank.SCAN)
def scan_inboxes(ctx: RunContext, _: bank.ScanParams) -> dict[str, Any]:
    """Starts an import wherever files wait; the same files start one import only."""
    inbox = Inbox(ctx.app.settings.data_dir)
    started = []
    with ctx.unit_of_work() as uow:
        for entity in identity.legal_entities(uow):
            for kind in InboxKind:
                if waiting := inbox.waiting(entity.code, kind):
                    key = f"files:{entity.code}:{kind}:{_fingerprint(waiting)}"
                    started.append(str(_start(uow, kind, entity, key)))
    return {"started": started}


def _start(uow: UnitOfWork, kind: InboxKind, entity: identity.LegalEntityView, key: str) -> object:
    if kind is InboxKind.BANK:
        return runs.enqueue(uow, kind=bank.IMPORT, params=bank.ImportParams(entity_id=entity.id), unique_key=key)
    return runs.enqueue(uow, kind=books.IMPORT, params=books.ImportParams(entity_id=entity.id), unique_key=key)


def _fingerprint(waiting: list[Path]) -> str:
    """Changes when a file comes, goes or grows."""
    found = hashlib.sha256()
    for path in waiting:
        try:
            now = path.stat()
        except FileNotFoundError:
            continue
        found.update(f"{path}|{now.st_size}|{now.st_mtime_ns}\n".encode(errors="replace"))
    return found.hexdigest()[:32]
