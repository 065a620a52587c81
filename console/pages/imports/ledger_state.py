"""One ledger: its days, what it owes, its query."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from console import routes
from console.design.format import Reader
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.trail_state import TrailFields
from console.pages.imports.reading import LedgerDetail, ledger_detail
from console.pages.imports.rows import day_cells, ledger_gap_text, preview_rows, reason_text
from services import books
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.integrations.sql_source import read_query

_PREVIEWED = 8


class Ledger(PageState, TrailFields, rx.State):
    """A ledger of a legal entity."""

    name: str = ""
    code: str = ""
    entity: str = ""
    expects: str = ""
    mapping_version: str = ""
    mapping_href: str = ""
    state: str = ""
    days: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    gaps: rx.Field[list[str]] = rx.field(default_factory=list)
    databases: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    database: str = ""
    statement: str = ""
    timeout: str = "60"
    row_cap: str = "1000000"
    asked: str = ""
    shown: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    problem: str = ""
    version: int = 0

    @event(Permission.BOOKS_READ)
    async def load(self) -> None:
        source_id: Any = self._parameter("source_id")
        found = await backend.load(self, ledger_detail, source_id=source_id)
        reader = await self._reader()
        source = found.source
        self.name, self.code, self.entity, self.expects = source.name, source.code, found.entity, source.expects.value
        self.mapping_version = reader.number(source.mapping_version)
        self.mapping_href = routes.to(routes.LEDGER_MAPPING, source_id=source.id)
        self.state = "incomplete" if found.gaps else "complete"
        self.days = day_cells(found.days, reader)
        self.gaps = [ledger_gap_text(gap, reader) for gap in found.gaps[:20]]
        self._show_query(found, reader)
        await self._follow("ledger_source", source.id, Permission.BOOKS_READ)
        self._done()

    def _show_query(self, found: LedgerDetail, reader: Reader) -> None:
        names = sorted(application.current().settings.books.databases)
        self.databases = [{"value": name, "label": name} for name in names]
        query, self.shown, self.problem = found.query, [], ""
        self.version = query.version if query else 0
        self.database = query.database if query else (names[0] if names else "")
        self.statement = query.statement if query else ""
        self.timeout, self.row_cap = (str(query.timeout_seconds), str(query.row_cap)) if query else ("60", "1000000")
        by = {"name": query.changed_by, "moment": reader.moment(query.changed_at)} if query else {}
        self.asked = reader.text("imports.query_by", **by) if query else ""

    @event(Permission.BOOKS_IMPORT)
    async def set_expects(self, form: dict[str, Any]) -> Any:
        source_id: Any = self._parameter("source_id")
        expects: Any = form.get("expects", "")
        await backend.call(self, books.set_expectation, source_id=source_id, expects=expects)
        yield Notices.show("ok", (await self._reader()).text("imports.expects_saved"), "")
        yield Ledger.load

    @event(Permission.BOOKS_QUERY)
    async def save_query(self, form: dict[str, Any]) -> Any:
        """Stores the query, asks for its first rows and shows what the mapping makes of them."""
        self.busy = True
        yield
        try:
            await self._save(form)
            await self._preview()
        finally:
            self.busy = False
        yield Notices.show("ok", (await self._reader()).text("imports.query_saved"), "")

    async def _save(self, form: dict[str, Any]) -> None:
        fields: dict[str, Any] = {name: form.get(name, "") for name in ("database", "statement")}
        fields |= {"timeout_seconds": form.get("timeout", ""), "row_cap": form.get("row_cap", "")}
        source_id: Any = self._parameter("source_id")
        await backend.call(self, books.set_query, source_id=source_id, version=self.version, **fields)
        self.database, self.statement = fields["database"], fields["statement"]
        self.timeout, self.row_cap = str(fields["timeout_seconds"]), str(fields["row_cap"])
        self.version += 1

    async def _preview(self) -> None:
        dsn = application.current().settings.books.databases.get(self.database)
        if dsn is None:
            raise Invalid("The settings name no such database (KONTOR_BOOKS__DATABASES).")
        limits = {"timeout_seconds": min(int(self.timeout), 20), "row_cap": int(self.row_cap), "most": _PREVIEWED}
        found = await asyncio.to_thread(read_query, dsn, self.statement, **limits)
        source_id: Any = self._parameter("source_id")
        seen = await backend.call(
            self, books.preview_query, source_id=source_id, columns=found.columns, rows=found.rows
        )
        reader = await self._reader()
        self.problem, self.shown = reason_text(seen.problem, reader), preview_rows(seen, "", reader)

    @event(Permission.BOOKS_IMPORT)
    async def pull(self) -> Any:
        source_id: Any = self._parameter("source_id")
        await backend.call(self, books.start_pull, source_id=source_id)
        yield Notices.show("info", (await self._reader()).text("imports.pull_started"), "")
