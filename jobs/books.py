"""Ledger files in."""

from __future__ import annotations

from typing import Any

from jobs.incoming import Place, take_waiting
from jobs.registry import job
from jobs.runner import RunContext
from services import books
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin, InboxKind, IncomingFile


@job(books.IMPORT)
def import_ledger_files(ctx: RunContext, params: books.ImportParams) -> dict[str, Any]:
    """Takes the ledger files that wait in the entity's inbox."""

    def take(uow: UnitOfWork, file: IncomingFile, origin: FileOrigin) -> books.LedgerFileView:
        return books.import_file(
            uow,
            entity_id=params.entity_id,
            file=file,
            origin=origin,
            progress=lambda rows: ctx.progress(rows, phase=file.name),
        )

    return take_waiting(ctx, Place(params.entity_id, InboxKind.BOOKS, take))
