"""Ledger files and queries in."""

from __future__ import annotations

from typing import Any

from jobs.incoming import Place, take_waiting
from jobs.registry import job
from jobs.runner import RunContext
from jobs.voucher_months import add_up_vouchers
from services import books, identity
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.inbox import FileOrigin, InboxKind, IncomingFile
from services.integrations.bookkeeping import Bookkeeping
from services.integrations.lexware import Lexware
from services.integrations.sql_source import read_query


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

    taken = take_waiting(ctx, Place(params.entity_id, InboxKind.BOOKS, take))
    add_up_vouchers(ctx, params.entity_id)
    return taken


@job(books.PULL)
def pull_ledger(ctx: RunContext, params: books.PullParams) -> dict[str, Any]:
    """Asks the ledger's database, outside any transaction of ours, and takes what it gives."""
    with ctx.unit_of_work() as uow:
        query = books.query_of(uow, source_id=params.source_id)
    if query is None:
        raise Invalid("This ledger has no query.")
    dsn = ctx.app.settings.books.databases.get(query.database)
    if dsn is None:
        raise Invalid(f"The settings name no database “{query.database}” (KONTOR_BOOKS__DATABASES).")
    ctx.progress(0, phase="query")
    found = read_query(dsn, query.statement, timeout_seconds=query.timeout_seconds, row_cap=query.row_cap)
    ctx.safe_point()
    with ctx.unit_of_work() as uow:
        report = books.take_query_rows(
            uow,
            source_id=params.source_id,
            columns=found.columns,
            rows=found.rows,
            progress=lambda rows: ctx.progress(rows, len(found.rows), phase="rows"),
        )
    add_up_vouchers(ctx, params.entity_id)
    return {"file_id": str(report.id), "read": report.rows_read, "new": report.rows_new, "changed": report.rows_changed}


@job(books.REFRESH)
def refresh_sources(ctx: RunContext, _: books.RefreshParams) -> dict[str, Any]:
    """Starts a run for every ledger with a query and every connected bookkeeping service."""
    connected = ctx.app.settings.bookkeeping.lexware
    with ctx.unit_of_work() as uow:
        pulls = books.start_pulls(uow)
        syncs = [
            books.start_voucher_sync(uow, entity_id=entity.id)
            for entity in identity.legal_entities(uow)
            if entity.code in connected
        ]
    return {"pulls": len(pulls), "syncs": len(syncs)}


@job(books.SYNC_VOUCHERS)
def sync_vouchers(ctx: RunContext, params: books.VoucherParams) -> dict[str, Any]:
    """Takes what changed at the entity's bookkeeping service since the last run, page by page. A run that was killed
    begins again at the same day; a page that came before changes nothing."""
    with ctx.unit_of_work() as uow:
        code = next(entity.code for entity in identity.legal_entities(uow) if entity.id == params.entity_id)
        synced = {item.provider: item for item in books.voucher_syncs(uow) if item.entity_id == params.entity_id}
        today = uow.clock.now().date()
    service = _bookkeeping(ctx, code)
    known = synced.get(service.provider)
    new = changed = 0
    try:
        if ctx.app.settings.bookkeeping.lexware_public_key:
            service.subscribe(f"{ctx.app.settings.public_url}/hooks/lexware/{code}")
        for page in service.pages(known.synced_through if known else None):
            ctx.safe_point()
            with ctx.unit_of_work() as uow:
                counts = books.take_vouchers(
                    uow, entity_id=params.entity_id, provider=service.provider, vouchers=page.vouchers
                )
            new, changed = new + counts[0], changed + counts[1]
            ctx.progress(page.number + 1, page.total_pages, phase="vouchers")
    finally:
        service.close()
    with ctx.unit_of_work() as uow:
        books.finish_voucher_sync(
            uow, entity_id=params.entity_id, provider=service.provider, through=today, new=new, changed=changed
        )
    add_up_vouchers(ctx, params.entity_id)
    return {"new": new, "changed": changed}


def _bookkeeping(ctx: RunContext, code: str) -> Bookkeeping:
    settings = ctx.app.settings.bookkeeping
    account = settings.lexware.get(code)
    if account is None:
        raise Invalid(f"The settings name no bookkeeping for {code} (KONTOR_BOOKKEEPING__LEXWARE).")
    return Lexware(account.api_key, api_base=settings.lexware_api_base)
